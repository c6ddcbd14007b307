"""Challenges from outside: who may ask, for how long, and only once.

The asker and the kiosk share a secret; a challenge carries an HMAC-SHA256 (RFC 2104) over all that
it says. `write_challenge` is the asker's side.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from agecheck.challenge import Challenge
from agecheck.errors import ChallengeError
from agecheck.token.encoding import base64url_encode, parse_flat_object

MIN_SECRET_BYTES = 32
MAX_MESSAGE_BYTES = 2048
MAX_REMEMBERED = 1024
"""Answered or replaced challenges that are remembered until they expire: far more than a kiosk
gets in the ten minutes that one may be good for. When it is full nothing more is taken."""
NONCE_BYTES = 24
_LABEL = "agecheck/v1/kiosk-challenge"


@dataclass(frozen=True, slots=True)
class AskerRules:
    """Who may ask what.

    Attributes:
        secret: at least 32 bytes, shared with the asker.
        audiences: those that may be named.
        age_limit: the kiosk's; another cannot be asked about.
        max_lifetime_s: a challenge may expire so far in the future at most.
    """

    secret: bytes = field(repr=False)
    audiences: frozenset[str]
    age_limit: int
    max_lifetime_s: int

    def __post_init__(self) -> None:
        if len(self.secret) < MIN_SECRET_BYTES:
            raise ChallengeError("a challenge secret has at least 32 bytes")


def write_challenge(challenge: Challenge, expires_at_s: int, secret: bytes) -> str:
    """A challenge as the asker sends it: one line of JSON.

    Args:
        challenge: the question.
        expires_at_s: whole seconds since 1970 (UTC); from then on it is not taken.
        secret: shared with the kiosk.
    """
    said = {
        "aud": challenge.audience,
        "nonce": challenge.nonce,
        "age_limit": challenge.age_limit,
        "exp": expires_at_s,
    }
    return json.dumps({**said, "mac": _mac(challenge, expires_at_s, secret)})


def read_challenge(text: bytes, rules: AskerRules, now_s: float) -> tuple[Challenge, int]:
    """The challenge in an asker's message, and when it expires.

    Raises:
        ChallengeError: it is not one that this asker may put now.
    """
    match parse_flat_object(text) if len(text) <= MAX_MESSAGE_BYTES else None:
        case {
            "aud": str(audience),
            "nonce": str(nonce),
            "age_limit": int(age_limit),
            "exp": int(expires_at_s),
            "mac": str(mac),
            **others,
        } if not others and mac.isascii() and not isinstance(expires_at_s, bool):
            challenge = Challenge(audience, nonce, age_limit)
        case _:
            raise ChallengeError("the message is no challenge")
    expected = _mac(challenge, expires_at_s, rules.secret)
    if not hmac.compare_digest(mac, expected):
        raise ChallengeError("the challenge is not from an asker of this kiosk")
    if challenge.audience not in rules.audiences:
        raise ChallengeError("the audience is not one of this kiosk's")
    if challenge.age_limit != rules.age_limit:
        raise ChallengeError("the challenge asks for another age limit than the kiosk's")
    if not now_s < expires_at_s <= now_s + rules.max_lifetime_s:  # NaN is refused, too
        raise ChallengeError("the challenge has expired, or lives too long")
    return challenge, expires_at_s


class ChallengeSlot:
    """Holds the one outstanding challenge. Safe under threads: they come in on several ways.

    Args:
        rules: who may ask.
        now_s: the clock, in seconds since 1970 (UTC).
    """

    def __init__(self, rules: AskerRules, now_s: Callable[[], float]) -> None:
        self._rules, self._now_s = rules, now_s
        self._lock = threading.Lock()
        self._outstanding: tuple[Challenge, int] | None = None
        self._seen: dict[str, int] = {}

    def put(self, text: bytes) -> None:
        """Take a challenge in. A newer one takes the place of one that nobody has begun to answer.

        Raises:
            ChallengeError: it is refused, as one that was put before also is.
        """
        now_s = self._now_s()
        challenge, expires_at_s = read_challenge(text, self._rules, now_s)
        with self._lock:
            self._seen = {nonce: exp for nonce, exp in self._seen.items() if exp > now_s}
            if challenge.nonce in self._seen or len(self._seen) >= MAX_REMEMBERED:
                raise ChallengeError("the challenge was put before, or there are too many")
            self._seen[challenge.nonce] = expires_at_s
            self._outstanding = challenge, expires_at_s

    def take(self) -> Challenge | None:
        """The outstanding challenge, which is none any more; None when there is none in time."""
        with self._lock:
            outstanding, self._outstanding = self._outstanding, None
        if outstanding is None or not self._now_s() < outstanding[1]:
            return None
        return outstanding[0]


def own_challenge(audience: str, age_limit: int) -> Challenge:
    """A challenge that the kiosk puts to itself: it makes a token unique, and proves no freshness
    to anybody who did not watch."""
    return Challenge(audience, secrets.token_urlsafe(NONCE_BYTES), age_limit)


def _mac(challenge: Challenge, expires_at_s: int, secret: bytes) -> str:
    # JSON keeps the parts apart whatever characters they hold.
    said = [_LABEL, challenge.audience, challenge.nonce, challenge.age_limit, expires_at_s]
    message = json.dumps(said).encode("ascii")
    return base64url_encode(hmac.digest(secret, message, hashlib.sha256))
