"""A challenge is refused unless it has exactly the documented form."""

from __future__ import annotations

import dataclasses
import traceback

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agecheck.challenge import MAX_AUDIENCE_CHARS, Challenge
from agecheck.errors import AgecheckError, ChallengeError
from agecheck.policy import MAX_AGE_LIMIT_YEARS, MIN_AGE_LIMIT_YEARS

AUDIENCE = "https://shop.example"
NONCE = "n" * 22

audiences = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=MAX_AUDIENCE_CHARS
)
nonces = st.from_regex(r"[A-Za-z0-9_-]{16,128}", fullmatch=True)
age_limits = st.integers(MIN_AGE_LIMIT_YEARS, MAX_AGE_LIMIT_YEARS)


@given(audiences, nonces, age_limits)
@example(AUDIENCE, NONCE, 79)
def test_every_well_formed_challenge_is_taken_as_it_is(
    audience: str, nonce: str, age_limit: int
) -> None:
    """The relying party gets back exactly the audience and nonce it sent, nothing normalised."""
    challenge = Challenge(audience, nonce, age_limit)
    assert (challenge.audience, challenge.nonce, challenge.age_limit) == (
        audience,
        nonce,
        age_limit,
    )


@pytest.mark.parametrize(
    "audience",
    [
        "",
        " ",
        "a b",
        "a\n",
        "\n",
        "a\x00",
        "a\x7f",
        "café",
        "a" * (MAX_AUDIENCE_CHARS + 1),
        "https://shop.example\r\nx",
        "\uff41",
        None,
        b"https://shop.example",
        7,
        ["a"],
    ],
    ids=repr,
)
def test_a_malformed_audience_is_refused(audience: object) -> None:
    """Control characters and look-alike letters never reach a token or a key derivation."""
    with pytest.raises(ChallengeError, match="audience"):
        Challenge(audience, NONCE, 18)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "nonce",
    [
        "",
        "a" * 15,
        "a" * 129,
        "a" * 16 + "\n",
        "a" * 16 + "=",
        "a" * 16 + "+",
        "a" * 16 + " ",
        "é" * 16,
        "٣" * 16,
        None,
        b"a" * 16,
        10**20,
    ],
    ids=repr,
)
def test_a_malformed_nonce_is_refused(nonce: object) -> None:
    """A short nonce can be guessed, and a strange one could be read differently elsewhere."""
    with pytest.raises(ChallengeError, match="nonce"):
        Challenge(AUDIENCE, nonce, 18)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "age_limit",
    [
        MIN_AGE_LIMIT_YEARS - 1,
        80,
        -18,
        10**30,
        18.0,
        float("nan"),
        True,
        "18",
        None,
    ],
    ids=repr,
)
def test_an_age_limit_that_is_no_age_is_refused(age_limit: object) -> None:
    """The question is one whole age within the range that the models know."""
    with pytest.raises(ChallengeError, match="age_limit"):
        Challenge(AUDIENCE, NONCE, age_limit)  # type: ignore[arg-type]


@given(st.text(min_size=1).map(lambda text: "secret-" + text + "\n"))
def test_a_refusal_does_not_repeat_what_was_refused(value: str) -> None:
    """What a relying party sent is not written into the device's log."""
    for audience, nonce in ((value, NONCE), (AUDIENCE, value)):
        with pytest.raises(ChallengeError) as caught:
            Challenge(audience, nonce, 18)
        assert "secret-" not in str(caught.value)
        assert "secret-" not in "".join(traceback.format_exception_only(caught.value))


def test_a_challenge_cannot_be_changed_after_its_checks() -> None:
    """What is bound before the pixels are read is what gets signed."""
    challenge = Challenge(AUDIENCE, NONCE, 18)
    with pytest.raises(dataclasses.FrozenInstanceError):
        challenge.age_limit = 13  # type: ignore[misc]
    with pytest.raises(ChallengeError):
        dataclasses.replace(challenge, nonce="short")


def test_the_error_is_one_of_agechecks_and_a_value_error() -> None:
    """A caller who catches the package's root error, or ValueError, catches this one."""
    assert issubclass(ChallengeError, AgecheckError)
    assert issubclass(ChallengeError, ValueError)
