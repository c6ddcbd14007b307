"""A checker over fakes of its ports."""

from __future__ import annotations

from functools import partial

from agecheck.checker import AgeChecker
from agecheck.policy import EffectivePolicy
from agecheck.seal_state import OPEN
from unit.fakes import Parts

AUDIENCE = "https://shop.example"
NONCE = "nonce-of-the-shop-0001"
POLICY = EffectivePolicy(18, 25.0, 3)
DIGEST = "ab" * 32


def make_checker(parts: Parts, policy: EffectivePolicy = POLICY) -> AgeChecker:
    run_check = partial(parts.pipeline().check, policy=policy, max_sd_years=10.0)
    return AgeChecker(run_check, policy, bundle_digest=DIGEST, seal=OPEN)
