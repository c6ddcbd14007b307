"""A real kiosk whose camera fails again and again: no wrong verdict, the next visitor is served.

    PYTHONPATH=tests python -m long.faulty_kiosk [--faults 100] [--seed N]

writes benchmarks/results/live_faults.json. test_camera_faults.py runs a few of them.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
from websockets.exceptions import ConnectionClosed

from agecheck.bench.machine import describe_machine
from agecheck.kiosk.attendant import READ_FIRST_S
from kiosk.programs import Kiosk, nonce_of, running, settings, verified, wait_until_served
from long.camera_faults import FAULTS, SOMEBODY_ELSE, STEP_MS, Fault, Visit, film

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "live_faults.json"
FEWEST_STEPS, MOST_STEPS = 12, 36
"""When a fault sets in, in steps from the first frame. A session watches for 2.2 s at least: none
has come to its verdict before."""
VISIT_S = 45.0
MAX_TRIES = 2
"""Of the visitor after a fault. Frames may come late on a busy machine, and a blink be missed."""
TOKEN_S = 1.0
GONE = "gone"


@dataclass
class Broken:
    """What a fault led to.

    Attributes:
        ended: the screen that the person saw, or GONE when the page lost its server.
        wrong: tokens that there should not have been.
        tries: how many visits the next person needed; 0 when nobody was served.
        recovery_s: from the fault's end to the next person's token.
    """

    fault: str
    ended: str
    wrong: int
    tries: int
    recovery_s: float


@dataclass
class FaultyKiosk:
    """A kiosk, and two people who visit it by turns."""

    kiosk: Kiosk
    films: list[list[np.ndarray]] = field(
        default_factory=lambda: [film(1), film(2), film(3, SOMEBODY_ELSE)]
    )

    def suffer(self, fault: Fault, rng: np.random.Generator) -> Broken:
        """One visit with the fault, and one without."""
        ended = self._visit(fault, rng)
        tokens = self._tokens()
        wrong = sum(not (fault.may_pass and ended == "passed" and self._is_over(t)) for t in tokens)
        began_s, tries = time.monotonic(), 0
        for attempt in range(1, MAX_TRIES + 1):
            wait_until_served(self.kiosk)
            ended_well = self._visit(None, rng) == "passed"
            passed = [self._is_over(token) for token in self._tokens()]
            wrong += not all(passed) or len(passed) != ended_well
            if ended_well and self._is_healthy():
                tries = attempt
                break
        return Broken(fault.name, ended, wrong, tries, time.monotonic() - began_s)

    def _visit(self, fault: Fault | None, rng: np.random.Generator) -> str:
        try:
            with self.kiosk.page() as page:
                while (shown := _shown(page.recv(timeout=40))) != "camera":
                    if shown == "attract":
                        page.send("start")
                    elif shown == "consent":
                        time.sleep(READ_FIRST_S)
                        page.send("agree")
                visit = Visit(self.kiosk, page, self.films[rng.integers(2)], self.films[2], rng)
                return _played(visit, fault)
        except (ConnectionClosed, OSError):
            return GONE

    def _tokens(self) -> list[str]:
        """All that have come on standard output by now."""
        stdout = self.kiosk.process.stdout
        if stdout is None:
            raise RuntimeError
        text = b""
        while select.select([stdout], [], [], 0.0 if text.endswith(b"\n") else TOKEN_S)[0]:
            text += os.read(stdout.fileno(), 65536)
        return text.decode().split()

    def _is_over(self, token: str) -> bool:
        return verified(token, self.kiosk.folder, nonce_of(token))

    def _is_healthy(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.kiosk.port, timeout=5)
        connection.request("GET", "/health")
        status = connection.getresponse().status
        connection.close()
        return status == 200


def _shown(message: str | bytes) -> str | None:
    shown: str | None = json.loads(message).get("show")
    return shown


def _played(visit: Visit, fault: Fault | None) -> str:
    """Send a frame every STEP_MS, and from a moment on what the fault says; how it ended."""
    onset = int(visit.rng.integers(FEWEST_STEPS, MOST_STEPS))
    faulty = None
    began_s = time.monotonic()
    while time.monotonic() - began_s < VISIT_S:
        due_s = began_s + visit.at * STEP_MS / 1000
        try:
            while True:
                shown = _shown(visit.page.recv(timeout=max(0.0, due_s - time.monotonic())))
                if shown is not None:
                    return shown
        except TimeoutError:
            pass
        if fault is not None and visit.at == onset:
            faulty = fault.play(visit)
        messages = None if faulty is None else next(faulty, None)
        if messages is None:
            visit.sent.append(visit.message())
            messages = [visit.sent[-1]]
        for message in messages:
            visit.page.send(message)
        visit.at += 1
    return "nothing"


def drawn(seed: int, case: int) -> tuple[Fault, np.random.Generator]:
    """The fault of a case: every kind in turn, in an order that the seed draws."""
    order = np.random.default_rng(seed).permutation(len(FAULTS))
    return FAULTS[order[case % len(FAULTS)]], np.random.default_rng([seed, case])


@contextmanager
def faulty_kiosk(folder: Path) -> Iterator[FaultyKiosk]:
    """One that looks for passive signs of life, and lets everybody try at once."""
    path = settings(folder, liveness="passive")
    path.write_text(path.read_text().replace("[page]", "[page]\ncool_down_s = 0"))
    with running(path) as kiosk:
        yield FaultyKiosk(kiosk)


def main(arguments: list[str] | None = None) -> int:
    """Run, print, write; 1 when a verdict was wrong or somebody was not served."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    began_s, broken = time.monotonic(), list[Broken]()
    with (
        tempfile.TemporaryDirectory(prefix="agecheck-") as folder,
        faulty_kiosk(Path(folder)) as kiosk,
    ):
        for case in range(options.faults):
            broken.append(kiosk.suffer(*drawn(options.seed, case)))
            sys.stdout.write(f"{case} {broken[-1]}\n")
            sys.stdout.flush()
    ended = defaultdict[str, Counter[str]](Counter)
    for one in broken:
        ended[one.fault][one.ended] += 1
    document = {
        "schema": "agecheck-live-faults/1",
        "faults": len(broken),
        "seed": options.seed,
        "wrong_verdicts": sum(one.wrong for one in broken),
        "next_not_served": sum(one.tries == 0 for one in broken),
        "next_served_at_once": sum(one.tries == 1 for one in broken),
        "slowest_recovery_s": round(max(one.recovery_s for one in broken), 1),
        "ended": {name: dict(how) for name, how in sorted(ended.items())},
        "machine": describe_machine(),
        "seconds": round(time.monotonic() - began_s, 1),
    }
    options.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 1 if document["wrong_verdicts"] or document["next_not_served"] else 0


if __name__ == "__main__":
    sys.exit(main())
