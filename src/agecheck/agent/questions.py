"""Questions that came and are not answered yet, each under a name that nobody can guess."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from agecheck.agent.desk import Block
from agecheck.live_page.guard import new_secret
from agecheck.web_exchange import Question

KEPT_S = 300.0
AT_MOST = 16


@dataclass(slots=True)
class Pending:
    """One question.

    Attributes:
        name: in the page's address.
        secret: in the page alone; without it nothing begins.
        asked_s: when it came.
        block: why it gets no answer, decided when it came.
        is_open: somebody has the page open and is connected.
    """

    question: Question
    asked_s: float
    block: Block | None
    name: str = field(default_factory=new_secret)
    secret: str = field(default_factory=new_secret, repr=False)
    is_open: bool = False


class Questions:
    """Args:
    clock: seconds on a monotonic clock.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pending: dict[str, Pending] = {}

    def add(self, question: Question, block: Block | None) -> Pending | None:
        """The new one; None when there are too many."""
        self._forget_old()
        if len(self._pending) >= AT_MOST:
            return None
        pending = Pending(question, self._clock(), block)
        self._pending[pending.name] = pending
        return pending

    def get(self, name: str) -> Pending | None:
        """The question of that name, unless it is too old."""
        self._forget_old()
        return self._pending.get(name)

    def remove(self, pending: Pending) -> None:
        self._pending.pop(pending.name, None)

    def _forget_old(self) -> None:
        now_s = self._clock()
        for pending in list(self._pending.values()):
            if now_s - pending.asked_s >= KEPT_S and not pending.is_open:
                self.remove(pending)
