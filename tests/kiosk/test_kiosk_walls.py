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
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agecheck.kiosk import walls
from agecheck.kiosk.source import CameraSource
from agecheck.live_page.frames import Frames

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


def test_a_file_of_etc_that_cannot_be_looked_at_is_passed_over(tmp_path: Path) -> None:
    """A link to where capture may not look, or to nothing, does not keep the kiosk from starting.

    A name that is too long stands for a folder without leave: root may enter any."""
    (tmp_path / "for all").touch(0o644)
    (tmp_path / "for one").touch(0o600)
    (tmp_path / "nowhere").symlink_to(tmp_path / ("x" * 300))
    (tmp_path / "gone").symlink_to(tmp_path / "nothing")
    named = [path for path in walls._parts_of_programs(tmp_path) if path.startswith(str(tmp_path))]
    assert named == [str(tmp_path / "for all")]


def test_packages_are_read_wherever_they_are_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`pip install --target` with PYTHONPATH works; the working directory's keys stay unread."""
    for name in ("target", "here", "mine"):
        (tmp_path / name / "some.dist-info").mkdir(parents=True)
    (tmp_path / "mine" / "some.dist-info").rmdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(sys, "path", ["", ".", *(str(path) for path in tmp_path.iterdir())])
    named = [path for path in walls._parts_of_programs() if path in sys.path]
    assert named == [str(tmp_path / "target")]


def test_a_camera_that_is_plugged_in_again_ends_capture(tmp_path: Path) -> None:
    """The walls let the device through that was there; for another, new walls are needed."""
    camera = tmp_path / "camera"
    camera.touch()
    with subprocess.Popen(  # noqa: S603
        [sys.executable, __file__, "camera", str(camera)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "not walled off\n"
        camera.rename(tmp_path / "unplugged")
        camera.touch()
        said, _ = process.communicate("\n", timeout=60)
    assert said == "walled off\n"


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


def _camera(path: str) -> None:
    """Says twice whether the camera is walled off: at once, and when a line has come."""
    walls.around_capture(os.getppid(), devices=[path])
    for _ in range(2):
        said: list[str] = []
        stop = threading.Event()
        threading.Timer(1.0, stop.set).start()
        CameraSource(path, walled_off=lambda: said.append("walled off")).run(Frames(), stop)  # noqa: B023
        print(*(said or ["not walled off"]), flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    if sys.argv[1] == "camera":
        _camera(sys.argv[2])
    else:
        _main(*sys.argv[1:])
