"""Poisoned code writes into what `ps` shows: its command line, or its name.

Whoever watches a machine collects these, and sends them away.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

from attacks.attempt import Attempt, Try, system_call

_PR_SET_NAME = 15
_NAME_BYTES = 15


class CommandLine(Attempt):
    """The command line is memory of the process's own. Where it lies is found out before."""

    def prepare(self) -> None:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        self._start, end = int(fields[45]), int(fields[46])
        self._size_bytes = end - self._start

    def act(self, data: bytes) -> bool:
        """Worked when the kernel shows this memory, and it can be written."""
        if self._size_bytes < len(data):
            return False
        ctypes.memmove(self._start, data, len(data))
        return ctypes.string_at(self._start, len(data)) == data


class Name(Attempt):
    def act(self, data: bytes) -> bool:
        name = ctypes.create_string_buffer(data[:_NAME_BYTES])
        return system_call("prctl", _PR_SET_NAME, name, 0, 0, 0) == 0


class NameFile(Attempt):
    def act(self, data: bytes) -> bool:
        Path("/proc/self/comm").write_bytes(data[:_NAME_BYTES])
        return True


_OPEN = ("openat", "open", "fstat", "ioctl", "lseek", "write")
TRIES = (
    Try("the command line", CommandLine),
    Try("the command line, fork server", CommandLine, "server"),
    Try("the name", Name, calls=("prctl",)),
    Try("the name, fork server", Name, "server"),
    Try("the name, as a file", NameFile, calls=_OPEN),
    Try("the name, as a file, fork server", NameFile, "server"),
)
