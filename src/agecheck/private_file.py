"""A small file that only this user can read, replaced whole or not at all.

For what a device keeps beside its key. Python's OSError names the path, so none is let out.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from enum import StrEnum
from pathlib import Path

from agecheck.errors import AgecheckError

_MODE = 0o600
_ROOT_UID = _ROOT_GID = 0


class PrivateFileFault(StrEnum):
    """What is wrong with a file, to be said of it by whoever knows what it is."""

    UNREADABLE = "cannot be read"
    SYMLINK = "is a symlink; give the path of the file itself"
    NOT_REGULAR = "is not a regular file"
    OTHER_OWNER = "belongs to another user"
    SHARED = "is open to others than its owner; its mode must be 0600"
    TOO_LONG = "is longer than any that this version takes"
    UNWRITABLE = "cannot be written"


class PrivateFileError(AgecheckError):
    """The file cannot be read, written or trusted. The message repeats neither path nor content."""

    def __init__(self, fault: PrivateFileFault) -> None:
        self.fault = fault
        super().__init__(f"the file {fault.value}")

    def __reduce__(self) -> tuple[type[PrivateFileError], tuple[PrivateFileFault]]:
        return type(self), (self.fault,)


def read(path: Path, *, max_bytes: int, may_be_roots: bool = False) -> bytes | None:
    """The file's content, or None where there is no file.

    Owner, mode and kind are taken from the opened file, so that it cannot be swapped between the
    check and the read; a symlink at the end of the path is not followed.

    Args:
        path: where it is.
        max_bytes: a longer file is refused.
        may_be_roots: root may own it, and its group may be root's with leave to read. So systemd
            hands a credential to its service, by an access list that shows in the group's mode.

    Raises:
        PrivateFileError: it is not ours alone, longer than `max_bytes`, or unreadable.
    """
    fault = PrivateFileFault.UNREADABLE
    descriptor = -1
    try:
        # O_NONBLOCK: opening a named pipe would wait for a writer otherwise.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path, flags)
        distrusted = _distrust(os.fstat(descriptor), may_be_roots=may_be_roots)
        if distrusted is not None:
            fault = distrusted
        else:
            with os.fdopen(os.dup(descriptor), "rb") as file:
                content = file.read(max_bytes + 1)
            if len(content) <= max_bytes:
                return content
            fault = PrivateFileFault.TOO_LONG
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            fault = PrivateFileFault.SYMLINK
    except ValueError:  # a NUL character in the path
        pass
    finally:
        if descriptor >= 0:
            os.close(descriptor)
    raise PrivateFileError(fault)


def _distrust(status: os.stat_result, *, may_be_roots: bool) -> PrivateFileFault | None:
    if not stat.S_ISREG(status.st_mode):
        return PrivateFileFault.NOT_REGULAR
    others = stat.S_IRWXG | stat.S_IRWXO
    if status.st_uid != os.geteuid():
        if not may_be_roots or status.st_uid != _ROOT_UID:
            return PrivateFileFault.OTHER_OWNER
        if status.st_gid == _ROOT_GID:
            others &= ~stat.S_IRGRP
    return PrivateFileFault.SHARED if status.st_mode & others else None


def replace(path: Path, content: bytes, *, by_way_of: Path | None = None) -> None:
    """Write the file, mode 0600, and return once it is on disk under its name.

    Some file systems cannot sync a folder. The file is replaced there all the same, and only a
    power cut at that moment can bring back what was there before.

    Args:
        path: where it goes.
        content: what it holds.
        by_way_of: where it is written first, for a caller that is alone there: what a crash left
            under that name is removed. Left out, a name that nobody else has.

    Raises:
        PrivateFileError: it cannot be written. What was there before is still there.
    """
    temporary = by_way_of or path.parent / f".agecheck-{secrets.token_hex(8)}.tmp"
    written = False
    try:
        temporary.unlink(missing_ok=True)
        write_durably(temporary, content)
        temporary.replace(path)
        written = True
    except (OSError, ValueError):
        pass
    finally:
        with contextlib.suppress(OSError, ValueError):
            temporary.unlink()
    if not written:
        raise PrivateFileError(PrivateFileFault.UNWRITABLE)
    with contextlib.suppress(OSError):
        sync_folder(path.parent)


def write_durably(path: Path, content: bytes) -> None:
    """Write a file that did not exist, mode 0600, and return once its bytes are on disk.

    Raises:
        OSError, ValueError: it cannot be written; a part of it may be there.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, _MODE), "wb") as file:
        os.fchmod(file.fileno(), _MODE)  # whatever the umask took away
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Return once the folder's names are on disk.

    Raises:
        OSError: some file systems cannot.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
