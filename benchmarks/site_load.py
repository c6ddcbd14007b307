"""The example site under load: does it take a wrong answer when it is busy, and how long it takes.

    python -m benchmarks.site_load             60 seconds; writes results/site_load.json

Open loop: a request begins every 5 ms, whether or not earlier ones have been answered, and its time
counts from then. Each visitor opens the gate and answers later, so that 1,000 challenges are always
out. One request in twenty is hostile: replayed, tampered, another visitor's, another key's,
expired, garbage. Loopback, plain HTTP; the site runs in one process with SQLite as its replay
store, and shares the machine with this program.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agecheck import AgePolicy
from agecheck.bench.machine import describe_machine
from agecheck.calibration import shipped_calibration
from agecheck.challenge import Challenge
from agecheck.ports import Evidence
from agecheck.token import AudienceSigner, DeviceKey

ROOT = Path(__file__).parent.parent
RESULT = Path(__file__).parent / "results" / "site_load.json"
RATE_PER_S, SECONDS, OUTSTANDING, HOSTILE_SHARE = 200, 60, 1000, 0.05
POLICY = AgePolicy().resolve(shipped_calibration().challenge_ages_years)
EVIDENCE = Evidence(
    *(POLICY.age_limit, POLICY.challenge_age_years, POLICY.policy_id, POLICY.max_attempts),
    *("61" * 32, "sealed", "passive", "browser"),
)
HOSTILE = ("replayed", "tampered", "another visitor's", "another key's", "expired", "garbage")
_NONCE = re.compile(rb'name="nonce" value="([\w-]+)"')
_COOKIE = re.compile(rb"set-cookie: (session=[\w-]+)", re.I)
_PLACE = re.compile(rb"location: (\S+)", re.I)


@dataclass(frozen=True)
class Visit:
    """A challenge that is out."""

    cookie: str
    challenge: Challenge


class Site:
    """A client of one site: a few connections that are kept open."""

    def __init__(self, port: int) -> None:
        self._port, self.origin = port, f"http://localhost:{port}"
        self._idle: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()

    async def request(self, method: str, path: str, cookie: str = "", body: str = "") -> bytes:
        """Head and body of the answer."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: localhost:{self._port}"]
        if cookie:
            lines.append(f"Cookie: {cookie}")
        if method == "POST":
            lines += [f"Origin: {self.origin}", f"Content-Length: {len(body)}"]
        reader, writer = await self._connection()
        writer.write("\r\n".join([*lines, "", body]).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.I)
        content = await reader.readexactly(int(length[1]) if length else 0)
        self._idle.append((reader, writer))
        return head + content

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():  # the site closes what was idle for 5 seconds
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._port)

    async def open_gate(self) -> Visit:
        """A new visitor's challenge."""
        page = await self.request("GET", "/gate")
        nonce, cookie = _NONCE.search(page), _COOKIE.search(page)
        if nonce is None or cookie is None:
            raise RuntimeError("the gate shows no question")
        return Visit(cookie[1].decode(), Challenge(self.origin, nonce[1].decode(), 18))

    async def answer(self, visit: Visit, token: str) -> str:
        """Where the visitor is sent, or the status."""
        head = await self.request("POST", "/answer", visit.cookie, f"answer=agecheck%3D{token}")
        place = _PLACE.search(head)
        return head[9:12].decode() if place is None else place[1].decode()

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()


