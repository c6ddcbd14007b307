"""A token against what was asked, and never a yes to anything made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agecheck.errors import ChallengeError, TokenError, TokenFault
from agecheck.token import VerifierError
from relying_party.forging import AUDIENCE as SHOP
from relying_party.forging import ISSUED_S, forge
from unit.token_checks import CLAIMS, GOOD, NONCE, check, fault_of


def test_an_answer_to_another_audience_is_refused() -> None:
    """A relying party cannot pass a token on as its own."""
    assert fault_of(GOOD, audience=SHOP + "/") is TokenFault.WRONG_AUDIENCE
    assert fault_of(forge(CLAIMS | {"aud": "shop"})) is TokenFault.WRONG_AUDIENCE


def test_an_answer_to_another_challenge_is_refused() -> None:
    """A token that was good once is not good for the next visit."""
    assert fault_of(GOOD, nonce=NONCE.lower()) is TokenFault.WRONG_NONCE
    assert fault_of(forge(CLAIMS | {"nonce": NONCE + "A"})) is TokenFault.WRONG_NONCE


def test_an_answer_about_another_age_is_refused() -> None:
    """Over 16 is no answer to over 18, nor the other way round."""
    assert fault_of(GOOD, age_limit=21) is TokenFault.WRONG_AGE_LIMIT
    assert fault_of(GOOD, age_limit=16) is TokenFault.WRONG_AGE_LIMIT
    assert check(GOOD, age_limit=None).age_limit == 18


def test_a_token_ends_exactly_at_its_expiry() -> None:
    """Good to the last moment, refused from `exp` on, and no leeway prolongs it."""
    assert check(GOOD, now_s=ISSUED_S + 299.999).over
    for late_s in (300, 300.001, 600, 1e9):
        for leeway_s in (0, 300):
            now_s = ISSUED_S + late_s
            assert fault_of(GOOD, now_s=now_s, leeway_s=leeway_s) is TokenFault.EXPIRED


def test_a_token_from_the_future_is_refused_beyond_the_leeway() -> None:
    """A device's clock may be ahead by the leeway, thirty seconds unless told otherwise."""
    assert check(GOOD, now_s=ISSUED_S - 30).over
    assert fault_of(GOOD, now_s=ISSUED_S - 30.001) is TokenFault.NOT_YET_VALID
    assert check(GOOD, now_s=ISSUED_S, leeway_s=0).over
    assert fault_of(GOOD, now_s=ISSUED_S - 0.001, leeway_s=0) is TokenFault.NOT_YET_VALID
    assert check(GOOD, now_s=ISSUED_S - 300, leeway_s=300).over


def test_a_file_is_refused_unless_accepted() -> None:
    """Anybody's picture can be a file; taking one is the relying party's explicit choice."""
    from_file = forge(CLAIMS | {"input": "file"})
    assert fault_of(from_file) is TokenFault.INPUT_REFUSED
    assert check(from_file, accept_inputs={"file"}).input == "file"
    assert check(forge(CLAIMS | {"input": "browser"})).input == "browser"
    assert fault_of(GOOD, accept_inputs={"browser"}) is TokenFault.INPUT_REFUSED


@pytest.mark.parametrize(
    "changes",
    [
        {"now_s": float("nan")},
        {"now_s": float("inf")},
        {"now_s": -1},
        {"now_s": 10**400},
        {"now_s": True},
        {"now_s": None},
        {"now_s": "now"},
        {"leeway_s": -1},
        {"leeway_s": 300.5},
        {"leeway_s": float("nan")},
        {"accept_inputs": ()},
        {"accept_inputs": None},
        {"accept_inputs": "device"},
        {"accept_inputs": ["device", "camera"]},
    ],
    ids=repr,
)
def test_an_unusable_setting_is_the_callers_error(changes: dict[str, Any]) -> None:
    """A clock that is NaN or an empty list is not silently taken for "anything goes"."""
    with pytest.raises(VerifierError):
        check(GOOD, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"audience": ""},
        {"audience": None},
        {"audience": "é"},
        {"nonce": ""},
        {"nonce": None},
        {"nonce": "short"},
        {"age_limit": 0},
        {"age_limit": 80},
        {"age_limit": True},
        {"age_limit": "18"},
    ],
    ids=repr,
)
def test_a_challenge_that_cannot_have_been_is_the_callers_error(changes: dict[str, Any]) -> None:
    """A lost nonce (None, "") is an error and never matches a token."""
    with pytest.raises(ChallengeError):
        check(GOOD, **changes)


# Nothing but TokenError, and never a yes


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([*sorted(CLAIMS), "file", "browser"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(token=st.text(max_size=300) | st.binary(max_size=300) | st.from_regex(r"\A[\w.=-]+\Z"))
@settings(max_examples=150, deadline=None)
def test_any_text_is_refused_with_a_token_error(token: str | bytes) -> None:
    """Whatever a web client sends in place of a token, the caller handles one exception."""
    with pytest.raises(TokenError):
        check(token)


@given(header=st.binary(max_size=60) | JSON_VALUES.map(json.dumps), payload=st.binary(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_signed_bytes_are_refused_with_a_token_error(
    header: bytes | str, payload: bytes
) -> None:
    """The signature protects against outsiders only; also the device itself may send anything."""
    with pytest.raises(TokenError):
        check(forge(payload, header))
    with pytest.raises(TokenError):
        check(forge(payload))


@given(name=st.sampled_from(sorted(CLAIMS)), value=JSON_VALUES)
@settings(max_examples=200, deadline=None)
def test_any_other_value_of_a_claim_is_refused_or_read_as_it_is(name: str, value: Any) -> None:
    """A token is accepted only if every claim has its exact type; nothing else ever escapes."""
    try:
        verified = check(forge(CLAIMS | {name: value}))
    except TokenError:
        return
    assert type(value) is type(CLAIMS[name]) or (name == "challenge_age" and type(value) is float)
    assert isinstance(verified.over, bool)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_edited_token_is_refused(data: st.DataObject) -> None:
    """Cuts, repeats and insertions anywhere in a good token never leave it good."""
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, len(GOOD)))
    edited = GOOD[:start] + data.draw(st.text("AQgw-_.=9 ", max_size=8)) + GOOD[end:]
    if edited != GOOD:
        with pytest.raises(TokenError):
            check(edited)


def test_the_reference_describes_every_claim_and_fault() -> None:
    """docs/reference/token.md lists the claims and faults that the code knows, all of them."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "token.md"
    text = page.read_text(encoding="utf-8")
    for name in CLAIMS:
        assert f"| `{name.replace('18', 'NN')}` |" in text
    for fault in TokenFault:
        assert f"`{fault.name}`" in text
