"""Starts the example site and an agent for it: python examples/site/run.py

Then open http://localhost:8461 in a browser on this machine, one with a camera. Ctrl-C ends both.
"""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import uvicorn
from app import Settings, Shop

from agecheck.relying_party import (
    AcceptancePolicy,
    MemoryReplayStore,
    PinnedKeys,
    RelyingParty,
)
from agecheck.token import DeviceKey


def main() -> None:
    """Make what is missing in the folder, enrol the device, start both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("site-data"), help="keys and database")
    parser.add_argument("--port", type=int, default=8461, help="the site's")
    parser.add_argument("--agent-port", type=int, default=8462)
    parser.add_argument("--age", default="18", help="LIMIT or LIMIT=CHALLENGE, for site and agent")
    parser.add_argument("--no-agent", action="store_true", help="the site alone")
    given = parser.parse_args()
    age_limit, _, challenge_age = given.age.partition("=")
    given.data.mkdir(mode=0o700, exist_ok=True)
    origin, key_file = f"http://localhost:{given.port}", given.data / "device.key"
    key = DeviceKey.load(key_file) if key_file.exists() else DeviceKey.create(key_file)
    secret = secrets.token_bytes(32)
    shop = Shop(
        Settings(
            origin=origin,
            secret=secret,
            keys=PinnedKeys([enrol(origin, secret, key)]),
            database=given.data / "site.db",
            log=lambda line: print(line, flush=True),
            age_limit=int(age_limit),
            challenge_age_years=float(challenge_age) if challenge_age else None,
            agent=f"http://127.0.0.1:{given.agent_port}/ask",
        )
    )
    # uvicorn hands the signal on once it has closed; the agent is ended after that.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    agent = None if given.no_agent else start_agent(key_file, given.agent_port, given.age)
    try:
        print(f"the shop is open on {origin}", flush=True)
        uvicorn.run(shop.app(), host="127.0.0.1", port=given.port, log_level="error")
    finally:
        if agent is not None:
            agent.terminate()
            agent.wait(20)


def enrol(origin: str, secret: bytes, key: DeviceKey) -> dict[str, str]:
    """What an operator does with a new device: a nonce there, a proof of possession back.

    docs/reference/relying_party.md has the exchange. Here both sides are on one desk.
    """
    desk = RelyingParty(
        origin,
        secret=secret,
        trust=PinnedKeys([]),
        policy=AcceptancePolicy.calibrated(
            {18}, seals={"sealed"}, liveness={"passive"}, inputs={"browser"}
        ),
        replay_store=MemoryReplayStore(),
    )
    asked = desk.new_enrolment(visitor="the operator")
    proof = key.signer(origin).prove_possession(asked.nonce)
    return desk.enrol(proof, ticket=asked.ticket, visitor="the operator")


def start_agent(key_file: Path, port: int, age: str) -> subprocess.Popen[bytes]:
    """`agecheck agent`, as somebody would start it on their own device."""
    typed = ["-m", "agecheck", "agent", "--key", str(key_file), "--port", str(port), "--age", age]
    return subprocess.Popen([sys.executable, *typed], env=dict(os.environ))  # noqa: S603


if __name__ == "__main__":
    main()
