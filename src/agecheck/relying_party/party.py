"""The relying party: asks a visitor a question, and takes one answer to it."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import final

from agecheck.challenge import Challenge
from agecheck.errors import TokenError, TokenFault
from agecheck.relying_party.errors import AnswerError, AnswerFault, RelyingPartyError
from agecheck.relying_party.policy import AcceptancePolicy
from agecheck.relying_party.replay import ReplayStore
from agecheck.relying_party.tickets import (
    MAX_VISITOR_CHARS,
    MIN_SECRET_BYTES,
    NONCE_BYTES,
    Purpose,
    Ticket,
    read_ticket,
    write_ticket,
)
from agecheck.relying_party.trust import Trust
from agecheck.token.claims import INPUTS, LIFETIME_S, MAX_TIME_S
from agecheck.token.encoding import base64url_encode
from agecheck.token.enrolment import verify_proof
from agecheck.token.verify import DEFAULT_LEEWAY_S, VerifiedToken, claimed_issuer, verify_token
from agecheck.web_exchange import is_origin

DEFAULT_TTL_S = 600
MIN_TTL_S, MAX_TTL_S = 30, 3600
MARK_MARGIN_S = 300
"""How long a mark outlives its challenge: the site's servers may differ in time by as much."""


@dataclass(frozen=True, slots=True)
class IssuedChallenge:
    """A question to one visitor.

    Attributes:
        challenge: audience, nonce and age limit, for the device.
        ticket: for the site: kept in the visitor's session, or in a form or cookie.
        expires_at_s: whole seconds since 1970 (UTC); from then on no answer is taken.
    """

    challenge: Challenge
    ticket: str = field(repr=False)
    expires_at_s: int


@dataclass(frozen=True, slots=True)
class IssuedEnrolment:
    """A request to prove possession of a key.

    Attributes:
        audience: the site.
        nonce: for `AudienceSigner.prove_possession`.
        ticket: for the site, as in `IssuedChallenge`.
        expires_at_s: whole seconds since 1970 (UTC).
    """

    audience: str
    nonce: str
    ticket: str = field(repr=False)
    expires_at_s: int


