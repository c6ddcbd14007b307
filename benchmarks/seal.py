"""What the seal costs, and whether it lasts: `make bench-seal`.

Without options, sealed against unsealed on the same picture: a warm check, the command as a cold
process, loading, memory, and what forking a worker ahead takes. `--soak` adds `seal_soak`,
`--faces FOLDER` adds `seal_verdicts`; each part has a result file of its own.

Everything that is compared runs interleaved in one run. The release quantum is off where it would
hide a difference: `check()` has none, and the command is run with none.
"""

from __future__ import annotations

import argparse
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from agecheck import AgeChecker, AgePolicy, load_checker
from agecheck.seal.launcher import ForkServer
from agecheck.seal.pool import READY_DEADLINE_S, WorkerPool
from benchmarks import seal_soak, seal_verdicts
from benchmarks.figures import report
from benchmarks.processes import children, pss_mib, rss_bytes, run_timed_ms
from benchmarks.sample import selfie_jpeg

RESULTS = Path(__file__).parent / "results"
POLICY = AgePolicy(challenge_age=25)
WARM_ROUNDS = 30
CHECKS_A_BLOCK = 32
"""A whole life of a worker at the default, so that a block pays for one fork."""
COLD_ROUNDS = 25
LOAD_ROUNDS = 9
FORKS = 40

MAX_WARM_RATIO = 1.15
MAX_WARM_EXTRA_MS = 2.0
MAX_COLD_RATIO = 1.5


def measure_warm() -> dict[str, float | None]:
    """Blocks of checks, in an order drawn anew each round.

    A check's time is the median over all of them. A block's is the mean over its checks, which has
    the forks and the ends of workers in it; the median over the blocks.
    """
    jpeg = selfie_jpeg()
    order = random.Random(0)  # noqa: S311
    check_ms: dict[str, list[float]] = {}
    block_ms: dict[str, list[float]] = {}
    with ExitStack() as stack:
        checkers = {
            "unsealed": load_checker(POLICY, seal="off"),
            "sealed": stack.enter_context(load_checker(POLICY)),
            "sealed_1": stack.enter_context(load_checker(POLICY, seal_worker_checks=1)),
        }
        for round_index in range(1 + WARM_ROUNDS):
            for name in order.sample(sorted(checkers), len(checkers)):
                times_ms = [_check_ms(checkers[name], jpeg) for _ in range(CHECKS_A_BLOCK)]
                if round_index:
                    check_ms.setdefault(name, []).extend(times_ms)
                    block_ms.setdefault(name, []).append(statistics.fmean(times_ms))
    figures: dict[str, float | None] = {}
    for kind, samples in (("check", check_ms), ("block", block_ms)):
        unsealed_ms = statistics.median(samples["unsealed"])
        figures[f"{kind}_unsealed_ms"] = unsealed_ms
        for name in ("sealed", "sealed_1"):
            sealed_ms = statistics.median(samples[name])
            figures[f"{kind}_{name}_ms"] = sealed_ms
            figures[f"{kind}_{name}_over_unsealed"] = sealed_ms / unsealed_ms
    return figures


def _check_ms(checker: AgeChecker, jpeg: bytes) -> float:
    started_s = time.perf_counter()
    checker.check(jpeg)
    return (time.perf_counter() - started_s) * 1e3


def measure_cold() -> dict[str, float | None]:
    """The command as a process, both ways."""
    with tempfile.TemporaryDirectory() as folder:
        selfie = Path(folder) / "selfie.jpg"
        selfie.write_bytes(selfie_jpeg())
        command = [str(Path(sys.executable).parent / "agecheck"), "check", str(selfie)]
        command += ["--release-quantum-ms", "0"]
        times_ms = _interleaved(
            {"require": [*command, "--seal", "require"], "off": [*command, "--seal", "off"]},
            COLD_ROUNDS,
        )
    return _sealed_over_unsealed("cold_command", times_ms)


# A process of its own each time: what it imports is part of loading.
_LOADER = """
import sys
from agecheck import AgePolicy, load_checker
load_checker(AgePolicy(challenge_age=25), seal=sys.argv[1]).close()
"""


def measure_load() -> dict[str, float | None]:
    """A process that loads a checker and ends."""
    loader = [sys.executable, "-c", _LOADER]
    times_ms = _interleaved({seal: [*loader, seal] for seal in ("require", "off")}, LOAD_ROUNDS)
    return _sealed_over_unsealed("load", times_ms)


def _interleaved(commands: Mapping[str, list[str]], rounds: int) -> dict[str, float]:
    times_ms: dict[str, list[float]] = {name: [] for name in commands}
    for round_index in range(1 + rounds):
        for name, command in commands.items():
            elapsed_ms = run_timed_ms(command)
            if round_index:
                times_ms[name].append(elapsed_ms)
    return {name: statistics.median(values) for name, values in times_ms.items()}


def _sealed_over_unsealed(name: str, times_ms: Mapping[str, float]) -> dict[str, float | None]:
    return {
        f"{name}_unsealed_ms": times_ms["off"],
        f"{name}_sealed_ms": times_ms["require"],
        f"{name}_sealed_over_unsealed": times_ms["require"] / times_ms["off"],
    }


