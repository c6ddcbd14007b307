"""python -m agecheck.kiosk.outputs FOLDER JUDGING SETTINGS CHANNEL BEAT PARENT: key, network.

A fresh interpreter that is started by the supervisor beside capture, with no frame, and no memory
or descriptor in common with it but the channel of ten-byte messages. The settings are those that
the supervisor has read, as JSON in a descriptor: their file may say something else by now.
"""

from __future__ import annotations

import os
import selectors
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from agecheck.errors import AgecheckError, ChallengeError, SealError
from agecheck.kiosk import walls
from agecheck.kiosk.challenges import AskerRules, ChallengeSlot, own_challenge
from agecheck.kiosk.complaint import complain
from agecheck.kiosk.config import KioskConfig
from agecheck.kiosk.errors import BAD_SETTINGS, BROKEN
from agecheck.kiosk.issuing import Issuer
from agecheck.kiosk.judging import Judging
from agecheck.kiosk.messages import Kind, Message, Outcome, Seal, receive, send
from agecheck.kiosk.sinks import Fallback, GpioPulse, Sink, Stdout, Webhook, read_secret
from agecheck.ports import Evidence
from agecheck.seal.channel import end_of
from agecheck.token import DeviceKey

if TYPE_CHECKING:
    import socket

BEAT_S = 1.0
MAX_LINE_BYTES = 4096


def main(arguments: list[str]) -> int:
    """Serve until capture or the supervisor has gone."""
    folder, judged, settings_fd, channel_fd, beat_fd, parent = arguments
    try:
        with os.fdopen(int(settings_fd), "rb") as settings:
            settings.seek(0)  # whoever has written it stands at its end
            config = msgspec.json.decode(settings.read(), type=KioskConfig)
        judging = msgspec.json.decode(judged, type=Judging)
        os.chdir(folder)
        _serve(config, judging, end_of(int(channel_fd)), int(beat_fd), int(parent))
    except AgecheckError as error:
        complain(error)
        return BROKEN if isinstance(error, SealError) else BAD_SETTINGS
    except Exception as error:  # its text could quote a secret or a token
        complain(error, "in outputs")
        return BROKEN
    return 0


def _serve(
    config: KioskConfig,
    judging: Judging,
    channel: socket.socket,
    beat_fd: int,
    parent_pid: int,
) -> None:
    key = DeviceKey.load(config.token.key)
    age_limit = judging.policy.age_limit
    slot = _slot(config, age_limit)
    put = partial(_put, slot, channel) if slot is not None else None
    sinks, start = _sinks(config, put)
    fallback = None if config.fallback is None else Fallback(config.fallback)
    walls.around_outputs(
        parent_pid,
        runs_programs=config.fallback is not None and config.fallback.command is not None,
        devices=walls.GPIO_DEVICES if config.outputs.gpio is not None else (),
    )
    start()
    hello = receive(channel)
    if hello is None or hello.kind is not Kind.HELLO:
        return
    draw = (
        slot.take if slot is not None else partial(own_challenge, config.token.audience, age_limit)
    )
    evidence = Evidence.of(
        judging.policy,
        bundle_digest=judging.bundle_digest,
        seal=Seal(hello.code).level,
        input_kind=config.camera.input_kind,
    )
    issuer = Issuer(evidence, draw, key.signer, sinks, fallback)
    _loop(issuer, channel, beat_fd, put if _listens(config, "stdin") else None)


def _loop(
    issuer: Issuer, channel: socket.socket, beat_fd: int, put: Callable[[bytes], None] | None
) -> None:
    ways = selectors.DefaultSelector()
    ways.register(channel, selectors.EVENT_READ)
    if put is not None:
        with suppress(PermissionError, ValueError):  # a file or /dev/null: nothing comes from there
            ways.register(0, selectors.EVENT_READ)
    line = b""
    os.write(beat_fd, b"R")
    while True:
        ready = {key.fd for key, _ in ways.select(BEAT_S)}
        os.write(beat_fd, b".")
        if 0 in ready and put is not None:
            data = os.read(0, MAX_LINE_BYTES)
            if not data:
                ways.unregister(0)
            *lines, line = (line + data).split(b"\n")
            line = line[-MAX_LINE_BYTES:]
            for complete in lines:
                put(complete)
        if channel.fileno() in ready:
            message = receive(channel)
            if message is None:
                return
            answer = _answer(issuer, message)
            if answer is not None:
                send(channel, answer)


def _answer(issuer: Issuer, message: Message) -> Message | None:
    if message.kind is Kind.BEGIN:
        refusal = issuer.begin(message.session)
        kind = Kind.READY if refusal is None else Kind.REFUSED
        return Message(kind, message.session, refusal or 0)
    if message.kind is Kind.RESULT and message.code in list(Outcome):
        arrived = issuer.end(message.session, Outcome(message.code))
        return Message(Kind.DONE, message.session, int(arrived))
    return None


def _sinks(
    config: KioskConfig, put: Callable[[bytes], None] | None
) -> tuple[list[Sink], Callable[[], None]]:
    """The sinks in their order, and what starts them once the walls stand."""
    outputs, sinks = config.outputs, list[Sink]()
    start: Callable[[], None] = _nothing_to_start
    if outputs.stdout is not None:
        sinks.append(Stdout())
    if outputs.mqtt is not None:
        from agecheck.kiosk.mqtt import Mqtt

        broker = Mqtt(outputs.mqtt, put if _listens(config, "mqtt") else None)
        start = broker.start
        sinks.append(broker)
    if outputs.webhook is not None:
        sinks.append(Webhook(outputs.webhook))
    if outputs.gpio is not None:
        sinks.append(GpioPulse(outputs.gpio))  # last: nothing opens before the token has arrived
    return sinks, start


def _nothing_to_start() -> None:
    return


def _slot(config: KioskConfig, age_limit: int) -> ChallengeSlot | None:
    section = config.challenges
    if section is None:
        return None
    rules = AskerRules(
        read_secret(section.secret),
        frozenset(section.audiences),
        age_limit,
        section.max_lifetime_s,
    )
    return ChallengeSlot(rules, time.time)


def _listens(config: KioskConfig, way: str) -> bool:
    return config.challenges is not None and way in config.challenges.listen


def _put(slot: ChallengeSlot, channel: socket.socket, text: bytes) -> None:
    try:
        slot.put(text)
    except ChallengeError as error:
        complain(error, "a challenge is refused")
        return
    with suppress(OSError):  # capture has gone, and this process is about to
        send(channel, Message(Kind.ASKED))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
