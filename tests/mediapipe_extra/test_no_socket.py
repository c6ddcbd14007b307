"""MediaPipe never has a socket, by the kernel's own account. Needs strace."""

from __future__ import annotations

import sys
from concurrent.futures import Future
from pathlib import Path

from mediapipe_extra.conftest import Traced
from system.tracing import Call, after_first_filter, execs, network_calls, traced

ASK_OVER = ("--age-limit", "12", "--challenge-age", "15")
REFUSED = "= -1 EPERM (Operation not permitted)"
UNKNOWN = "syscall_"
"""How strace names a call that no kernel has: MediaPipe tries one that only Google's may know."""


def granted(calls: list[Call]) -> list[Call]:
    """The same, less those that the kernel has refused."""
    return [call for call in asked_for(calls) if not call.line.endswith(REFUSED)]


def asked_for(calls: list[Call]) -> list[Call]:
    """Those that reach beyond a pair of local sockets."""
    return [call for call in network_calls(calls) if not call.name.startswith(UNKNOWN)]


def test_a_check_never_has_a_socket(portrait: Path, cat: Path, tmp_path: Path) -> None:
    """From the program's start to its end, in every process; MediaPipe does ask for one."""
    arguments = ["check", str(portrait), str(cat), *ASK_OVER, "--detector", "mediapipe"]
    ran, calls = traced([sys.executable, "-m", "agecheck", *arguments], tmp_path)
    assert (ran.stderr, ran.returncode) == (b"", 20)
    lines = ran.stdout.decode().splitlines()
    assert [line.split("\t")[1] for line in lines] == ["OVER", "INCONCLUSIVE NO_FACE"]
    assert granted(calls) == []
    assert execs(after_first_filter(calls)) == []
    # Ours, to see that none can be had, and MediaPipe's, as it is loaded.
    assert [call.name for call in asked_for(calls)] == ["socket", "socket"]


def test_an_idle_minute_later_it_still_has_none(idle_minute: Future[Traced]) -> None:
    """Metrics would be sent now. The same worker lives on without, and answers."""
    ran, calls = idle_minute.result()
    assert (ran.stderr, ran.stdout.decode()) == (b"", "OVER OVER True\n")
    assert granted(calls) == []
    assert execs(after_first_filter(calls)) == []


def test_a_granted_socket_would_be_found(tmp_path: Path) -> None:
    """The proof above can fail: a socket that nobody refuses is one too many."""
    program = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"
    _, calls = traced([sys.executable, "-c", program], tmp_path)
    assert "socket" in {call.name for call in granted(calls)}