def measure_fork_ahead() -> dict[str, float | None]:
    """From asking for a worker until its walls stand, and what asking alone takes."""
    with load_checker(POLICY) as checker:
        server = ForkServer(_pool(checker)._setup)
    request_ms, ready_ms = [], []
    try:
        for _ in range(FORKS):
            started_s = time.perf_counter()
            worker = server.request_worker()
            request_ms.append((time.perf_counter() - started_s) * 1e3)
            worker.wait_ready(READY_DEADLINE_S)
            ready_ms.append((time.perf_counter() - started_s) * 1e3)
            worker.kill()
    finally:
        server.stop()
    return {
        "fork_ahead_request_ms": statistics.median(request_ms),
        "fork_ahead_ready_ms": statistics.median(ready_ms),
    }


def _pool(checker: AgeChecker) -> WorkerPool:
    pool: object = getattr(checker._run_check, "__self__", None)
    if not isinstance(pool, WorkerPool):
        raise SystemExit("this checker has no sealed workers")
    return pool


# A caller as small as can be: the encoded picture comes in, and it holds nothing else.
_HOLDER = """
import sys
from agecheck import AgePolicy, load_checker
with load_checker(AgePolicy(challenge_age=25), seal=sys.argv[1]) as checker:
    jpeg = sys.stdin.buffer.read(int(sys.argv[2]))
    for _ in range(40):
        checker.check(jpeg)
    print("ready", flush=True)
    sys.stdin.buffer.read()
"""


def measure_memory() -> dict[str, float | None]:
    """What each process holds after 40 checks. A page that n processes share counts 1/n for each.

    A worker is not dumpable: only root may read how its pages are shared. For others the figure
    is not taken; the resident size, shared pages in full, everybody may read.
    """
    figures: dict[str, float | None] = {}
    with _holder("off") as holder:
        figures["pss_unsealed_mib"] = _pss_mib([holder.pid])
    with _holder("require") as holder:
        (server,) = children(holder.pid)
        workers = children(server)
        figures["pss_caller_mib"] = _pss_mib([holder.pid])
        figures["pss_fork_server_mib"] = _pss_mib([server])
        figures["pss_workers_mib"] = _pss_mib(workers)
        figures["pss_sealed_mib"] = _pss_mib([holder.pid, server, *workers])
        figures["workers"] = len(workers)
        figures["rss_largest_worker_mb"] = max(map(rss_bytes, workers)) / 1e6
    return figures


def _pss_mib(pids: Iterable[int]) -> float | None:
    try:
        return sum(map(pss_mib, pids))
    except PermissionError:
        return None


class _holder:  # noqa: N801
    """A process that has a checker; it ends on leaving."""

    def __init__(self, seal: str) -> None:
        self._seal = seal

    def __enter__(self) -> subprocess.Popen[bytes]:
        jpeg = selfie_jpeg()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _HOLDER, self._seal, str(len(jpeg))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise SystemExit("the process has no pipes")
        self._process.stdin.write(jpeg)
        self._process.stdin.flush()
        if self._process.stdout.readline() != b"ready\n":
            raise SystemExit("the process that holds a checker failed")
        return self._process

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


def measure_costs(out: Path) -> list[str]:
    """All of this file's figures; the names of those that miss their limits."""
    figures = measure_warm() | measure_cold() | measure_load()
    figures |= measure_fork_ahead() | measure_memory()
    limits = {
        # "or at most 2 ms more": whichever of the two is wider on this machine
        "check_sealed_over_unsealed": ("at most", _max_ratio(figures["check_unsealed_ms"])),
        "block_sealed_over_unsealed": ("at most", _max_ratio(figures["block_unsealed_ms"])),
        "cold_command_sealed_over_unsealed": ("at most", MAX_COLD_RATIO),
    }
    facts = {
        "kernel": ".".join(platform.release().split(".")[:2]),
        "picture": "sample portrait, JPEG, 1600 x 1200 (height, width)",
        "checks": WARM_ROUNDS * CHECKS_A_BLOCK,
        "cold_rounds": COLD_ROUNDS,
    }
    return report(figures, limits, facts, out)


def _max_ratio(unsealed_ms: float | None) -> float:
    return (
        MAX_WARM_RATIO
        if unsealed_ms is None
        else max(MAX_WARM_RATIO, 1 + MAX_WARM_EXTRA_MS / unsealed_ms)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--soak", action="store_true", help="also 10,000 checks and 200 kills")
    parser.add_argument("--faces", type=Path, metavar="FOLDER", help="also equal verdicts on these")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the files go")
    arguments = parser.parse_args()
    missed: list[str] = []
    if arguments.soak:  # first: nothing else has grown this process yet
        missed += seal_soak.measure(arguments.results / "seal-soak.json")
    missed += measure_costs(arguments.results / "seal.json")
    if arguments.faces is not None:
        missed += seal_verdicts.measure(arguments.faces, arguments.results / "seal-verdicts.json")
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()
