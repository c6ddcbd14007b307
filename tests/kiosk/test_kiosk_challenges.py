"""Challenges from outside: authentic, allowed, in time, once."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agecheck.challenge import Challenge
from agecheck.errors import ChallengeError
from agecheck.kiosk.challenges import (
    MAX_REMEMBERED,
    AskerRules,
    ChallengeSlot,
    own_challenge,
    read_challenge,
    write_challenge,
)

NOW_S = 1_800_000_000.0
SHOP = "https://shop.example"
SECRET = b"s" * 32
RULES = AskerRules(SECRET, frozenset({SHOP}), 18, 120)
CHALLENGE = Challenge(SHOP, "n" * 32, 18)


def message(challenge: Challenge = CHALLENGE, lives_s: int = 60, secret: bytes = SECRET) -> bytes:
    """An asker's message."""
    return write_challenge(challenge, int(NOW_S) + lives_s, secret).encode()


def test_an_askers_challenge_is_read_as_it_was_written() -> None:
    """Both sides of the format agree."""
    assert read_challenge(message(), RULES, NOW_S) == (CHALLENGE, int(NOW_S) + 60)


@pytest.mark.parametrize(
    "refused",
    [
        message(secret=b"t" * 32),
        message(Challenge("https://other.example", "n" * 32, 18)),
        message(Challenge(SHOP, "n" * 32, 21)),
        message(lives_s=0),
        message(lives_s=-1),
        message(lives_s=121),
        b"",
        b"[]",
        b"{}",
        message() + b" " * 3000,
        message().replace(b'"mac": "', b'"mac": "A'),
        message().replace(b'"exp": 18', b'"exp": true, "x": 18'),
        message()[:-1] + b', "more": 1}',
        message().replace(b'"mac"', b'"mac": "x", "mac"'),
    ],
)
def test_anything_else_is_refused(refused: bytes) -> None:
    """A wrong key, audience, age or time, and every other form."""
    with pytest.raises(ChallengeError):
        read_challenge(refused, RULES, NOW_S)


@given(st.data())
def test_no_changed_message_is_taken(data: st.DataObject) -> None:
    """Whatever one changes in an authentic message, it is refused or says the same."""
    members = json.loads(message())
    name = data.draw(st.sampled_from(sorted(members)))
    value = data.draw(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just([1])
    )
    changed = json.dumps({**members, name: value}).encode()
    try:
        read = read_challenge(changed, RULES, NOW_S)
    except ChallengeError:
        return
    assert read == (CHALLENGE, int(NOW_S) + 60)


def test_a_challenge_is_answered_once() -> None:
    """Taken is taken, and the same message does not bring it back."""
    slot = ChallengeSlot(RULES, lambda: NOW_S)
    slot.put(message())
    assert slot.take() == CHALLENGE
    assert slot.take() is None
    with pytest.raises(ChallengeError):
        slot.put(message())


def test_one_is_outstanding_at_most() -> None:
    """A newer challenge takes the older one's place."""
    slot = ChallengeSlot(RULES, lambda: NOW_S)
    newer = Challenge(SHOP, "m" * 32, 18)
    slot.put(message())
    slot.put(message(newer))
    assert slot.take() == newer
    assert slot.take() is None


def test_an_outstanding_challenge_expires() -> None:
    """What nobody began to answer in time is gone."""
    now_s = [NOW_S]
    slot = ChallengeSlot(RULES, lambda: now_s[0])
    slot.put(message(lives_s=60))
    now_s[0] += 60
    assert slot.take() is None


def test_memory_of_challenges_is_bounded() -> None:
    """An asker gone wild fills nothing; when the old ones expire, there is room again."""
    now_s = [NOW_S]
    slot = ChallengeSlot(RULES, lambda: now_s[0])
    for number in range(MAX_REMEMBERED):
        slot.put(message(Challenge(SHOP, f"{number:032d}", 18)))
    with pytest.raises(ChallengeError):
        slot.put(message())
    now_s[0] += 61
    slot.put(message(lives_s=120))


def test_a_short_secret_is_refused() -> None:
    """A secret that could be guessed protects nothing; its refusal does not show it."""
    with pytest.raises(ChallengeError):
        AskerRules(b"short", frozenset({SHOP}), 18, 60)
    assert "ssss" not in repr(RULES)


def test_the_kiosks_own_nonces_differ() -> None:
    """Two tokens of one kiosk never answer the same nonce."""
    assert own_challenge(SHOP, 18).nonce != own_challenge(SHOP, 18).nonce
