"""One person's visit to the agent's page, from the question to the way back.

What the site gets is a token, or `no_token`. Why there is none stays on this screen, and all the
ways to none end at the same moments: whole multiples of 20 seconds after the question came.
"""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import AbstractContextManager, suppress
from enum import StrEnum
from functools import partial

from agecheck.agent.desk import Block, Bound, Desk
from agecheck.agent.questions import Pending
from agecheck.agent.session import Nothing, run_session
from agecheck.live_page.frames import Frames, Live, Stop, frame_of, now_ms
from agecheck.live_page.screen import PageScreen, Say
from agecheck.verdict import CheckResult, Verdict
from agecheck.web_exchange import answer_url

NO_TOKEN_EVERY_S = 20.0


class Word(StrEnum):
    """All that the page may say beside frames."""

    AGREE = "agree"
    LIGHTS = "lights"
    """It has begun to show the colours."""
    STOP = "stop"
    NO_CAMERA = "no-camera"
    DECLINE = "decline"
    """Back to the site without an answer: before, during or after the camera."""


def seconds_to_hold(asked_s: float, now_s: float) -> float:
    """How long until an answer of no token may go.

    Args:
        asked_s: when the question came, on the same clock as `now_s`.
    """
    turns = math.floor((now_s - asked_s) / NO_TOKEN_EVERY_S) + 1
    return max(0.0, asked_s + turns * NO_TOKEN_EVERY_S - now_s)


class Visit:
    """All methods run in the event loop.

    Args:
        desk: what visits share.
        pending: what the site asks, and when it came, by `time.monotonic`.
        say: sends the page a message.
    """

    def __init__(self, desk: Desk, pending: Pending, say: Say) -> None:
        self._desk, self._say = desk, say
        self._question, self._asked_s, self._block = (
            pending.question,
            pending.asked_s,
            pending.block,
        )
        self._screen = PageScreen(say, lambda: self._frames is not None and not self._leaving)
        self._bound: Bound | None = None
        self._frames: Frames | None = None
        self._task: asyncio.Task[None] | None = None
        self._leaving = False
        self.is_done = False

    async def hear(self, word: str) -> None:
        """Something was touched. What is no `Word`, or not of this moment, is ignored."""
        match word:
            case Word.AGREE if self._may_begin():
                self._frames = Frames()
                self._task = asyncio.create_task(self._attempt(self._frames))
            case Word.LIGHTS if self._frames is not None:
                self._frames.lights_began(now_ms())
            case Word.STOP if self._frames is not None:
                self._frames.stop()
            case Word.NO_CAMERA if self._frames is not None:
                self._frames.stop(Stop.NO_CAMERA)
            case Word.DECLINE if not self._leaving:
                self._leaving = True
                if self._frames is not None:
                    self._frames.stop()
                self._task = asyncio.create_task(self._leave_without())

    def _may_begin(self) -> bool:
        return self._block is None and self._frames is None and not self._leaving

    async def see(self, data: bytes) -> None:
        """A frame came. Before the person has agreed, and after the end, it is dropped."""
        if self._frames is not None:
            frame = frame_of(data)
            if frame is not None:
                self._frames.put(frame, now_ms())
            await self._say({"more": True})

    async def left(self) -> None:
        """The page has gone: whatever runs is ended, and nothing is sent anywhere."""
        if self._frames is not None:
            self._frames.stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=2.0)

    async def _attempt(self, frames: Frames) -> None:
        try:
            await self._try(frames)
        except Exception:  # whatever it is, there is no answer; and the page may have gone
            self._frames = None
            with suppress(Exception):
                await self._nothing(Nothing.FAULT.value)
        finally:
            self._frames = None

    async def _try(self, frames: Frames) -> None:
        attempts, question = self._desk.attempts, self._question
        if not attempts.may_start():
            await self._nothing(Block.NO_ATTEMPTS.value)
            return
        if self._bound is None:
            await self._say({"prompt": "STARTING"})
            self._bound = await asyncio.to_thread(self._desk.bind, question)
        bound = self._bound
        await self._say({"camera": True})
        seen = await asyncio.to_thread(
            run_session, partial(self._begin, bound), frames, self._screen
        )
        # Who stops when an age was judged has used the attempt for it.
        attempts.ended(seen if isinstance(seen, CheckResult) else None)
        if frames.stopped is not None and isinstance(seen, CheckResult):
            seen = Nothing.STOPPED  # heard in this loop: none comes between here and the answer
        if isinstance(seen, Nothing):
            await self._nothing(seen.value)
            return
        if seen.reason is not None:
            await self._nothing(seen.reason.explanation)
        elif not self._leaving:
            await self._answer(bound, over=seen.verdict is Verdict.OVER)

    def _begin(self, bound: Bound) -> AbstractContextManager[Live]:
        """An attempt counts from its first frame on: a camera that never came is none."""
        self._desk.attempts.began()
        return bound.open_session()

    async def _answer(self, bound: Bound, *, over: bool) -> None:
        url = answer_url(self._question, bound.issue(over), bound.public_jwk)
        if over:
            self._desk.attempts.reset()
        self.is_done = self._leaving = True
        await self._say({"answered": "over" if over else "under", "go": url})

    async def _nothing(self, explanation: str) -> None:
        """For the person alone, who may try again or go back."""
        if not self._leaving:
            may_retry = self._desk.attempts.may_start()
            await self._say({"nothing": explanation, "may_retry": may_retry})

    async def _leave_without(self) -> None:
        hold_s = seconds_to_hold(self._asked_s, time.monotonic())
        await self._say({"hold_ms": math.ceil(1000 * hold_s)})
        await asyncio.sleep(hold_s)
        self.is_done = True
        await self._say({"go": answer_url(self._question, None, None)})