class Load:
    """All requests of a run, and what came of them."""

    def __init__(self, site: Site, device: AudienceSigner, key: DeviceKey) -> None:
        self._site, self._device = site, device
        self._late = key.signer(site.origin, now=lambda: time.time() - 900)
        self._stranger = AudienceSigner(site.origin, Ed25519PrivateKey.generate())
        self._chance = random.Random(1)  # noqa: S311
        self._waiting: deque[Visit] = deque()
        self._used: deque[tuple[Visit, str]] = deque(maxlen=200)
        self.latencies_ms: list[float] = []
        self.outcomes: Counter[str] = Counter()

    async def run(self) -> None:
        """Fill the pool of challenges, then the open loop."""
        while len(self._waiting) < OUTSTANDING:
            self._waiting.append(await self._site.open_gate())
        began_s = time.monotonic()
        tasks = []
        for turn in range(RATE_PER_S * SECONDS):
            due_s = began_s + turn / RATE_PER_S
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            tasks.append(asyncio.create_task(self._one(turn, due_s)))
        await asyncio.gather(*tasks)

    async def _one(self, turn: int, due_s: float) -> None:
        hostile = self._chance.random() < HOSTILE_SHARE
        if not hostile and turn % 2 == 0:
            self._waiting.append(await self._site.open_gate())
            self.outcomes["gate opened"] += 1
        elif hostile:
            kind = self._chance.choice(HOSTILE)
            place = await self._attack(kind)
            self.outcomes[f"{kind}: {'TAKEN' if place in ('/shelf', '/under') else 'refused'}"] += 1
        else:
            over = self._chance.random() < 0.5
            visit = self._waiting.popleft()
            token = self._device._begin(visit.challenge, EVIDENCE)(over)
            place = await self._site.answer(visit, token)
            wanted = "/shelf" if over else "/under"
            self.outcomes[f"honest: {'taken' if place == wanted else 'LOST'}"] += 1
            self._used.append((visit, token))
        self.latencies_ms.append(1000 * (time.monotonic() - due_s))

    async def _attack(self, kind: str) -> str:
        """A challenge that is used for an attack stays out: rubbish spends none."""
        visit = self._waiting[self._chance.randrange(len(self._waiting))]
        token = self._device._begin(visit.challenge, EVIDENCE)(True)
        if kind == "replayed" and self._used:
            visit, token = self._used[self._chance.randrange(len(self._used))]
        elif kind == "tampered":
            at = self._chance.randrange(len(token) - 60)
            token = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        elif kind == "another visitor's":
            visit = next(one for one in self._waiting if one is not visit)
        elif kind == "another key's":
            token = self._stranger._begin(visit.challenge, EVIDENCE)(True)
        elif kind == "expired":
            token = self._late._begin(visit.challenge, EVIDENCE)(True)
        else:
            token = "".join(self._chance.choices("aA0.-_~%25", k=900))
        return await self._site.answer(visit, token)


def main() -> None:
    """Start the site, run, and write what came of it."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        free.close()
        data = Path(folder) / "data"
        typed = [sys.executable, "examples/site/run.py", "--data", str(data), "--no-agent"]
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(
                [*typed, "--port", str(port)], cwd=ROOT, stdout=log, env=dict(os.environ)
            )
            try:
                result = asyncio.run(_measure(port, data, process.pid))
            finally:
                process.terminate()
                process.wait(20)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


async def _measure(port: int, data: Path, pid: int) -> dict[str, object]:
    site = Site(port)
    for _ in range(300):
        try:
            await site.open_gate()
            break
        except OSError:
            await asyncio.sleep(0.1)
    key = DeviceKey.load(data / "device.key")
    load = Load(site, key.signer(site.origin), key)
    before_kib = _memory_kib(pid)
    cpu_s, began_s = time.process_time(), time.monotonic()
    await load.run()
    wall_s = time.monotonic() - began_s
    site.close()
    ordered = sorted(load.latencies_ms)
    wrong = sum(n for what, n in load.outcomes.items() if what.endswith(("TAKEN", "LOST")))
    return {
        "machine": describe_machine(),
        "load_average_at_end": [round(one, 1) for one in os.getloadavg()],
        "requests": len(ordered),
        "requests_per_s_asked": RATE_PER_S,
        "outstanding_challenges": OUTSTANDING,
        "hostile_share": HOSTILE_SHARE,
        "latency_ms": {
            f"p{share:g}": round(ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))], 1)
            for share in (50, 90, 99, 99.9)
        },
        "wrong": wrong,
        "outcomes": dict(sorted(load.outcomes.items())),
        "site_memory_kib": {"before": before_kib, "after": _memory_kib(pid)},
        "client_processor_share": round((time.process_time() - cpu_s) / wall_s, 2),
    }


def _memory_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])  # type: ignore[index]


if __name__ == "__main__":
    main()
