"""Starts capture and outputs, watches them, and starts them anew. It has no key and no frame.

Both are fresh interpreters that share with each other one channel of ten-byte messages. When one of
them ends or falls silent, both are ended and started again: neither is left with half a session.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import msgspec

from agecheck import private_file
from agecheck.errors import SealError
from agecheck.kiosk.config import KioskConfig
from agecheck.kiosk.errors import BAD_SETTINGS, BROKEN, KioskConfigError
from agecheck.kiosk.judging import Judging
from agecheck.live_page.guard import new_secret
from agecheck.private_file import PrivateFileError
from agecheck.seal.channel import pair
from agecheck.seal.memory import sealed_memfd

SILENT_S = {"capture": 20.0, "outputs": 150.0}
"""Outputs says nothing while it delivers; the deadlines in the settings may stretch that so far."""
START_DEADLINE_S = 90.0
FIRST_PAUSE_S, MAX_PAUSE_S = 1.0, 30.0
STEADY_S = 60.0
"""After so long without a fault the next pause is short again."""
STOP_DEADLINE_S = 5.0
_ADDRESS_FILES = {"page": "kiosk-page.url", "staff": "kiosk-staff.url"}
_START_PAGE = "kiosk-page.html"
"""Leads a browser to the page. On its command line every user here could read the secret."""


@dataclass(slots=True)
class _Child:
    """One of the two, and the pipe on which it shows that it lives."""

    name: str
    process: subprocess.Popen[bytes]
    beat_fd: int
    heard_at_s: float = field(default_factory=time.monotonic)
    is_ready: bool = False

    def listen(self) -> None:
        beats = os.read(self.beat_fd, 256)
        self.heard_at_s = time.monotonic()
        self.is_ready = self.is_ready or b"R" in beats

    def is_silent(self) -> bool:
        quiet_s = time.monotonic() - self.heard_at_s
        return quiet_s > SILENT_S[self.name]


class Supervisor:
    """Runs a kiosk until it is told to stop.

    Args:
        config: the settings; `policy.calibration` is absolute, and so is `camera.source` unless
            it is "browser".
        folder: where their other paths are relative to.
        judging: what they come to; capture judges by it, and outputs states it.
        tell: gets the page's and the staff page's address, once the page is served.
    """

    def __init__(
        self,
        config: KioskConfig,
        folder: Path,
        judging: Judging,
        tell: Callable[[dict[str, str]], None],
    ) -> None:
        self._config, self._folder, self._judging, self._tell = config, folder, judging, tell
        self._is_stopping = False
        self._was_ready = False

    def run(self) -> int:
        """Until SIGTERM or SIGINT. Returns the exit code.

        Raises:
            KioskConfigError: the port is taken.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        page_secret, staff_secret = new_secret(), new_secret()
        with _listening(self._config.page.port) as listening:
            port = listening.getsockname()[1]
            addresses = {
                "page": f"http://127.0.0.1:{port}/#{page_secret}",
                "staff": f"http://127.0.0.1:{port}/staff#{staff_secret}",
            }
            setup = self._setup(page_secret, staff_secret)
            pause_s = FIRST_PAUSE_S
            while True:
                began_s = time.monotonic()
                code = self._once(listening, setup, addresses)
                if self._is_stopping:
                    return 0
                if not self._was_ready:  # it has never worked: starting again would not help
                    return code or BROKEN
                if time.monotonic() - began_s > STEADY_S:
                    pause_s = FIRST_PAUSE_S
                _notify("STATUS=starting again after a fault")
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, MAX_PAUSE_S)

    def _setup(self, page_secret: str, staff_secret: str) -> bytes:
        """All that capture learns of the settings: no key, no address, no secret but its two."""
        return json.dumps(
            {
                "policy": msgspec.to_builtins(self._config.policy),
                "judging": msgspec.to_builtins(self._judging),
                "page": msgspec.to_builtins(self._config.page),
                "camera": msgspec.to_builtins(self._config.camera),
                "input": self._config.camera.input_kind,
                "page_secret": page_secret,
                "staff_secret": staff_secret,
            }
        ).encode()

    def _once(self, listening: socket.socket, setup: bytes, addresses: dict[str, str]) -> int:
        """One run of the two children, until one of them is no more."""
        ours, theirs = pair()
        with ours, theirs:
            # The file may have changed since, and a command line is there for every user to read.
            settings = sealed_memfd(msgspec.json.encode(self._config))
            try:
                outputs = _start(
                    "outputs",
                    [str(self._folder), msgspec.json.encode(self._judging).decode()],
                    [settings, theirs.fileno()],
                    stdin=None,
                    stdout=None,
                )
            finally:
                os.close(settings)
            try:
                capture = _start(
                    "capture",
                    [],
                    [listening.fileno(), ours.fileno()],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                )
            except BaseException:
                _end([outputs])
                raise
        if capture.process.stdin is not None:
            with suppress(OSError), capture.process.stdin:
                capture.process.stdin.write(setup)
        children = [capture, outputs]
        try:
            return self._watch(children, addresses)
        finally:
            _end(children)

    def _watch(self, children: list[_Child], addresses: dict[str, str]) -> int:
        ways = selectors.DefaultSelector()
        for child in children:
            ways.register(child.beat_fd, selectors.EVENT_READ, child)
        began_s = time.monotonic()
        told = False
        while not self._is_stopping:
            for key, _ in ways.select(0.5):
                key.data.listen()
            for child in children:
                if (code := child.process.poll()) is not None:
                    others = [c.process.poll() or 0 for c in children]
                    return BAD_SETTINGS if BAD_SETTINGS in others else code or BROKEN
            is_ready = all(child.is_ready for child in children)
            if is_ready and not told:
                self._tell(addresses)
                _notify("READY=1\nSTATUS=ready")
                told = self._was_ready = True
            if not is_ready and time.monotonic() - began_s > START_DEADLINE_S:
                return BROKEN
            if is_ready:
                if any(child.is_silent() for child in children):
                    return BROKEN
                _notify("WATCHDOG=1")
        return 0

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._is_stopping = True


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    """The page's socket. It outlives capture, which may not make one."""
    listening = None
    with suppress(OSError):
        listening = socket.create_server(("127.0.0.1", port), backlog=16)
    if listening is None:
        raise KioskConfigError("settings: `page.port` is taken, or may not be used")
    with listening:
        yield listening


