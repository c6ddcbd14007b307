"""What capture and outputs say to each other: ten bytes, whatever happens.

A kind, the session's number and one code. Nothing else crosses, so that no frame, no score and no
reason can reach the process with the network, and no key the one with the camera.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from agecheck.seal_state import SealLevel
from agecheck.verdict import CheckResult, Verdict

if TYPE_CHECKING:
    import socket

_MESSAGE = struct.Struct("<BQB")
MESSAGE_BYTES = _MESSAGE.size


class Kind(IntEnum):
    """Who says it, and what its code means."""

    HELLO = 1
    """capture, once: which `Seal` stands."""
    BEGIN = 2
    """capture: a session is about to begin; bind a challenge."""
    RESULT = 3
    """capture: how it ended, an `Outcome`. Ends the session."""
    READY = 4
    """outputs: a challenge is bound."""
    REFUSED = 5
    """outputs: it is not, a `Refusal`."""
    DONE = 6
    """outputs: 1 when an OVER has arrived everywhere, 0 otherwise."""
    ASKED = 7
    """outputs: somebody outside asks; the page may invite the person."""


class Seal(IntEnum):
    """A `SealLevel` as a message's code."""

    OPEN = 0
    PARTIAL = 1
    SEALED = 2

    @classmethod
    def of(cls, level: SealLevel) -> Seal:
        return cls[level.name]

    @property
    def level(self) -> SealLevel:
        return SealLevel[self.name]


class Outcome(IntEnum):
    """How a session ended. Why it was inconclusive stays in capture."""

    ID_NEEDED = 0
    OVER = 1
    UNDER = 2
    CANCELLED = 3
    """The person left or said no before the answer was sent: no token, no fallback."""

    @classmethod
    def of(cls, result: CheckResult) -> Outcome:
        if result.verdict is Verdict.OVER:
            return cls.OVER
        return cls.UNDER if result.verdict is Verdict.UNDER else cls.ID_NEEDED


class Refusal(IntEnum):
    """Why no session may begin."""

    NO_CHALLENGE = 1
    CLOCK = 2
    FAULT = 3


class Message(NamedTuple):
    """One message."""

    kind: Kind
    session: int = 0
    code: int = 0

    def pack(self) -> bytes:
        return _MESSAGE.pack(self.kind, self.session, self.code)


def unpack(data: bytes) -> Message | None:
    """The message, or None when the bytes are none."""
    if len(data) != MESSAGE_BYTES:
        return None
    kind, session, code = _MESSAGE.unpack(data)
    try:
        return Message(Kind(kind), session, code)
    except ValueError:
        return None


def send(channel: socket.socket, message: Message) -> None:
    """Say it.

    Raises:
        OSError: the other side has gone.
    """
    channel.send(message.pack())


def receive(channel: socket.socket) -> Message | None:
    """The next message; None when the other side has gone or talks nonsense.

    Raises:
        TimeoutError: nothing came in the channel's time.
    """
    try:
        return unpack(channel.recv(MESSAGE_BYTES + 1))
    except ConnectionError:
        return None
