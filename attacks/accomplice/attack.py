"""Poisoned code in the fork server keeps a copy of a worker's channel, and takes the picture there.

Nothing stops it from having the picture. It has to get it out, past the first walls.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from agecheck.errors import AgecheckError
from agecheck.seal import codes
from agecheck.seal.channel import CHANNEL_FD, end_of, receive_task
from agecheck.seal.pool import WorkerPool
from agecheck.seal.setup import WorkerSetup
from agecheck.verdict import CheckResult, Verdict
from attacks.attempt import SECRET, Attempt
from attacks.connect.attack import IoUring, Tcp
from attacks.files.attack import Attribute, Create, Mode, Times
from attacks.scenes import caller_with_handler, folder, our_output, tcp_listener
from attacks.signal_parent.attack import DescriptorOwner, Kill, ThreadKill
from attacks.terminal.attack import Descriptor
from attacks.trial import Outcome, outcome

_WAYS_OUT: tuple[type[Attempt], ...] = (
    *(Tcp, IoUring, Create, Attribute, Times, Mode),
    *(Kill, ThreadKill, DescriptorOwner, Descriptor),
)
_ASLEEP_S = 2.0
_UNCLAIMED_S = 0.02
TASK_FORM, _SIZE_BYTES = "<BIIQQ", 3
_FIRST = CheckResult(Verdict.UNDER)
_STOLEN = CheckResult(Verdict.OVER)


class Thief:
    """Its worker answers the first picture, then sleeps; the second one is the thief's."""

    def __init__(self, **given: Any) -> None:
        self._given = given
        server = sys.modules["__main__"]
        receive = server.receive_with_descriptor

        def receive_and_keep(channel: socket.socket, max_bytes: int) -> tuple[bytes, int | None]:
            message, descriptor = receive(channel, max_bytes)
            if descriptor is not None:
                copy = end_of(os.dup(descriptor))
                threading.Thread(target=self._steal, args=[copy], daemon=True).start()
            return message, descriptor

        server.receive_with_descriptor = receive_and_keep  # type: ignore[attr-defined]

    def before_seal(self) -> None:
        pass

    def check(self, source: Any) -> CheckResult:
        del source
        os.write(CHANNEL_FD, bytes([codes.code_of_result(_FIRST)]))
        until_s = time.monotonic() + _ASLEEP_S
        while time.monotonic() < until_s:
            pass
        return _FIRST

    def open_session(self, script: bytes) -> Any:
        raise NotImplementedError

    def _steal(self, channel: socket.socket) -> None:
        while not self._secret_waits(channel):
            time.sleep(_UNCLAIMED_S)
        received = receive_task(channel)
        if received is None or received[1] is None:
            return
        picture = os.pread(received[1], received[0].size_bytes, 0)
        for way_out in _WAYS_OUT:
            try:
                way_out(**self._given).act(picture)
            except OSError:
                continue
        if picture == SECRET:
            channel.send(bytes([codes.code_of_result(_STOLEN)]))

    @staticmethod
    def _secret_waits(channel: socket.socket) -> bool:
        """Looks without waiting: the kernel would wake this thread in the worker's place."""
        try:
            message = channel.recv(64, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        return bool(struct.unpack(TASK_FORM, message)[_SIZE_BYTES] == len(SECRET))


def run() -> Iterator[Outcome]:
    """The control is the thief's own answer: it did have the picture."""
    with (
        tcp_listener() as network,
        folder()() as files,
        caller_with_handler() as caller,
        our_output() as output,
    ):
        given = {**network.given, **files.given, **caller.given}
        setup = WorkerSetup(f"{__name__}:Thief", given, max_checks=8)
        pool = WorkerPool(setup, concurrency=1)
        try:
            answers = [pool.check(b"the first picture"), pool.check(SECRET)]
        except AgecheckError:
            answers = []
        finally:
            pool.close()
        time.sleep(_UNCLAIMED_S)
        scenes = network, files, caller, output
        got_out = any(scene.effect is not None and scene.effect() for scene in scenes)
    yield outcome(
        "a copy of the channel",
        control=answers == [_FIRST, _STOLEN],
        succeeded=got_out,
        by=f"the picture is read by the fork server, and all {len(_WAYS_OUT)} ways out are refused",
    )
