"""The device's side without a picture: the real signer, answering as a check would have."""

from __future__ import annotations

from typing import Any

from agecheck.challenge import Challenge
from agecheck.ports import Evidence
from agecheck.relying_party import AcceptancePolicy
from agecheck.token import AudienceSigner, DeviceKey

SITE = "https://shop.example"
SECRET = bytes(range(32))
VISITOR = "session-of-one-visitor"
NOW_S = 1_767_225_650.75
POLICY = AcceptancePolicy(
    min_challenge_ages_years={18: 25.0, 21: 28.0},
    seals={"sealed"},
    liveness={"passive", "active"},
    inputs={"device"},
)
EVIDENCE: dict[str, Any] = {
    "age_limit": 18,
    "challenge_age_years": 25.0,
    "policy_id": "over-18/challenge-25/attempts-3",
    "max_attempts": 3,
    "bundle_digest": "61" * 32,
    "seal": "sealed",
    "liveness": "passive",
    "input": "device",
}


class Clock:
    """Stands still until it is set."""

    def __init__(self, now_s: float = NOW_S) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


def signer_of(
    root: bytes = b"\x01" * 32, *, site: str = SITE, now_s: float = NOW_S
) -> AudienceSigner:
    return DeviceKey._from_root(root).signer(site, now=lambda: now_s)


def answer(
    challenge: Challenge,
    signer: AudienceSigner | None = None,
    *,
    over: bool = True,
    **changed: object,
) -> str:
    """A token as the device would issue it after a check with this evidence."""
    evidence = Evidence(**EVIDENCE | {"age_limit": challenge.age_limit} | changed)
    return (signer or signer_of())._begin(challenge, evidence)(over)
