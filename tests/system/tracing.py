"""Runs a program under strace (Debian: strace) and finds system calls that must not be there.

A socket comes into being in three ways: `socket`, `socketpair`, and as a gift from another process.
So where the first is never called, the second only for AF_UNIX, and the program begins with pipes
alone, what the sending and receiving calls speak over are the pairs of local sockets that it made.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_S = 120
ON_A_PAIR = frozenset(
    {
        *("socketpair", "sendto", "sendmsg", "recvfrom", "recvmsg", "shutdown"),
        *("getsockname", "getpeername", "getsockopt", "setsockopt"),
    }
)
"""What a process may call over a pair of local sockets, and no more of the network's calls."""
_TRACED = "%network,io_uring_setup,execve,execveat,seccomp"
_EXECS = frozenset({"execve", "execveat"})
_LINE = re.compile(r"(?P<pid>\d+) +(?:<\.\.\. )?(?P<name>\w+)(?:\(| resumed>)")
_FAMILY = re.compile(r"\b(?:AF|PF)_\w+")
_FILTER_LOADED = re.compile(r"seccomp\(SECCOMP_SET_MODE_FILTER, .*\{len=")


@dataclass(frozen=True)
class Call:
    """One line of strace's account: the beginning of a call, its end, or both."""

    pid: int
    name: str
    line: str


def traced(
    command: list[str], folder: Path, stdin: bytes = b""
) -> tuple[subprocess.CompletedProcess[bytes], list[Call]]:
    """Run a command and all its children under strace.

    Returns:
        How the command ended, and the calls of all its processes that are of interest here, in the
        order in which they were seen.
    """
    log = folder / "strace.log"
    ran = subprocess.run(  # noqa: S603
        ["strace", "-f", "-qq", "-s", "200", "-e", f"trace={_TRACED}", "-o", str(log), *command],  # noqa: S607
        input=stdin,
        capture_output=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    found = ((_LINE.match(line), line) for line in lines)
    return ran, [Call(int(m["pid"]), m["name"], line) for m, line in found if m]


def network_calls(calls: list[Call]) -> list[Call]:
    """Those that reach, or try to reach, beyond a pair of local sockets; refused ones included."""
    return [
        call
        for call in calls
        if call.name not in _EXECS | {"seccomp"}
        and (call.name not in ON_A_PAIR or not _only_local(call.line))
    ]


def execs(calls: list[Call]) -> list[Call]:
    """The calls that run a program, those that were refused included."""
    return [call for call in calls if call.name in _EXECS and "resumed>" not in call.line]


def after_first_filter(calls: list[Call]) -> list[Call]:
    """What came after any process had loaded a system call filter.

    Raises:
        ValueError: none did.
    """
    for position, call in enumerate(calls):
        if loads_filter(call):
            return calls[position + 1 :]
    raise ValueError("no filter was ever loaded")


def loads_filter(call: Call) -> bool:
    """Whether it loads a system call filter; libseccomp also makes calls that only ask."""
    return _FILTER_LOADED.search(call.line) is not None


def _only_local(line: str) -> bool:
    return set(_FAMILY.findall(line)) <= {"AF_UNIX"}
