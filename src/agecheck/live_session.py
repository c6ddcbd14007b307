"""The live session as its caller sees it: frames in, one word a tick, one result at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from agecheck.errors import PolicyError
from agecheck.live_script import Light, LiveScript
from agecheck.policy import MAX_ATTEMPTS
from agecheck.verdict import CheckResult, Reason, Verdict

if TYPE_CHECKING:
    from agecheck.guidance import LiveCode
    from agecheck.ports import RgbFrame


_MAX_TIME_MS = 2**63 - 1


class SessionChannel(Protocol):
    """The way to whoever looks at the frames: a sealed worker, or this very process."""

    def show(self, frame: object, at_ms: int) -> bool: ...
    def lights_began(self, at_ms: int) -> None: ...
    def tick(self) -> LiveCode: ...
    def finish(self) -> CheckResult: ...
    def abort(self) -> None: ...


class LiveSession:
    """One attempt of one person. Made by `AgeChecker.live_session`; for one thread::

        with checker.live_session() as session:
            while not session.is_done:
                ...  # session.show(frame, at_ms) for the frames of half a second
                tell(session.tick())
            result = session.finish()

    As a context manager it aborts, on leaving, what was not finished.
    """

    def __init__(self, channel: SessionChannel, script: LiveScript) -> None:
        self._channel, self._script = channel, script
        self._is_done = False

    def __repr__(self) -> str:
        return "<LiveSession>"

    def __enter__(self) -> LiveSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()

    @property
    def lights(self) -> tuple[Light, ...]:
        """The colours to show, one after the other; empty unless the liveness is active."""
        return self._script.lights

    @property
    def is_done(self) -> bool:
        """Whether it has said DONE: call `finish`. Nothing of an age: that is the result's."""
        return self._is_done

    def lights_began(self, at_ms: int) -> None:
        """Say when the screen began to show `lights`. Once; a second time is ignored.

        Args:
            at_ms: on the same monotonic clock as the frames, an int from 0 to 2**63 - 1.

        Raises:
            ValueError: the time is no such number; the session goes on.
            WorkerError: the worker failed; the session is over.
        """
        _require_time(at_ms)
        self._channel.lights_began(at_ms)

    def show(self, frame: RgbFrame, at_ms: int) -> bool:
        """Hand a frame over.

        Args:
            frame: uint8 RGB (height, width, 3), upright, not mirrored. It is not changed.
            at_ms: when it was taken, on the caller's monotonic clock, an int from 0 to 2**63 - 1.

        Returns:
            False when it was dropped, because this tick has had its share.

        Raises:
            ImageError: it is no such array; the session goes on.
            ValueError: the time is no such number; the session goes on.
            WorkerError: the worker failed; the session is over.
        """
        _require_time(at_ms)
        return self._channel.show(frame, at_ms)

    def tick(self) -> LiveCode:
        """Wait for the next tick (at most half a second) and return what to tell the person.

        Returns:
            One word; DONE when there is nothing more to be seen.

        Raises:
            WorkerError: the worker failed, or the session has had its ticks; it is over.
        """
        from agecheck.guidance import LiveCode

        code = self._channel.tick()
        self._is_done = self._is_done or code is LiveCode.DONE
        return code

    def finish(self) -> CheckResult:
        """The session's one result, over the median of the best of all its frames.

        Raises:
            WorkerError: the worker failed, or the session is over.
            InternalError: it could not come to a result.
            ModelError: a network failed, in the calling process: a sealed worker does not say so.
        """
        self._is_done = True
        return self._channel.finish()

    def abort(self) -> None:
        """End the session without a result. Does nothing when it is over."""
        self._is_done = True
        self._channel.abort()


def _require_time(at_ms: int) -> None:
    if type(at_ms) is not int or not 0 <= at_ms <= _MAX_TIME_MS:
        raise ValueError("a monotonic time is an int from 0 to 2**63 - 1")


class LiveAttempts:
    """How often one person may try.

    After `max_attempts` no one may start until the pause is over or staff reset it.

    It knows nobody: it counts attempts that came less than a pause apart, whoever made them.

    Args:
        max_attempts: the policy's.
        cool_down_s: the pause, in seconds.
        clock: seconds on a monotonic clock, `time.monotonic`.

    Raises:
        PolicyError: a number is out of range.
    """

    def __init__(self, max_attempts: int, cool_down_s: float, clock: Callable[[], float]) -> None:
        if not 1 <= max_attempts <= MAX_ATTEMPTS:
            raise PolicyError(f"max_attempts lies from 1 to {MAX_ATTEMPTS}")
        if not cool_down_s >= 0:
            raise PolicyError("a cool-down is not negative")
        self._max_attempts, self._cool_down_s, self._clock = max_attempts, cool_down_s, clock
        self._left, self._last_s = max_attempts, clock()

    def may_start(self) -> bool:
        """Whether an attempt may begin now."""
        if self._clock() - self._last_s >= self._cool_down_s:
            self.reset()
        return self._left > 0

    def began(self) -> None:
        """An attempt begins.

        Raises:
            PolicyError: there is none left.
        """
        if not self.may_start():
            raise PolicyError("there is no attempt left")
        self._left -= 1
        self._last_s = self._clock()

    def ended(self, result: CheckResult | None) -> None:
        """An attempt ended.

        Once an age was judged and it was no OVER, nobody tries again until the pause is over: of
        several estimates the most favourable must not count. UNDER and an age between the limits
        are the same here, so that a refused start does not tell which it was.

        Args:
            result: what it came to, or None.
        """
        self._last_s = self._clock()
        if result is not None and (
            result.verdict is Verdict.UNDER or result.reason is Reason.WITHIN_BUFFER
        ):
            self._left = 0

    def reset(self) -> None:
        """Give all attempts back: staff allowed it, or the next person has come."""
        self._left = self._max_attempts
        self._last_s = self._clock()
