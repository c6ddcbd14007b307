"""Starts an example as its page says, and visits it as a browser with a device would."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from agecheck import AgePolicy
from agecheck.calibration import shipped_calibration
from agecheck.challenge import Challenge
from agecheck.relying_party import PinnedKeys
from agecheck.token import AudienceSigner
from relying_party.devices import answer, signer_of

EXAMPLES = Path(__file__).parents[2] / "examples"
START_S = 60.0
SHIPPED = AgePolicy().resolve(shipped_calibration().challenge_ages_years)
AS_AN_AGENT = {
    "challenge_age_years": SHIPPED.challenge_age_years,
    "policy_id": SHIPPED.policy_id,
    "input": "browser",
}
_FIELD = re.compile(r'name="(\w+)" value="([^"]*)"')


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


@dataclass(frozen=True)
class Example:
    """A running one, and where its output goes."""

    origin: str
    log: Path
    visits: ExitStack

    def device(self, root: bytes = b"\x01" * 32) -> AudienceSigner:
        """By the tests' root, the one that is enrolled."""
        return signer_of(root, site=self.origin, now_s=time.time())

    def visitor(self) -> Visitor:
        return Visitor(self)


class Visitor:
    """One browser: keeps cookies, sends the site's forms, follows where it is sent."""

    def __init__(self, example: Example) -> None:
        self.example = example
        self._client = example.visits.enter_context(
            httpx.Client(base_url=example.origin, follow_redirects=True, timeout=30)
        )

    def read(self, path: str = "/") -> str:
        return self._client.get(path).raise_for_status().text

    def asked(self) -> Challenge:
        """The question in the page's form."""
        page = self._client.get("/").raise_for_status()
        assert page.headers["referrer-policy"] == "origin"
        fields = dict(_FIELD.findall(page.text))
        assert fields["callback"] == f"{self.example.origin}/answer"
        assert fields["key"] == "enrolled"
        return Challenge(fields["audience"], fields["nonce"], int(fields["age_limit"]))

    def send(self, text: str) -> httpx.Response:
        """What the page behind the callback does with what it finds behind the #."""
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', self.read("/answer")))
        token = fields.get("csrfmiddlewaretoken")
        more = {} if token is None else {"csrfmiddlewaretoken": token}
        headers = {"Origin": self.example.origin}
        return self._client.post("/answer", data={"answer": text, **more}, headers=headers)

    def take(self, challenge: Challenge, **changed: object) -> str:
        """The token of the enrolled device, or with another `signer`."""
        signer = changed.pop("signer", None) or self.example.device()
        assert isinstance(signer, AudienceSigner)
        token = answer(challenge, signer, **AS_AN_AGENT | changed)  # type: ignore[arg-type]
        return f"agecheck={token}"


@contextmanager
def running(folder: str, command: list[str], log: Path) -> Iterator[Example]:
    """The example, answering. PORT in its command is replaced."""
    port = free_port()
    origin = f"http://localhost:{port}"
    keys = log.parent / "keys.json"
    keys.write_text(json.dumps(PinnedKeys([signer_of(site=origin).public_jwk()]).jwks()))
    environment = {
        **os.environ,
        "AGECHECK_KEYS": str(keys),
        "DATABASE": str(log.parent / "site.db"),
        "DEBUG": "1",
        "ORIGIN": origin,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "SITE_SECRET": secrets.token_bytes(32).hex(),
    }
    typed = [sys.executable, *(part.replace("PORT", str(port)) for part in command)]
    with (
        log.open("wb") as out,
        subprocess.Popen(  # noqa: S603
            typed, cwd=EXAMPLES / folder, env=environment, stdout=out, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            end_s = time.monotonic() + START_S
            while True:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end_s
                try:
                    httpx.get(origin, timeout=30)
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            with ExitStack() as visits:
                yield Example(origin, log, visits)
        finally:
            process.terminate()
            process.wait(20)
