"""Capture's end of the ten-byte messages: one session at a time, with deadlines."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from agecheck.kiosk.messages import Kind, Message, Outcome, Refusal, Seal, receive, send

if TYPE_CHECKING:
    import socket

BEGIN_DEADLINE_S = 5.0
DONE_DEADLINE_S = 20.0
NO_SESSION = 0
"""Ends without one: an ID is needed, and no challenge was bound for it."""


class OutputsLink:
    """Asks outputs for a challenge, and tells it how sessions end.

    Args:
        channel: the socket between the two processes.
        asked: called, in the link's own thread, when somebody outside has put a challenge.
        lost: called there once when outputs has gone.
    """

    def __init__(
        self, channel: socket.socket, asked: Callable[[], None], lost: Callable[[], None]
    ) -> None:
        self._channel, self._asked, self._lost = channel, asked, lost
        self._answers: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._session = 0
        self._alive = True
        channel.settimeout(None)
        threading.Thread(target=self._listen, daemon=True, name="outputs").start()

    @property
    def is_alive(self) -> bool:
        return self._alive

    def hello(self, seal: Seal) -> None:
        """Say once what stands around the worker."""
        self._send(Message(Kind.HELLO, 0, seal))

    def begin(self) -> tuple[int, Refusal | None]:
        """Have a challenge bound for a new session: its number, and None when it is bound.

        The number is the visit's to keep: a visit whose page has gone may come to its result when
        the next one has begun, and must not answer that one's challenge.
        """
        self._session += 1
        session = self._session
        self._send(Message(Kind.BEGIN, session))
        answer = self._answer(session, (Kind.READY, Kind.REFUSED), BEGIN_DEADLINE_S)
        if answer is None:
            return session, Refusal.FAULT
        if answer.kind is Kind.READY:
            return session, None
        try:
            return session, Refusal(answer.code)
        except ValueError:
            return session, Refusal.FAULT

    def end(self, session: int, outcome: Outcome) -> bool:
        """Say how a session ended.

        Args:
            session: from `begin`, or NO_SESSION.
            outcome: how.

        Returns:
            For OVER, whether its token has arrived everywhere; False for all others, at once.
        """
        self._send(Message(Kind.RESULT, session, outcome))
        if outcome is not Outcome.OVER:
            return False
        answer = self._answer(session, (Kind.DONE,), DONE_DEADLINE_S)
        return answer is not None and answer.code == 1

    def _send(self, message: Message) -> None:
        try:
            send(self._channel, message)
        except OSError:
            self._alive = False

    def _answer(self, session: int, kinds: tuple[Kind, ...], deadline_s: float) -> Message | None:
        """The answer to a session; those to others, which came too late, are passed by."""
        while self._alive:
            try:
                answer = self._answers.get(timeout=deadline_s)
            except queue.Empty:
                return None
            if answer.session == session and answer.kind in kinds:
                return answer
        return None

    def _listen(self) -> None:
        while (message := receive(self._channel)) is not None:
            if message.kind is Kind.ASKED:
                self._asked()
            else:
                self._answers.put(message)
        self._alive = False
        self._answers.put(Message(Kind.REFUSED))  # so that nobody waits for it
        self._lost()
