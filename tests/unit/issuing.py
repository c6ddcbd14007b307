"""A device, a question and the token that answers it."""

from __future__ import annotations

from agecheck.challenge import Challenge
from agecheck.ports import Evidence
from agecheck.token import AudienceSigner, DeviceKey

SHOP = "https://shop.example"
NONCE = "bm9uY2UtZm9yLXRlc3Rz"
NOW_S = 1_767_225_650.75
CHALLENGE = Challenge(SHOP, NONCE, 18)
EVIDENCE = Evidence(
    age_limit=18,
    challenge_age_years=25.0,
    policy_id="over-18/challenge-25/attempts-3",
    max_attempts=3,
    bundle_digest="0123456789abcdef" * 4,
    seal="open",
    liveness="none",
    input="device",
)
DEVICE = DeviceKey._from_root(b"\x07" * 32)


def signer_at(now_s: float, device: DeviceKey = DEVICE, audience: str = SHOP) -> AudienceSigner:
    return device.signer(audience, now=lambda: now_s)
