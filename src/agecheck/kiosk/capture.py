"""python -m agecheck.kiosk.capture LISTEN CHANNEL BEAT PARENT: page and camera, no key, no network.

What it has to know comes as JSON on standard input: the policy and what it comes to, the page's
settings, two secrets.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from agecheck.errors import AgecheckError, CalibrationError
from agecheck.kiosk import walls
from agecheck.kiosk.complaint import complain
from agecheck.kiosk.errors import BAD_SETTINGS, BROKEN, KioskConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agecheck.checker import AgeChecker
    from agecheck.kiosk.config import CameraSection, PageSection, PolicySection
    from agecheck.kiosk.judging import Judging

BEAT_S = 1.0


def main(arguments: list[str]) -> int:
    """Serve until outputs or the supervisor has gone."""
    listen_fd, channel_fd, beat_fd, parent = map(int, arguments)
    setup = json.loads(sys.stdin.buffer.read())
    try:
        devices = [setup["camera"]["source"]] if setup["input"] == "device" else []
        files = [setup["policy"]["calibration"], setup["camera"]["source"]]
        walls.around_capture(parent, devices, filter(None, files))
        listening = socket.socket(fileno=listen_fd)
        asyncio.run(_serve(setup, listening, channel_fd, beat_fd))
    except AgecheckError as error:
        complain(error)
        return BAD_SETTINGS if isinstance(error, KioskConfigError) else BROKEN
    except Exception as error:  # its text could quote whatever the failing code had at hand
        complain(error, "in capture")
        return BROKEN
    return 0


async def _serve(
    setup: dict[str, Any], listening: socket.socket, channel_fd: int, beat_fd: int
) -> None:
    import msgspec

    from agecheck.kiosk.attendant import Room
    from agecheck.kiosk.config import CameraSection, PageSection, PolicySection
    from agecheck.kiosk.counters import Counters
    from agecheck.kiosk.health import Health
    from agecheck.kiosk.judging import Judging
    from agecheck.kiosk.link import OutputsLink
    from agecheck.kiosk.messages import Seal
    from agecheck.kiosk.server import PageServer, beat_forever
    from agecheck.live_page.serving import serve, web_server
    from agecheck.live_session import LiveAttempts
    from agecheck.seal.channel import end_of

    page = msgspec.convert(setup["page"], PageSection)
    camera = msgspec.convert(setup["camera"], CameraSection)
    policy = msgspec.convert(setup["policy"], PolicySection)
    beats = asyncio.create_task(beat_forever(partial(os.write, beat_fd, b"."), BEAT_S))
    judging = msgspec.convert(setup["judging"], Judging)
    checker = await asyncio.to_thread(_load, policy, camera, judging)
    loop = asyncio.get_running_loop()

    def end() -> None:
        _soon(loop, lambda: setattr(web, "should_exit", True))

    with checker:
        link = OutputsLink(
            end_of(channel_fd),
            asked=lambda: _soon(loop, lambda: asyncio.ensure_future(server.invite())),
            lost=end,
        )
        room = Room(
            open_session=checker.live_session,
            link=link,
            attempts=LiveAttempts(checker.policy.max_attempts, page.cool_down_s, time.monotonic),
            counters=Counters(time.monotonic),
            health=Health(lambda: link.is_alive),
            source=_source(camera, walled_off=end),
            result_s=page.result_s,
        )
        port = listening.getsockname()[1]
        server = PageServer(
            room, port, setup["page_secret"], setup["staff_secret"], _settings(page, camera, policy)
        )
        web = web_server(server)
        link.hello(Seal.of(checker.seal.level))
        await serve(web, listening, partial(os.write, beat_fd, b"R"))
    beats.cancel()


def _load(policy: PolicySection, camera: CameraSection, judging: Judging) -> AgeChecker:
    """A checker that judges by what outputs states, or none.

    Raises:
        KioskConfigError, CalibrationError: the calibration cannot be used, or has changed.
    """
    from agecheck.bootstrap import load_checker
    from agecheck.kiosk.judging import Judging, blamed

    try:
        checker = load_checker(
            policy.as_policy(),
            calibration=policy.calibration,
            seal=camera.seal,
            seal_worker_checks=1,
        )
        if Judging(checker.policy, checker.bundle_digest) != judging:
            checker.close()
            raise CalibrationError("the calibration has changed; start the kiosk anew")
    except CalibrationError as error:
        raise blamed(policy, error) from None
    return checker


def _source(camera: CameraSection, walled_off: Callable[[], None]) -> Any:
    from agecheck.kiosk.config import BROWSER

    if camera.source == BROWSER:
        return None
    from agecheck.kiosk.source import CameraSource

    names = camera.refused_names if camera.input_kind == "device" else ()
    return CameraSource(camera.source, names, walled_off=walled_off)


def _settings(page: PageSection, camera: CameraSection, policy: PolicySection) -> dict[str, Any]:
    return {
        "asker": page.asker,
        "age": policy.age_limit,
        "languages": page.languages,
        "sound": page.sound,
        "camera": camera.input_kind,
        "refused_names": camera.refused_names,
        "lights": policy.liveness == "active",
    }


def _soon(loop: asyncio.AbstractEventLoop, call: Any) -> None:
    try:
        loop.call_soon_threadsafe(call)
    except RuntimeError:
        return  # the loop has ended


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
