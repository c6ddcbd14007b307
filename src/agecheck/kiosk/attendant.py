"""Leads one person at a time through the screens: attract, consent, camera, result, and back.

The page only shows what it is told. Every way to no OVER ends in the same message, at the same
kind of moment (docs/how-to/kiosk.md says what somebody beside the person can still tell).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from agecheck.kiosk.counters import Counters, Ended
from agecheck.kiosk.health import Health
from agecheck.kiosk.link import NO_SESSION
from agecheck.kiosk.messages import Outcome
from agecheck.kiosk.visit import Ending, Link, VisitEnd, run_visit
from agecheck.kiosk.words import Word
from agecheck.live_page.frames import Frames, Live, Stop, frame_of, now_ms
from agecheck.live_page.screen import PageScreen, Say

if TYPE_CHECKING:
    from agecheck.verdict import CheckResult

READ_FIRST_S = 0.9
"""The buttons of the consent screen do nothing so long: they stand where "Start" was touched."""
CONSENT_IDLE_S = 60.0
LEAVE_S = 2.0
"""For a cancelled visit to end; the sealed worker answers within a tick."""


class Attempts(Protocol):
    """What is needed of `agecheck.live_session.LiveAttempts`."""

    def may_start(self) -> bool: ...
    def began(self) -> None: ...
    def ended(self, result: CheckResult | None) -> None: ...
    def reset(self) -> None: ...


class Source(Protocol):
    """A camera that this process reads itself: fills `Frames` until it is told to stop."""

    def run(self, frames: Frames, stop: threading.Event) -> None: ...


@dataclass(frozen=True, slots=True)
class Room:
    """What visits share.

    Attributes:
        open_session: `AgeChecker.live_session`.
        source: None when the page sends the frames.
    """

    open_session: Callable[[], AbstractContextManager[Live]]
    link: Link
    attempts: Attempts
    counters: Counters
    health: Health
    source: Source | None
    result_s: float


class Attendant:
    """One page's conversation. All methods run in the event loop.

    Args:
        room: what visits share.
        say: sends the page a message.
    """

    def __init__(self, room: Room, say: Say) -> None:
        self._room, self._say_now = room, say
        self._loop = asyncio.get_running_loop()
        self._screen = PageScreen(say, lambda: self._at == "camera")
        self._at = "attract"
        self._has_left = False
        self._frames: Frames | None = None
        self._task: asyncio.Task[None] | None = None
        self._consent_timer: asyncio.TimerHandle | None = None
        self._invited_at_s = 0.0

    async def welcome(self) -> None:
        """The first screen."""
        await self._show("attract")

    async def hear(self, word: str) -> None:
        """Something was touched. What is no `Word`, or not of this screen, is ignored."""
        match self._at, word:
            case "attract", Word.START:
                await self.invite()
            case "consent", Word.AGREE | Word.OTHER_WAY if self._is_too_early():
                pass
            case "consent", Word.AGREE:
                await self._begin()
            case "consent", Word.BACK:
                await self._show("attract")
            case "consent", Word.OTHER_WAY:
                self._at = "ending"
                self._task = asyncio.create_task(self._other_way())
            case "camera", Word.STOP if self._frames is not None:
                self._frames.stop()
            case "camera", Word.VIRTUAL if self._frames is not None:
                self._frames.stop(Stop.VIRTUAL_CAMERA)
            case "camera", Word.LIGHTS if self._frames is not None:
                self._frames.lights_began(now_ms())

    async def see(self, data: bytes) -> None:
        """A frame came from the page. Before consent, and after the end, it is dropped."""
        if self._at == "camera" and self._frames is not None and self._room.source is None:
            frame = frame_of(data)
            if frame is not None:
                self._frames.put(frame, now_ms())
            await self._say_now({"more": True})

    async def invite(self) -> None:
        """To the consent screen: touched, or asked for from outside."""
        if self._at != "attract":
            return
        if not self._room.attempts.may_start():
            await self._show("wait")
            self._task = asyncio.create_task(self._back_later())
            return
        self._invited_at_s = self._loop.time()
        await self._show("consent")
        self._consent_timer = self._loop.call_later(CONSENT_IDLE_S, self._consent_ran_out)

    async def leave(self) -> None:
        """The page has gone: whatever runs is ended, and nothing is said of it."""
        self._has_left = True
        if self._frames is not None:
            self._frames.stop()
            if self._task is not None:
                await asyncio.wait({self._task}, timeout=LEAVE_S)
        if self._task is not None:
            self._task.cancel()
        self._stop_timer()

    def _is_too_early(self) -> bool:
        return self._loop.time() - self._invited_at_s < READ_FIRST_S

    async def _begin(self) -> None:
        self._stop_timer()
        self._frames = Frames()
        await self._show("camera")
        self._task = asyncio.create_task(self._visit(self._frames))

    async def _visit(self, frames: Frames) -> None:
        room = self._room
        try:
            end = await self._check(frames)
        except Exception:  # nothing foreseen: no OVER, and nobody is left in front of a camera
            end = VisitEnd(Ending.ID_NEEDED, None, "INTERNAL")
        finally:
            self._frames = None
        room.health.learn(end)
        if end.ending is Ending.PASSED:
            room.attempts.reset()  # the next person is another one
        else:
            room.attempts.ended(end.result)
        _count(room.counters, end)
        if self._has_left:
            return
        if end.ending is Ending.REFUSED:
            await self._show("wait")
            await self._back_later()
        elif end.ending is Ending.CANCELLED:
            await self._other_way()
        else:
            await self._result(end.ending)

    async def _check(self, frames: Frames) -> VisitEnd:
        room, stop = self._room, threading.Event()
        if room.source is not None:
            threading.Thread(
                target=room.source.run, args=(frames, stop), daemon=True, name="camera"
            ).start()
        try:
            return await asyncio.to_thread(
                run_visit, self._open_session, room.link, frames, self._screen
            )
        finally:
            stop.set()

    def _open_session(self) -> AbstractContextManager[Live]:
        """An attempt counts from its first frame on: a camera that never came is none."""
        self._room.attempts.began()
        return self._room.open_session()

    async def _other_way(self) -> None:
        """No check: a person looks at an ID. For the fallback it is like any other ending."""
        await asyncio.to_thread(self._room.link.end, NO_SESSION, Outcome.ID_NEEDED)
        await self._result(Ending.ID_NEEDED)

    async def _result(self, ending: Ending) -> None:
        await self._show(ending.value)
        await self._back_later()

    async def _back_later(self) -> None:
        await asyncio.sleep(self._room.result_s)
        await self._show("attract")

    def _consent_ran_out(self) -> None:
        if self._at == "consent":
            self._task = asyncio.create_task(self._show("attract"))

    def _stop_timer(self) -> None:
        if self._consent_timer is not None:
            self._consent_timer.cancel()
            self._consent_timer = None

    async def _show(self, screen: str) -> None:
        self._stop_timer()
        self._at = screen
        await self._say_now({"show": screen})


def _count(counters: Counters, end: VisitEnd) -> None:
    if end.outcome is Outcome.OVER:
        counters.count(Ended.OVER)
    elif end.outcome is Outcome.UNDER:
        counters.count(Ended.UNDER)
    elif end.outcome is Outcome.ID_NEEDED:
        counters.count(Ended.ID_NEEDED)
