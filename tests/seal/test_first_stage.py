"""What a library can reach while the fork server loads it."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

# A pair of datagram sockets has an address book of its own: sendto takes any name on the machine.
SEND = """
import socket, sys
from agecheck.seal import walls
if sys.argv[1] == "behind":
    print(*sorted(walls.first_stage()))
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
ours.sendto(b"a face", sys.argv[2])
"""
# What a call before it has left in errno, the Landlock library takes for an error of its own.
AFTER_AN_ERROR = """
import ctypes, errno
from agecheck.seal import walls
ctypes.set_errno(errno.EPERM)
print(walls.stands(walls.restrict))
open("/dev/null")
"""


def test_landlock_stands_whatever_failed_before_it() -> None:
    """A kernel that refuses one wall is no reason to go without the next."""
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-c", AFTER_AN_ERROR], capture_output=True, text=True
    )
    assert ran.stdout.strip() == "True"
    assert "PermissionError" in ran.stderr


@pytest.mark.parametrize("where", ["behind", "without"])
def test_no_datagram_reaches_a_local_listener(where: str, tmp_path: Path) -> None:
    """A log daemon on this machine may send on what it is told; a pair needs neither socket() nor
    connect() to tell it. Without the stage the same program gets through."""
    listening = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(listening))
        listener.setblocking(False)
        sender = subprocess.run(  # noqa: S603
            [sys.executable, "-c", SEND, where, str(listening)], capture_output=True, text=True
        )
        if where == "without":
            assert listener.recv(16) == b"a face"
        else:
            assert sender.stdout.strip() == "landlock no-new-privileges seccomp"
            assert "PermissionError" in sender.stderr
            with pytest.raises(BlockingIOError):
                listener.recv(16)
