"""Issuing: what is never signed, and what is signed once."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from agecheck.challenge import Challenge
from agecheck.errors import AgecheckError, ChallengeError
from agecheck.token import SignerError
from unit.issuing import CHALLENGE, EVIDENCE, NONCE, NOW_S, SHOP, signer_at

# What is refused


@pytest.mark.parametrize(
    "challenge",
    [Challenge(SHOP + "/", NONCE, 18), Challenge("shop", NONCE, 18), Challenge(SHOP, NONCE, 21)],
    ids=["almost the audience", "another audience", "another age"],
)
def test_a_foreign_challenge_is_refused_before_the_picture(challenge: Challenge) -> None:
    """A key made for one audience and a check made for one age never answer for another."""
    with pytest.raises(ChallengeError):
        signer_at(NOW_S)._begin(challenge, EVIDENCE)


MALFORMED_EVIDENCE: dict[str, dict[str, Any]] = {
    "no such seal": {"seal": "locked"},
    "no such liveness": {"liveness": "yes"},
    "no such input": {"input": "camera"},
    "a digest in capitals": {"bundle_digest": "A" * 64},
    "a short digest": {"bundle_digest": "a" * 63},
    "a policy id with a space": {"policy_id": "over 18"},
    "no policy id": {"policy_id": ""},
    "a policy id that goes on": {"policy_id": "over-18\n"},
    "no attempts": {"max_attempts": 0},
    "many attempts": {"max_attempts": 11},
    "a bool as count": {"max_attempts": True},
    "a challenge age at the limit": {"challenge_age_years": 18.0},
    "a challenge age beyond the models": {"challenge_age_years": 80.1},
    "a challenge age that marks a device": {"challenge_age_years": 25.0001},
    "a challenge age that is no number": {"challenge_age_years": math.nan},
    "an infinite challenge age": {"challenge_age_years": math.inf},
}


@pytest.mark.parametrize("change", MALFORMED_EVIDENCE.values(), ids=MALFORMED_EVIDENCE)
def test_evidence_outside_the_schema_is_refused_before_the_picture(change: dict[str, Any]) -> None:
    """A signer never signs what its own verifier would refuse, and says so in time."""
    evidence = dataclasses.replace(EVIDENCE, **change)
    with pytest.raises(SignerError):
        signer_at(NOW_S)._begin(CHALLENGE, evidence)


@pytest.mark.parametrize("now_s", [math.nan, math.inf, -math.inf, -1.0, 1e300])
def test_an_impossible_clock_yields_no_token(now_s: float) -> None:
    """A broken clock gives a typed error, not a token that never expires."""
    finish = signer_at(now_s)._begin(CHALLENGE, EVIDENCE)
    with pytest.raises(SignerError):
        finish(True)


@pytest.mark.parametrize("answer", [1, 0, None, "true", "OVER", 1.0, [True]])
def test_only_a_bool_is_signed(answer: Any) -> None:
    """A truthy value that is not exactly an answer is a mistake, and spends the challenge."""
    finish = signer_at(NOW_S)._begin(CHALLENGE, EVIDENCE)
    with pytest.raises(TypeError):
        finish(answer)
    with pytest.raises(SignerError):
        finish(True)


def test_a_challenge_is_answered_once() -> None:
    """One picture, one answer: what was bound cannot be asked to say the opposite, too."""
    finish = signer_at(NOW_S)._begin(CHALLENGE, EVIDENCE)
    finish(False)
    with pytest.raises(SignerError):
        finish(True)


def test_threads_cannot_share_an_answer() -> None:
    """Also a race for the answer ends with one token."""
    finish = signer_at(NOW_S)._begin(CHALLENGE, EVIDENCE)

    def attempt(over: bool) -> bool:
        try:
            return bool(finish(over))
        except SignerError:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(attempt, [True, False] * 16)).count(True) == 1


def test_every_refusal_is_an_agecheck_error_without_content() -> None:
    """A caller can catch one root, and a log of it holds neither audience nor nonce."""
    spent = signer_at(NOW_S)._begin(CHALLENGE, EVIDENCE)
    spent(True)
    bank = "https://bank.example"
    wrong_seal = dataclasses.replace(EVIDENCE, seal="SEAL-VALUE")
    refused: list[Callable[[], object]] = [
        lambda: signer_at(NOW_S)._begin(Challenge(bank, NONCE, 18), EVIDENCE),
        lambda: signer_at(NOW_S)._begin(CHALLENGE, wrong_seal),
        lambda: spent(True),
    ]
    for action in refused:
        with pytest.raises(AgecheckError) as caught:
            action()
        for private in (SHOP, NONCE, bank, "SEAL-VALUE", "25"):
            assert private not in f"{caught.value!r} {caught.value}"


def test_importing_the_token_loads_no_image_library() -> None:
    """A relying party verifies without numpy, Pillow or onnxruntime being loaded."""
    code = (
        "import sys, agecheck.token; "
        "print([m for m in ('numpy', 'PIL', 'onnxruntime') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603
    assert done.stdout.strip() == b"[]"
