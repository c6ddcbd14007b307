"""The page as a session's `Screen`: from the session's thread into the page's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from agecheck.guidance import LiveCode
    from agecheck.live_script import Light

Say: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]
"""Sends the page a message; it may raise whatever it likes when the page has gone."""


class PageScreen:
    """Colours and prompts to one page, as long as it wants them.

    Made in the event loop; `lights` and `prompt` may be called from any thread.

    Args:
        say: sends the page a message.
        is_wanted: asked in the event loop before each message; what is not wanted is dropped.
    """

    def __init__(self, say: Say, is_wanted: Callable[[], bool]) -> None:
        self._say, self._is_wanted = say, is_wanted
        self._loop = asyncio.get_running_loop()
        self._saying: set[asyncio.Task[None]] = set()  # a loop keeps no task from being collected

    def lights(self, lights: Sequence[Light]) -> None:
        shown = [[light.red, light.green, light.blue, light.duration_ms] for light in lights]
        self._from_thread({"lights": shown})

    def prompt(self, code: LiveCode) -> None:
        self._from_thread({"prompt": code.name})

    def _from_thread(self, message: dict[str, Any]) -> None:
        self._loop.call_soon_threadsafe(self._say_soon, message)

    def _say_soon(self, message: dict[str, Any]) -> None:
        if self._is_wanted():
            task = asyncio.create_task(self._say_quietly(message))
            self._saying.add(task)
            task.add_done_callback(self._saying.discard)

    async def _say_quietly(self, message: dict[str, Any]) -> None:
        with suppress(Exception):  # the page has gone; whoever reads from it learns that
            await self._say(message)
