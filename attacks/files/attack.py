"""Poisoned code leaves something in the file system, for a later process to take away."""

from __future__ import annotations

import os
from pathlib import Path

from attacks.attempt import Attempt, Try
from attacks.scenes import folder, named_pipe


class _InFolder(Attempt):
    @property
    def folder(self) -> Path:
        return Path(self.given["folder"])

    @property
    def there(self) -> Path:
        return self.folder / "there"


class Create(_InFolder):
    def act(self, data: bytes) -> bool:
        (self.folder / "left").write_bytes(data)
        return True


class Append(_InFolder):
    def act(self, data: bytes) -> bool:
        with self.there.open("ab") as file:
            file.write(data)
        return True


class Truncate(_InFolder):
    def act(self, data: bytes) -> bool:
        os.truncate(self.there, len(data) % 7)
        return True


class Folder(_InFolder):
    def act(self, data: bytes) -> bool:
        (self.folder / data.hex()).mkdir()
        return True


class Symlink(_InFolder):
    def act(self, data: bytes) -> bool:
        (self.folder / "left").symlink_to(data.hex())
        return True


class HardLink(_InFolder):
    def act(self, data: bytes) -> bool:
        (self.folder / data.hex()).hardlink_to(self.there)
        return True


class Rename(_InFolder):
    def act(self, data: bytes) -> bool:
        self.there.rename(self.folder / data.hex())
        return True


class Remove(_InFolder):
    def act(self, data: bytes) -> bool:
        self.there.unlink()
        return bool(data)


class Attribute(_InFolder):
    """A file that is already there can hold kilobytes in an attribute."""

    def act(self, data: bytes) -> bool:
        os.setxattr(self.there, "user.left", data)
        return True


class Times(_InFolder):
    """Eight bytes or so in a time of change."""

    def act(self, data: bytes) -> bool:
        os.utime(self.there, ns=(0, int.from_bytes(data[:7], "big")))
        return True


class Mode(_InFolder):
    def act(self, data: bytes) -> bool:
        self.there.chmod(0o600 | data[0] & 0o77)
        return True


class ModeByDescriptor(_InFolder):
    """A file that was opened for reading only can be changed in this way."""

    def act(self, data: bytes) -> bool:
        descriptor = os.open(self.there, os.O_RDONLY)
        try:
            os.fchmod(descriptor, 0o600 | data[0] & 0o77)
            os.utime(descriptor, ns=(0, int.from_bytes(data[:7], "big")))
            os.setxattr(descriptor, "user.left", data)
        finally:
            os.close(descriptor)
        return True


class Owner(_InFolder):
    def act(self, data: bytes) -> bool:
        os.chown(self.there, 1000 + data[0], -1)
        return True


class NamedPipe(Attempt):
    def act(self, data: bytes) -> bool:
        with Path(self.given["path"]).open("wb") as pipe:
            pipe.write(data)
        return True


class Memfd(Attempt):
    """An anonymous file, opened once more by its name below /proc."""

    def act(self, data: bytes) -> bool:
        descriptor = os.memfd_create("left")
        with Path(f"/proc/self/fd/{descriptor}").open("wb") as file:
            file.write(data)
        return os.pread(descriptor, len(data), 0) == data


_HOME = folder(Path.home())
_OPEN = ("openat", "open", "fstat", "lseek", "ioctl", "newfstatat", "write")
_EACH_WAY: tuple[tuple[str, type[Attempt], tuple[str, ...]], ...] = (
    ("add to a file", Append, _OPEN),
    ("cut a file", Truncate, ("truncate",)),
    ("make a folder", Folder, ("mkdir", "mkdirat")),
    ("make a symbolic link", Symlink, ("symlink", "symlinkat")),
    ("make a hard link", HardLink, ("link", "linkat")),
    ("rename a file", Rename, ("rename", "renameat", "renameat2")),
    ("remove a file", Remove, ("unlink", "unlinkat")),
    ("an extended attribute", Attribute, ("setxattr",)),
    ("a file's times", Times, ("utimensat",)),
    ("a file's mode", Mode, ("chmod", "fchmodat")),
    ("a file's mode, by descriptor", ModeByDescriptor, _OPEN),
    ("a file's owner", Owner, ("chown", "fchownat")),
)
TRIES = (
    Try("a file in the temporary folder", Create, calls=_OPEN, scene=folder()),
    Try("the same, before the walls", Create, "before_seal", scene=folder()),
    Try("the same, fork server", Create, "server", scene=folder()),
    Try("a file in the home folder", Create, calls=_OPEN, scene=_HOME),
    Try("the same, fork server", Create, "server", scene=_HOME),
    Try("a file in shared memory", Create, calls=_OPEN, scene=folder(Path("/dev/shm"))),  # noqa: S108
    Try("the same, fork server", Create, "server", scene=folder(Path("/dev/shm"))),  # noqa: S108
    *(Try(name, attempt, calls=calls, scene=_HOME) for name, attempt, calls in _EACH_WAY),
    *(
        Try(f"{name}, fork server", attempt, "server", scene=_HOME)
        for name, attempt, _ in _EACH_WAY
    ),
    Try("a named pipe", NamedPipe, calls=_OPEN, scene=named_pipe),
    Try("a named pipe, fork server", NamedPipe, "server", scene=named_pipe),
    Try("an anonymous file", Memfd, calls=("memfd_create", "pread64", *_OPEN)),
)
