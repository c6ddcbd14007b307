"""What the walls of capture and outputs refuse and leave, in real processes behind them."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import json
import os
import pty
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from agecheck.kiosk import walls

TIOCSTI, TIOCLINUX = 0x5412, 0x541C
REFUSED = errno.errorcode[errno.EPERM]


def said_behind(role: str) -> dict[str, str]:
    """What each try came to in a process behind the walls of `role`: "ok" or an error's name."""
    with tempfile.NamedTemporaryFile() as key, tempfile.NamedTemporaryFile() as named:
        ended = subprocess.run(  # noqa: S603
            [sys.executable, __file__, role, key.name, named.name],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    said: dict[str, str] = json.loads(ended.stdout)
    return said


@pytest.fixture(scope="module")
def capture() -> dict[str, str]:
    return said_behind("capture")


def test_capture_makes_no_socket_that_sends_to_a_name(capture: dict[str, str]) -> None:
    """Nobody on this machine gets a frame by a socket that takes an address with each message."""
    for name in ("SOCK_DGRAM", "SOCK_RAW", "SOCK_RDM", "SOCK_RAW, not blocking"):
        assert capture[name] == REFUSED, name


def test_capture_cannot_connect_the_page_s_socket(capture: dict[str, str]) -> None:
    """TCP fast open connects without `connect`; a socket that listened would do for it."""
    for name in ("fast open, sendmsg", "fast open, sendto", "sendmmsg"):
        assert capture[name] == REFUSED, name


def test_capture_reads_no_key(capture: dict[str, str]) -> None:
    """Of the user's files, only what programs are made of and what the settings name for it."""
    for name in ("a key", "a key by /proc"):
        assert capture[name] == errno.errorcode[errno.EACCES], name
    for name in ("a named file", "the package", "the libraries", "the processors"):
        assert capture[name] == "ok", name


def test_capture_still_works(capture: dict[str, str]) -> None:
    """Its server's event loop and the pairs for the sealed worker, which go nowhere else."""
    for name in ("asyncio", "SOCK_STREAM", "SOCK_SEQPACKET", "a descriptor sent"):
        assert capture[name] == "ok", name


@pytest.mark.parametrize("role", ["capture", "outputs"])
def test_nobody_types_into_the_terminal(role: str) -> None:
    """Neither process can have a command run by the shell that the kiosk was started from."""
    said = said_behind(role)
    assert said["TIOCSTI"] == said["TIOCLINUX"] == REFUSED
    assert said["another ioctl"] == "ok"


def _main(role: str, key: str, named: str) -> None:
    from attacks.attempt import system_call

    listening, page = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    there = listening.getsockname()
    _, terminal = pty.openpty()
    if role == "capture":
        walls.around_capture(os.getppid(), files=[named])
    else:
        walls.around_outputs(os.getppid(), runs_programs=False)
    page.shutdown(socket.SHUT_RDWR)
    fast = socket.MSG_FASTOPEN
    tries: dict[str, Callable[[], object]] = {
        "SOCK_DGRAM": lambda: _pair(socket.SOCK_DGRAM),
        "SOCK_RAW": lambda: _pair(socket.SOCK_RAW),
        "SOCK_RAW, not blocking": lambda: _pair(socket.SOCK_RAW | socket.SOCK_NONBLOCK),
        "SOCK_RDM": lambda: _pair(socket.SOCK_RDM),
        "SOCK_STREAM": lambda: _pair(socket.SOCK_STREAM | socket.SOCK_NONBLOCK),
        "SOCK_SEQPACKET": lambda: _pair(socket.SOCK_SEQPACKET),
        "a descriptor sent": lambda: socket.send_fds(_pair(socket.SOCK_STREAM)[0], [b"x"], [0]),
        "asyncio": lambda: asyncio.run(asyncio.sleep(0)),
        "fast open, sendmsg": lambda: page.sendmsg([b"x"], [], fast, there),
        "fast open, sendto": lambda: page.sendto(b"x", fast, there),
        "sendmmsg": lambda: system_call("sendmmsg", page.fileno(), None, 0, 0),
        "a key": lambda: Path(key).read_bytes(),
        "a key by /proc": lambda: Path(f"/proc/self/root{key}").read_bytes(),
        "a named file": lambda: Path(named).read_bytes(),
        "the package": lambda: Path(walls.__file__).read_bytes(),
        "the libraries": lambda: Path("/etc/ld.so.cache").read_bytes(),
        "the processors": lambda: Path("/sys/devices/system/cpu/online").read_bytes(),
        "TIOCSTI": lambda: fcntl.ioctl(terminal, TIOCSTI, b"x"),
        "TIOCLINUX": lambda: fcntl.ioctl(terminal, TIOCLINUX, b"\x03"),
        "another ioctl": lambda: os.get_terminal_size(terminal),
    }
    json.dump({name: _outcome(attempt) for name, attempt in tries.items()}, sys.stdout)


_KEPT: list[socket.socket] = []


def _pair(kind: int) -> tuple[socket.socket, socket.socket]:
    _KEPT.extend(pair := socket.socketpair(socket.AF_UNIX, kind))
    return pair


def _outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, "?")
    return "ok"


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    _main(*sys.argv[1:])
