"""What an agent's visits share: the key, the checkers, what was asked before, and how often."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agecheck.agent.asked_ages import AskedAges
from agecheck.agent.errors import AgentError
from agecheck.live_page.frames import Live
from agecheck.live_session import LiveAttempts
from agecheck.ports import Evidence
from agecheck.token import AudienceSigner, DeviceKey
from agecheck.web_exchange import KeyKind, Question

if TYPE_CHECKING:
    from agecheck.policy import AgePolicy, EffectivePolicy
    from agecheck.seal_state import SealState

COOL_DOWN_S = 600.0
"""After a policy's attempts comes a pause of ten minutes, whoever made them and for whichever site:
each further try raises the chance that an estimate errs."""


class Checker(Protocol):
    """What is needed of `agecheck.AgeChecker`."""

    @property
    def policy(self) -> EffectivePolicy: ...
    @property
    def seal(self) -> SealState: ...
    @property
    def bundle_digest(self) -> str: ...
    def live_session(self) -> AbstractContextManager[Live]: ...
    def close(self) -> None: ...


class Block(StrEnum):
    """Why a question is not answered, in a sentence for the person's own screen."""

    OTHER_AGE = (
        "This site has asked about another age in the last 30 days. Two answers would tell it more "
        "about your age than one, so there is none."
    )
    UNKNOWN_AGE = "This device is not set up to answer about this age."
    NO_ATTEMPTS = "There have been enough attempts for now. Wait ten minutes, or use another way."


@dataclass(frozen=True, slots=True)
class Bound:
    """A question that is bound to a key and a checker, before a frame is looked at.

    Attributes:
        open_session: begins one attempt.
        issue: takes whether the person is over the limit, once, and returns the token.
        public_jwk: to be sent along; None for the enrolled key.
    """

    open_session: Callable[[], AbstractContextManager[Live]]
    issue: Callable[[bool], str]
    public_jwk: Mapping[str, str] | None


class Desk:
    """For one thread, beside `close`. It holds one checker at a time.

    Args:
        key: the device's.
        policies: age limit -> what is asked of an estimate.
        asked_ages: what sites were answered about.
        load: makes a checker from a policy; takes seconds.
    """

    def __init__(
        self,
        key: DeviceKey,
        policies: Mapping[int, AgePolicy],
        asked_ages: AskedAges,
        load: Callable[[AgePolicy], Checker],
    ) -> None:
        if not policies:
            raise AgentError("an agent answers about at least one age")
        self._key, self._policies, self._asked_ages = key, policies, asked_ages
        self._load = load
        self._checker: Checker | None = None
        self._lock = threading.Lock()
        most = min(policy.max_attempts for policy in policies.values())
        self.attempts = LiveAttempts(most, COOL_DOWN_S, time.monotonic)

    @property
    def first_age_limit(self) -> int:
        return next(iter(self._policies))

    def shows_lights(self, age_limit: int) -> bool:
        """Whether the screen will show changing colours: the person is told before."""
        policy = self._policies.get(age_limit)
        return policy is not None and policy.liveness == "active"

    def block(self, question: Question) -> Block | None:
        """Why this question gets no answer, or None."""
        challenge = question.challenge
        if challenge.age_limit not in self._policies:
            return Block.UNKNOWN_AGE
        site = self._key.signer(challenge.audience).key_id
        if not self._asked_ages.allows(site, challenge.age_limit):
            return Block.OTHER_AGE
        return None if self.attempts.may_start() else Block.NO_ATTEMPTS

    def checker_for(self, age_limit: int) -> Checker:
        """The checker for an age limit; loading one takes seconds, and ends the one before."""
        policy = self._policies[age_limit]
        with self._lock:
            if self._checker is None or self._checker.policy.age_limit != age_limit:
                self._close()
                self._checker = self._load(policy)
            return self._checker

    def bind(self, question: Question) -> Bound:
        """Remember what is asked, and bind it. The person has agreed.

        Raises:
            AgecheckError: it is blocked, or cannot be remembered; nothing may be answered.
        """
        if self.block(question) is not None:
            raise AgentError("the question is not answered")
        challenge = question.challenge
        lasting = self._key.signer(challenge.audience)
        self._asked_ages.note(lasting.key_id, challenge.age_limit)
        fresh = question.key is KeyKind.FRESH
        signer = (
            AudienceSigner(challenge.audience, Ed25519PrivateKey.generate()) if fresh else lasting
        )
        checker = self.checker_for(challenge.age_limit)
        evidence = Evidence.of(
            checker.policy,
            bundle_digest=checker.bundle_digest,
            seal=checker.seal.level,
            input_kind="browser",
        )
        issue = signer._begin(challenge, evidence)
        return Bound(checker.live_session, issue, signer.public_jwk() if fresh else None)

    def close(self) -> None:
        """End the checker's worker."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._checker is not None:
            self._checker.close()
        self._checker = None
