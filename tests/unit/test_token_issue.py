"""Issuing: what a token says, and what it does not tell."""

from __future__ import annotations

import base64
import dataclasses
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agecheck.challenge import Challenge
from agecheck.policy import EffectivePolicy
from agecheck.ports import Evidence, TokenSigner
from agecheck.token import DeviceKey, verify_token
from agecheck.token.claims import INPUTS, LIVENESS, SEALS
from agecheck.token.verify import MAX_TOKEN_CHARS
from unit.issuing import CHALLENGE, DEVICE, EVIDENCE, NONCE, NOW_S, SHOP, signer_at


@st.composite
def questions(draw: st.DrawFn) -> tuple[Challenge, Evidence]:
    """Any challenge with evidence that answers it."""
    age_limit = draw(st.integers(1, 79))
    policy = EffectivePolicy(
        age_limit, draw(st.integers(age_limit * 10 + 1, 800)) / 10, draw(st.integers(1, 10))
    )
    printable = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
    challenge = Challenge(
        draw(st.text(printable, min_size=1, max_size=255)),
        draw(st.from_regex(r"[A-Za-z0-9_-]{16,128}", fullmatch=True)),
        age_limit,
    )
    evidence = Evidence(
        age_limit=age_limit,
        challenge_age_years=policy.challenge_age_years,
        policy_id=policy.policy_id,
        max_attempts=policy.max_attempts,
        bundle_digest=draw(st.binary(min_size=32, max_size=32)).hex(),
        seal=draw(st.sampled_from(sorted(SEALS))),
        liveness=draw(st.sampled_from(sorted(LIVENESS))),
        input=draw(st.sampled_from(sorted(INPUTS))),
    )
    return challenge, evidence


def issue(over: bool, *, now_s: float = NOW_S, device: DeviceKey = DEVICE) -> str:
    return signer_at(now_s, device)._begin(CHALLENGE, EVIDENCE)(over)


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(decoded(token.split(".")[1]))
    return claims


@given(question=questions(), over=st.booleans(), now_s=st.floats(0, 4e9))
@settings(max_examples=60, deadline=None)
def test_every_issued_token_verifies_and_says_what_went_in(
    question: tuple[Challenge, Evidence], over: bool, now_s: float
) -> None:
    """Issuer and verifier agree on the schema, for any challenge and at any time."""
    challenge, evidence = question
    signer = signer_at(now_s, audience=challenge.audience)
    token = signer._begin(challenge, evidence)(over)
    verified = verify_token(
        token,
        audience=challenge.audience,
        nonce=challenge.nonce,
        public_jwk=signer.public_jwk(),
        now_s=now_s,
        age_limit=challenge.age_limit,
        accept_inputs=INPUTS,
        leeway_s=0,
    )
    assert verified.over is over
    assert verified.issuer == signer.key_id
    for field in dataclasses.fields(Evidence):
        assert getattr(verified, field.name) == getattr(evidence, field.name)


@given(question=questions())
@settings(max_examples=60, deadline=None)
def test_over_and_under_are_equally_long(question: tuple[Challenge, Evidence]) -> None:
    """Who sees only the size of an encrypted answer learns nothing from it."""
    challenge, evidence = question
    signer = signer_at(NOW_S, audience=challenge.audience)
    over, under = (signer._begin(challenge, evidence)(answer) for answer in (True, False))
    assert [len(part) for part in over.split(".")] == [len(part) for part in under.split(".")]
    assert list(claims_of(over)) == list(claims_of(under))


def test_the_longest_token_is_far_below_the_verifiers_cap() -> None:
    """No token that agecheck issues is refused for its size."""
    audience = '"' * 255
    evidence = dataclasses.replace(
        EVIDENCE,
        challenge_age_years=25.5,
        policy_id="p" * 128,
        max_attempts=10,
        seal="partial",
        liveness="passive",
        input="browser",
    )
    token = signer_at(4e9, audience=audience)._begin(Challenge(audience, "n" * 128, 18), evidence)
    assert 1500 < len(token(False)) < MAX_TOKEN_CHARS / 2


def test_tokens_of_two_devices_differ_in_key_and_random_id_only() -> None:
    """Beside its per-audience key a token carries nothing that tells a device apart."""
    other_device = DeviceKey._from_root(b"\x08" * 32)
    ours, theirs = claims_of(issue(True)), claims_of(issue(True, device=other_device))
    assert {name for name in ours if ours[name] != theirs[name]} == {"iss", "jti"}


def test_tokens_of_one_device_for_two_audiences_share_no_identifier() -> None:
    """Two relying parties that pool their tokens find no value that stands for the device."""
    bank = "https://bank.example"
    ours = claims_of(issue(True))
    theirs = claims_of(
        signer_at(NOW_S, audience=bank)._begin(Challenge(bank, NONCE, 18), EVIDENCE)(True)
    )
    assert {name for name in ours if ours[name] != theirs[name]} == {"aud", "iss", "jti"}


def test_token_ids_are_128_fresh_bits() -> None:
    """No two tokens have the same id, so that a relying party can refuse a second use."""
    token_ids = [claims_of(issue(True))["jti"] for _ in range(50)]
    assert len(set(token_ids)) == 50
    assert {len(decoded(token_id)) for token_id in token_ids} == {16}


@pytest.mark.parametrize("second", [0, 0.001, 30, 59.999])
def test_times_tell_the_minute_only(second: float) -> None:
    """Neither time shows the second of the check; both are the same all minute long."""
    claims = claims_of(issue(True, now_s=1_767_225_600 + second))
    assert (claims["iat"], claims["exp"]) == (1_767_225_600, 1_767_225_900)


@pytest.mark.parametrize("second", [0, 30, 59.999])
def test_a_token_lives_for_at_least_four_minutes(second: float) -> None:
    """Rounding the time of issue never costs more than a minute of the five."""
    now_s = 1_767_225_600 + second
    verified = verify_token(
        issue(True, now_s=now_s),
        audience=SHOP,
        nonce=NONCE,
        public_jwk=signer_at(now_s).public_jwk(),
        now_s=now_s + 240,
    )
    assert verified.expires_at_s - now_s <= 300


def test_a_signer_uses_the_computers_clock_by_default() -> None:
    """Without a clock handed in, a token is valid now."""
    signer = DEVICE.signer(SHOP)
    verify_token(
        signer._begin(CHALLENGE, EVIDENCE)(True),
        audience=SHOP,
        nonce=NONCE,
        public_jwk=signer.public_jwk(),
        now_s=time.time(),
        leeway_s=0,
    )


def test_a_signer_is_the_port_that_the_checker_asks_for() -> None:
    """The checker's protocol and the real signer stay in step (checked by mypy as well)."""
    signer: TokenSigner = signer_at(NOW_S)
    assert signer._begin(CHALLENGE, EVIDENCE)(True).count(".") == 2
