"""Poisoned code says more through the channel than one code out of the closed set."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

from agecheck.errors import AgecheckError, WorkerError
from agecheck.guidance import LiveCode
from agecheck.live_script import MAX_TICKS
from agecheck.seal import codes, live_channel
from agecheck.seal.channel import CHANNEL_FD
from agecheck.seal.live_channel import LiveChannel
from agecheck.seal.pool import WorkerPool
from agecheck.seal.setup import WorkerSetup
from agecheck.verdict import CheckResult, Verdict
from attacks.trial import Outcome, outcome

_OVER = codes.code_of_result(CheckResult(Verdict.OVER))
_UNDER = CheckResult(Verdict.UNDER)
_N_BYTES = 256


class Saying:
    """A task that says these messages itself, one write each, before its honest UNDER."""

    def __init__(self, *, messages: list[str], instead: bool = False) -> None:
        self._messages = [bytes.fromhex(message) for message in messages]
        self._instead = instead

    def before_seal(self) -> None:
        pass

    def check(self, source: Any) -> CheckResult:
        del source
        self._say()
        return _UNDER

    def open_session(self, script: bytes) -> Saying:
        del script
        return self

    def see(self, frame: Any, at_ms: int) -> None:
        del frame, at_ms
        self._say()

    def tick(self) -> LiveCode:
        self._say()
        return LiveCode.GOOD

    def finish(self) -> CheckResult:
        return _UNDER

    def _say(self) -> None:
        for message in self._messages:
            os.write(CHANNEL_FD, message)
        while self._instead:
            os.write(CHANNEL_FD, self._messages[-1])


class Echo(Saying):
    """Says the picture's first byte."""

    def check(self, source: Any) -> CheckResult:
        os.write(CHANNEL_FD, bytes(source[:1]))
        return _UNDER


class Sending(Saying):
    """The same by another call than write."""

    def _say(self) -> None:
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, CHANNEL_FD).send(b"\x01\x02")


def run() -> Iterator[Outcome]:
    """Each try counts what the caller came to know."""
    control = _a_plain_pair_carries_anything()
    yield outcome(
        *("two bytes in one message",),
        control=control,
        succeeded=not _fails(Saying, ["0101"]),
        by="the filter: a write has one byte",
    )
    yield outcome(
        *("another call than write",),
        control=control,
        succeeded=not _fails(Sending, []),
        by="the filter: the worker is killed",
    )
    heard = _heard_of_all_bytes()
    yield outcome(
        f"each of {_N_BYTES} bytes as the answer",
        control=control,
        succeeded=len(heard) != codes.N_OUTCOMES,
        by=f"the caller takes {len(heard)} of them, the closed set, and kills the worker otherwise",
    )
    yield from _more_than_allowed(control)
    yield from _live(control)


def _more_than_allowed(control: bool) -> Iterator[Outcome]:
    over = f"{_OVER:02x}"
    pool = _pool(Saying, messages=[over] * 5, max_checks=32)
    try:
        # The extra bytes of one check lie ready as the answers to the next, if they are taken.
        answers = [_answer(pool) for _ in range(4)]
    finally:
        pool.close()
    yield outcome(
        *("five codes for one check",),
        control=control,
        succeeded=answers != [CheckResult(Verdict.OVER)] * 4,
        by="one is read; a worker with another on its lips is killed before the next picture",
    )
    pool = _pool(Saying, messages=[over], instead=True, max_checks=32)
    try:
        answers = [_answer(pool) for _ in range(3)]
    finally:
        pool.close()
    yield outcome(
        *("a flood",),
        control=control,
        succeeded=answers != [CheckResult(Verdict.OVER)] * 3,
        by="one is read; the rest goes with the worker",
    )


def _live(control: bool) -> Iterator[Outcome]:
    with patch.object(live_channel, "TICK_MS", 5):  # a session of a minute in less than one second
        good = f"{codes.code_of_live(LiveCode.GOOD):02x}"
        for name, messages in (
            ("three codes a tick", [good] * 3),
            ("a code at each frame", [good]),
        ):
            heard = _session(messages)
            yield outcome(
                name,
                control=control,
                succeeded=heard > MAX_TICKS,
                by=f"{heard} codes heard in a session; {MAX_TICKS} are allowed",
            )
        beyond = [_session([f"{code:02x}"]) for code in (0x01, 0x10, 0x60, 0x6F, 0x80, 0xFF)]
        yield outcome(
            *("a code outside the live set",),
            control=control,
            succeeded=any(beyond),
            by="the session is over at the first",
        )
        heard = _session([], frames_only=True)
        yield outcome(
            *("more ticks than a session has",),
            control=control,
            succeeded=heard > MAX_TICKS,
            by=f"the caller stops listening after {heard}",
        )


def _session(messages: list[str], *, frames_only: bool = False) -> int:
    """How many codes a caller hears who never stops asking."""
    import numpy as np

    frame = np.zeros((8, 8, 3), np.uint8)
    heard = 0
    pool = _pool(Saying, messages=[] if frames_only else messages)
    try:
        with LiveChannel(pool, b"a script") as session:
            for at_ms in range(2 * MAX_TICKS):
                session.show(frame, at_ms)
                session.tick()
                heard += 1
    except WorkerError:
        pass
    finally:
        pool.close()
    return heard


def _a_plain_pair_carries_anything() -> bool:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        for message in (b"\x01\x01", b"\xff", b"\x01", b"\x01"):
            theirs.send(message)
        return [ours.recv(9) for _ in range(4)] == [b"\x01\x01", b"\xff", b"\x01", b"\x01"]


def _pool(task: Callable[..., Saying], *, max_checks: int = 1, **arguments: Any) -> WorkerPool:
    setup = WorkerSetup(f"{__name__}:{task.__name__}", arguments, max_checks=max_checks)
    return WorkerPool(setup, concurrency=1)


def _fails(task: Callable[..., Saying], messages: list[str]) -> bool:
    pool = _pool(task, messages=messages)
    try:
        return isinstance(_answer(pool), WorkerError)
    finally:
        pool.close()


def _heard_of_all_bytes() -> set[str]:
    """All that a caller can come to know, as text."""
    pool = _pool(Echo, messages=[])
    try:
        answers = [_answer(pool, bytes([code])) for code in range(_N_BYTES)]
    finally:
        pool.close()
    return {repr(answer) for answer in answers if not isinstance(answer, WorkerError)}


def _answer(pool: WorkerPool, picture: bytes = b"a picture") -> CheckResult | AgecheckError:
    try:
        return pool.check(picture)
    except AgecheckError as error:
        return error