def _start(
    name: str,
    arguments: list[str],
    descriptors: list[int],
    *,
    stdin: int | None,
    stdout: int | None,
) -> _Child:
    """A fresh interpreter with these descriptors, and a pipe for its beats."""
    beat_read, beat_write = os.pipe()
    passed = [*descriptors, beat_write]
    try:
        process = subprocess.Popen(  # noqa: S603
            [
                *(sys.executable, "-Psm", f"agecheck.kiosk.{name}", *arguments),
                *map(str, passed),
                str(os.getpid()),
            ],
            stdin=stdin,
            stdout=stdout,
            pass_fds=passed,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    except OSError:
        os.close(beat_read)
        raise SealError("the kiosk's processes could not be started") from None
    finally:
        os.close(beat_write)
    return _Child(name, process, beat_read)


def _end(children: list[_Child]) -> None:
    for child in children:
        child.process.terminate()
    deadline_s = time.monotonic() + STOP_DEADLINE_S
    for child in children:
        try:
            child.process.wait(max(0.1, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
        os.close(child.beat_fd)


def write_addresses(folder: Path, addresses: dict[str, str]) -> None:
    """Each address in a file of its own that only this user can read, for they hold secrets; and
    the page's as a page to start a browser with.

    Raises:
        KioskConfigError: they cannot be written there.
    """
    start = f'<!doctype html><meta http-equiv="refresh" content="0;url={addresses["page"]}">\n'
    failed = False
    try:
        private_file.replace(folder / _START_PAGE, start.encode("ascii"))
        for name, address in addresses.items():
            private_file.replace(folder / _ADDRESS_FILES[name], f"{address}\n".encode("ascii"))
    except PrivateFileError:
        failed = True
    if failed:
        raise KioskConfigError("settings: `page.address_files` cannot be written to")


def _notify(state: str) -> None:
    """Tell systemd, where it has asked to be told. Source: sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(state.encode(), "\0" + address[1:] if address[0] == "@" else address)
