"""A small file that only this user can read, replaced whole or not at all.

For what a device keeps beside its key. Python's OSError names the path, so none is let out.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from agecheck.errors import AgecheckError

_MODE = 0o600


class PrivateFileError(AgecheckError):
    """The file cannot be read, written or trusted. The message repeats neither path nor content."""


def read(path: Path, *, max_bytes: int) -> bytes | None:
    """The file's content, or None where there is no file.

    Owner, mode and kind are taken from the opened file; a symlink at the end is not followed.

    Raises:
        PrivateFileError: it is not ours alone, longer than `max_bytes`, or unreadable.
    """
    fault = "the file cannot be read"
    descriptor = -1
    try:
        # O_NONBLOCK: opening a named pipe would wait for a writer otherwise.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path, flags)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            fault = "the file is not a regular file of this user"
        elif status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            fault = "others than its owner have access to the file; its mode must be 0600"
        else:
            with os.fdopen(os.dup(descriptor), "rb") as file:
                content = file.read(max_bytes + 1)
            if len(content) <= max_bytes:
                return content
            fault = "the file is longer than any that this version writes"
    except FileNotFoundError:
        return None
    except (OSError, ValueError):  # ValueError: a NUL character in the path
        pass
    finally:
        if descriptor >= 0:
            os.close(descriptor)
    raise PrivateFileError(fault)


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
        raise PrivateFileError("the file cannot be written")
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
