"""Why an answer was not taken, and what a site can do wrong itself."""

from __future__ import annotations

from enum import StrEnum

from agecheck.errors import AgecheckError, TokenFault


class AnswerFault(StrEnum):
    """Why an answer was refused although its token may be flawless."""

    CHALLENGE_UNKNOWN = "the ticket is not this site's, or not this visitor's"
    CHALLENGE_EXPIRED = "the challenge was answered too late"
    ALREADY_ANSWERED = "the challenge has had its one answer"
    KEY_MISSING = "the answer names no key, or came without the one it needs"
    KEY_UNUSABLE = "the key that came with the answer cannot be used"
    KEY_NOT_ENROLLED = "the issuer's key is not enrolled"
    KEY_REVOKED = "the issuer's key has been revoked"
    CHALLENGE_AGE_TOO_LOW = "the device counts people as over from too low an estimate"
    TOO_MANY_ATTEMPTS = "the device lets a person try more often than is accepted"
    SEAL_REFUSED = "the device's seal is not accepted"
    LIVENESS_REFUSED = "the device's liveness check is not accepted"


class AnswerError(AgecheckError):
    """An answer was not taken; `fault` names the cause, for the site's eyes.

    The visitor needs to hear only that there is no answer, and of another way.
    """

    def __init__(self, fault: AnswerFault | TokenFault) -> None:
        self.fault = fault
        super().__init__(fault.value)

    def __reduce__(self) -> tuple[type[AnswerError], tuple[AnswerFault | TokenFault]]:
        return type(self), (self.fault,)


class RelyingPartyError(AgecheckError, ValueError):
    """The site's own settings or arguments cannot be used; it says nothing about a visitor."""


class ReplayStoreFault(StrEnum):
    """Why a replay store could not tell whether a challenge has been answered."""

    FAILED = "the replay store could not be asked"
    FULL = "the replay store is full of challenges that have not expired"


class ReplayStoreError(AgecheckError):
    """The store gave no answer, so nothing is accepted. The store's own error is not passed on."""

    def __init__(self, fault: ReplayStoreFault) -> None:
        self.fault = fault
        super().__init__(fault.value)

    def __reduce__(self) -> tuple[type[ReplayStoreError], tuple[ReplayStoreFault]]:
        return type(self), (self.fault,)
