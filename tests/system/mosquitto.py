"""A real mosquitto on this machine, and the kiosk's side of a connection to it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agecheck.kiosk.config import MqttSection
from agecheck.kiosk.mqtt import Mqtt

TOKEN = ".".join(("aaa", "bbb", "ccc"))


@contextmanager
def broker(folder: Path, port: int, lines: str) -> Iterator[subprocess.Popen[bytes]]:
    """A mosquitto on this machine's loopback."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        pytest.fail("mosquitto is missing; install Debian's mosquitto")
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\npersistence false\nuser root\n{lines}")
    with subprocess.Popen([program, "-c", str(settings)], stderr=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            wait_for(lambda: _answers(port))
            yield process
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def wait_for(is_so: Callable[[], bool], deadline_s: float = 15.0) -> None:
    """Until it is so."""
    end_s = time.monotonic() + deadline_s
    while not is_so():
        assert time.monotonic() < end_s
        time.sleep(0.02)


@contextmanager
def connected(section: MqttSection, asked: Callable[[bytes], None] | None = None) -> Iterator[Mqtt]:
    """The kiosk's side, once it is connected."""
    output = Mqtt(section, asked)
    output.start()
    try:
        wait_for(lambda: output.is_connected)
        yield output
    finally:
        output.stop()
