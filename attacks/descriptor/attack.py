"""Poisoned code opens something before the walls, and uses it on the picture."""

from __future__ import annotations

import ctypes
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attacks.attempt import Attempt, Scene, Try, system_call
from attacks.scenes import folder

_FAR_FROM_THE_CHANNEL = 50


class Reading(Attempt):
    """A file of the caller's, opened in the fork server, which may read."""

    def prepare(self) -> None:
        descriptor = os.open(Path(self.given["folder"]) / "there", os.O_RDONLY)
        self._descriptor = fcntl.fcntl(descriptor, fcntl.F_DUPFD, _FAR_FROM_THE_CHANNEL)

    def act(self, data: bytes) -> bool:
        return bool(os.read(self._descriptor, 9) and data)


class Pipe(Attempt):
    """A pipe whose other end another process keeps."""

    def prepare(self) -> None:
        self._ours, self._theirs = os.pipe()

    def act(self, data: bytes) -> bool:
        return os.write(self._theirs, data) == len(data)


class Memfd(Attempt):
    """An anonymous file that another process keeps."""

    def prepare(self) -> None:
        self._descriptor = os.memfd_create("kept")

    def act(self, data: bytes) -> bool:
        return os.pwrite(self._descriptor, data, 0) == len(data)


class Relative(Attempt):
    """A folder, from which files can be named without a path."""

    def prepare(self) -> None:
        self._descriptor = os.open(self.given["folder"], os.O_RDONLY | os.O_DIRECTORY)

    def act(self, data: bytes) -> bool:
        os.close(os.open("there", os.O_RDONLY, dir_fd=self._descriptor))
        return bool(data)


class Status(Attempt):
    """What is there, without opening it. On a network drive, the name that is asked for leaves."""

    def act(self, data: bytes) -> bool:
        return (Path(self.given["folder"]) / "there").stat().st_size > 0 and bool(data)


class StatusFromPicture(Attempt):
    """The same by the one call that may look at the picture's descriptor: a full path wins."""

    def act(self, data: bytes) -> bool:
        path = os.fsencode(Path(self.given["folder"]) / "there")
        result = ctypes.create_string_buffer(256)
        at_empty_path = 0x1000
        return system_call("newfstatat", 0, path, result, at_empty_path) == 0 and bool(data)


@contextmanager
def readable_folder() -> Iterator[Scene]:
    """A folder that is only looked at, so that the attempt's own word counts."""
    with folder()() as scene:
        yield Scene(scene.given)


_OPEN = ("openat", "open")
TRIES = (
    Try("a file", Reading, calls=("read",), scene=readable_folder),
    Try(
        *("a file, opened before the walls", Reading),
        prepare_stage="before_seal",
        calls=("read",),
        scene=readable_folder,
    ),
    Try("a pipe", Pipe, calls=("write",)),
    Try("a pipe, made before the walls", Pipe, prepare_stage="before_seal", calls=("write",)),
    Try("an anonymous file", Memfd, calls=("pwrite64",)),
    Try("a folder to open from", Relative, calls=_OPEN, scene=readable_folder),
    Try("a look at a path", Status, calls=("stat", "newfstatat"), scene=readable_folder),
    Try("a look at a path, as at the picture", StatusFromPicture, scene=readable_folder),
)