@final
class RelyingParty:
    """One site. It holds no state of its own and is shared between threads as it is.

    Args:
        audience: the site's origin as browsers write it: https://host or https://host:port, or
            http on a loopback name; lower case, no path, no slash at the end, no default port.
        secret: at least 32 random bytes, the same on all the site's servers, and nothing else's.
            Whoever has it can write tickets, but no tokens.
        trust: whose keys are believed.
        policy: what is accepted.
        replay_store: shared by all the site's servers.
        clock: seconds since 1970 (UTC).
        challenge_ttl_s: how long a visitor has to answer, 30 to 3,600.
        leeway_s: how far a device's clock may be ahead, 0 to 300.

    Raises:
        RelyingPartyError: a value cannot be used.
    """

    __slots__ = (
        "_audience",
        "_clock",
        "_leeway_s",
        "_policy",
        "_secret",
        "_store",
        "_trust",
        "_ttl_s",
    )

    def __init__(
        self,
        audience: str,
        *,
        secret: bytes,
        trust: Trust,
        policy: AcceptancePolicy,
        replay_store: ReplayStore,
        clock: Callable[[], float] = time.time,
        challenge_ttl_s: int = DEFAULT_TTL_S,
        leeway_s: float = DEFAULT_LEEWAY_S,
    ) -> None:
        _require_origin(audience)
        if not isinstance(secret, bytes) or len(secret) < MIN_SECRET_BYTES:
            raise RelyingPartyError(f"secret is at least {MIN_SECRET_BYTES} bytes")
        if type(challenge_ttl_s) is not int or not MIN_TTL_S <= challenge_ttl_s <= MAX_TTL_S:
            raise RelyingPartyError(f"challenge_ttl_s lies from {MIN_TTL_S} to {MAX_TTL_S}")
        if isinstance(leeway_s, bool) or not isinstance(leeway_s, int | float):
            raise RelyingPartyError("leeway_s is a number of seconds")
        if not 0 <= leeway_s <= LIFETIME_S:
            raise RelyingPartyError(f"leeway_s lies from 0 to {LIFETIME_S}")
        if not isinstance(policy, AcceptancePolicy):
            raise RelyingPartyError("policy is an AcceptancePolicy")
        self._audience = audience
        self._secret = secret
        self._trust = trust
        self._policy = policy
        self._store = replay_store
        self._clock = clock
        self._ttl_s = challenge_ttl_s
        self._leeway_s = leeway_s

    def new_challenge(self, age_limit: int, *, visitor: str) -> IssuedChallenge:
        """A fresh question. Nothing is stored; asking costs one HMAC.

        Args:
            age_limit: one that the policy has a challenge age for.
            visitor: what tells this visitor from others and others cannot know: the session's
                id. Another visitor cannot hand in the answer.

        Raises:
            RelyingPartyError: the policy has no such age limit, or visitor is empty.
        """
        self._known(age_limit)
        ticket, text = self._issue(Purpose.ANSWER, age_limit, visitor)
        challenge = Challenge(self._audience, ticket.nonce, age_limit)
        return IssuedChallenge(challenge, text, ticket.expires_at_s)

    def verify(
        self,
        token: str | bytes,
        *,
        ticket: str,
        visitor: str,
        age_limit: int | None = None,
        public_jwk: Mapping[str, object] | None = None,
    ) -> VerifiedToken:
        """Take an answer, or raise.

        The first token that is signed by a trusted key and answers this challenge is its one
        answer, whatever it says and whether or not the policy then accepts it. What is refused
        before that leaves the challenge open until it expires.

        Args:
            token: from the device, unread.
            ticket: of the challenge.
            visitor: as given to `new_challenge`.
            age_limit: what this page asks about: a visitor may hand in the ticket of a page that
                asks about less. It may be left out where the policy has one age limit.
            public_jwk: what the device sent beside the token; only `AcceptUnattestedDevices`
                looks at it.

        Returns:
            The answer: over or under. It has no truth value; ask `.over`. Keep that one bit:
            `issuer` and `token_id` would link visits.

        Raises:
            AnswerError: `fault` says why. Nothing else is raised for what a visitor sent.
            ReplayStoreError: the store cannot tell whether this is the first answer.
            RelyingPartyError: visitor or age_limit is missing, or the clock gives no time.
        """
        ages = list(self._policy.min_challenge_ages_years)
        wanted = self._known(ages[0] if age_limit is None and len(ages) == 1 else age_limit)
        now_s = self._now_s()
        asked = self._asked(ticket, Purpose.ANSWER, visitor, now_s)
        if asked.age_limit != wanted:
            raise AnswerError(TokenFault.WRONG_AGE_LIMIT)
        try:
            issuer = claimed_issuer(token)
            if issuer is None:
                raise AnswerError(AnswerFault.KEY_MISSING)
            verified = verify_token(
                token,
                audience=self._audience,
                nonce=asked.nonce,
                public_jwk=self._trust.key_for(issuer, public_jwk),
                now_s=now_s,
                age_limit=asked.age_limit,
                accept_inputs=INPUTS,  # the policy's to judge, once the challenge is spent
                leeway_s=self._leeway_s,
            )
        except TokenError as error:
            raise AnswerError(error.fault) from None
        self._spend(asked, now_s)
        objection = self._policy.objection(verified)
        if objection is not None:
            raise AnswerError(objection)
        return verified

    def new_enrolment(self, *, visitor: str) -> IssuedEnrolment:
        """A request to prove possession of a key, to put to one device.

        Args:
            visitor: as in `new_challenge`: the session of whoever enrols the device.
        """
        ticket, text = self._issue(Purpose.ENROL, 0, visitor)
        return IssuedEnrolment(self._audience, ticket.nonce, text, ticket.expires_at_s)

    def enrol(self, proof: str | bytes, *, ticket: str, visitor: str) -> dict[str, str]:
        """The public key whose holder answered, to be pinned with `PinnedKeys.with_key`.

        It proves that the sender holds the key, not who the sender is: whom to enrol is decided by
        whoever is logged in as `visitor`.

        Args:
            proof: from `AudienceSigner.prove_possession`, unread.
            ticket: of the enrolment.
            visitor: as given to `new_enrolment`.

        Raises:
            AnswerError, ReplayStoreError, RelyingPartyError: as for `verify`.
        """
        now_s = self._now_s()
        asked = self._asked(ticket, Purpose.ENROL, visitor, now_s)
        try:
            public_jwk = verify_proof(proof, audience=self._audience, nonce=asked.nonce)
        except TokenError as error:
            raise AnswerError(error.fault) from None
        self._spend(asked, now_s)
        return public_jwk

    def _known(self, age_limit: int | None) -> int:
        ages = self._policy.min_challenge_ages_years
        if type(age_limit) is not int or age_limit not in ages:
            known = ", ".join(map(str, sorted(ages)))
            raise RelyingPartyError(f"age_limit is one that the policy has: {known}")
        return age_limit

    def _issue(self, purpose: Purpose, age_limit: int, visitor: str) -> tuple[Ticket, str]:
        _require_visitor(visitor)
        nonce = base64url_encode(secrets.token_bytes(NONCE_BYTES))
        ticket = Ticket(purpose, age_limit, int(self._now_s()) + self._ttl_s, nonce)
        return ticket, write_ticket(
            ticket, secret=self._secret, audience=self._audience, visitor=visitor
        )

    def _asked(self, text: str, purpose: Purpose, visitor: str, now_s: float) -> Ticket:
        _require_visitor(visitor)
        ticket = read_ticket(
            text, purpose, secret=self._secret, audience=self._audience, visitor=visitor
        )
        if ticket is None:
            raise AnswerError(AnswerFault.CHALLENGE_UNKNOWN)
        if now_s >= ticket.expires_at_s:
            raise AnswerError(AnswerFault.CHALLENGE_EXPIRED)
        return ticket

    def _spend(self, asked: Ticket, now_s: float) -> None:
        named = f"{self._audience} {asked.nonce}".encode("ascii")
        key = base64url_encode(hashlib.sha256(named).digest())
        until_s = asked.expires_at_s + MARK_MARGIN_S
        # Nothing but True is a yes: a store that returns something else has not said it.
        if self._store.spend(key, until_s=until_s, now_s=now_s) is not True:
            raise AnswerError(AnswerFault.ALREADY_ANSWERED)

    def _now_s(self) -> float:
        now_s = self._clock()
        if not isinstance(now_s, int | float) or not 0 <= now_s <= MAX_TIME_S - MAX_TTL_S:
            raise RelyingPartyError("the clock does not give a time")  # nor does NaN
        return now_s

    def __repr__(self) -> str:
        return "<RelyingParty>"


def _require_visitor(visitor: object) -> None:
    if not isinstance(visitor, str) or not 1 <= len(visitor) <= MAX_VISITOR_CHARS:
        raise RelyingPartyError(f"visitor is a text of 1 to {MAX_VISITOR_CHARS} characters")


def _require_origin(audience: object) -> None:
    if not is_origin(audience):
        raise RelyingPartyError(
            "audience is the site's origin: https://host or https://host:port, in lower case, "
            "without a slash at the end or a default port; http only on a loopback name"
        )
