"""Poisoned code prints: what stands on a terminal or in a log has left."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from attacks.attempt import Attempt, Try
from attacks.scenes import our_output, terminal


class Print(Attempt):
    def act(self, data: bytes) -> bool:
        stream = sys.__stdout__
        if stream is None:
            return False
        print(data.decode(), file=stream, flush=True)
        return True


class Descriptor(Attempt):
    def act(self, data: bytes) -> bool:
        written = 0
        for descriptor in (1, 2):
            written += os.write(descriptor, data)
        return written > 0


class Terminal(Attempt):
    def act(self, data: bytes) -> bool:
        with Path(self.given["path"]).open("wb", buffering=0) as file:
            file.write(data)
        return True


_OPEN = ("openat", "open", "fstat", "newfstatat", "ioctl", "lseek", "write")
TRIES = (
    Try("print", Print, calls=("write",), scene=our_output),
    Try("print, fork server", Print, "server", scene=our_output),
    Try("descriptors 1 and 2", Descriptor, calls=("write",), scene=our_output),
    Try("descriptors 1 and 2, before the walls", Descriptor, "before_seal", scene=our_output),
    Try("descriptors 1 and 2, fork server", Descriptor, "server", scene=our_output),
    Try("a terminal", Terminal, calls=_OPEN, scene=terminal),
    Try("a terminal, fork server", Terminal, "server", scene=terminal),
)
