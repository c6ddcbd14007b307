"""From a session's outcome to a sent token: the challenge is bound when the session begins."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agecheck.challenge import Challenge
from agecheck.errors import AgecheckError
from agecheck.kiosk.clock import clock_is_set
from agecheck.kiosk.errors import DeliveryError
from agecheck.kiosk.messages import Outcome, Refusal
from agecheck.kiosk.sinks import Fallback, Sink
from agecheck.ports import Evidence
from agecheck.token import AudienceSigner

LATE_S = 10.0
"""After so long a person has gone on: no sink is begun any more, and no door opens for the next."""


@dataclass(frozen=True, slots=True)
class _Bound:
    session: int
    issue: Callable[[bool], str]


class Issuer:
    """Binds challenges, signs answers and sends them. For one thread.

    Args:
        evidence: how this kiosk's answers come about.
        draw: the next challenge, or None when nobody asks.
        signer_of: the signer for an audience.
        sinks: where tokens go, in this order.
        fallback: what is called when an ID is needed.
        now_s: the clock, in seconds since 1970 (UTC).
        clock_s: monotonic, in seconds.
    """

    def __init__(
        self,
        evidence: Evidence,
        draw: Callable[[], Challenge | None],
        signer_of: Callable[[str], AudienceSigner],
        sinks: Sequence[Sink],
        fallback: Fallback | None,
        now_s: Callable[[], float] = time.time,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._evidence, self._draw, self._signer_of = evidence, draw, signer_of
        self._sinks, self._fallback, self._now_s = sinks, fallback, now_s
        self._clock_s = clock_s
        self._bound: _Bound | None = None

    def begin(self, session: int) -> Refusal | None:
        """Bind a challenge to a session. One that was bound before is given up."""
        self._bound = None
        if not clock_is_set(self._now_s()):
            return Refusal.CLOCK
        challenge = self._draw()
        if challenge is None:
            return Refusal.NO_CHALLENGE
        try:
            issue = self._signer_of(challenge.audience)._begin(challenge, self._evidence)
        except AgecheckError:
            return Refusal.FAULT
        self._bound = _Bound(session, issue)
        return None

    def end(self, session: int, outcome: Outcome) -> bool:
        """Sign and send what there is to be said; whether an OVER has arrived everywhere.

        A session that is not the bound one gets nothing, whatever it says.
        """
        bound, self._bound = self._bound, None
        if outcome is Outcome.CANCELLED:
            return False
        if outcome is not Outcome.OVER:
            self._call_fallback()  # before any token, so that its time does not tell UNDER
        if bound is None or bound.session != session or outcome is Outcome.ID_NEEDED:
            return False
        over, began_s = outcome is Outcome.OVER, self._clock_s()
        try:
            token = bound.issue(over)
            for sink in self._sinks:
                if self._clock_s() - began_s > LATE_S:
                    raise DeliveryError("it would come too late")
                sink.send(token, over=over)
        except AgecheckError:
            if over:
                self._call_fallback()  # the screen asks for an ID then
            return False
        return over

    def _call_fallback(self) -> None:
        if self._fallback is None:
            return
        try:
            self._fallback.call()
        except DeliveryError:
            return  # the screen says it, too
