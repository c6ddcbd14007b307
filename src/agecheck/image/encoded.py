"""An encoded picture's bytes, from a buffer or a file. The standard library is enough for it."""

from __future__ import annotations

import os
import stat
from typing import Any, BinaryIO

from agecheck.errors import ImageError, ImageFault

MAX_ENCODED_BYTES = 32 * 1024 * 1024
"""Encoded size. A phone's 50-megapixel JPEG has about 15 MiB."""


def bytes_of_buffer(source: bytes | bytearray | memoryview) -> bytes:
    """The bytes a caller handed in, copied unless they cannot change.

    Raises:
        ImageError: WRONG_TYPE, TOO_MANY_BYTES.
    """
    try:
        n_bytes = memoryview(source).nbytes
    except ValueError:  # a released memoryview
        raise ImageError(ImageFault.WRONG_TYPE) from None
    if n_bytes > MAX_ENCODED_BYTES:
        raise ImageError(ImageFault.TOO_MANY_BYTES)
    return bytes(source)  # no copy when it is bytes already


def bytes_of_file(path: str | os.PathLike[Any]) -> bytes:
    """Read a regular file once, never more than the limit, and never wait for a device or pipe.

    Raises:
        ImageError: NOT_FOUND, IS_A_DIRECTORY, UNREADABLE, TOO_MANY_BYTES.
    """
    try:
        with open_regular(path) as file:
            data = file.read(MAX_ENCODED_BYTES + 1)  # whatever the size was: the file may grow
        if len(data) <= MAX_ENCODED_BYTES:
            return data
        fault = ImageFault.TOO_MANY_BYTES
    except ImageError as error:
        fault = error.fault
    except FileNotFoundError:
        fault = ImageFault.NOT_FOUND
    except Exception:  # OSError; ValueError from a null byte in the path; a broken __fspath__
        fault = ImageFault.UNREADABLE
    raise ImageError(fault)  # out here, so that the system's error, with the path, is not kept


def open_regular(path: str | os.PathLike[Any]) -> BinaryIO:
    """Open a regular file to read it, and never wait for a device or pipe.

    Raises:
        ImageError: IS_A_DIRECTORY, UNREADABLE: it is no regular file.
        OSError, ValueError: as `open` has them.
    """
    # O_NONBLOCK keeps the opening of a pipe from waiting for a writer. The checks are made on
    # what was opened, so a path that changes meanwhile cannot get around them.
    flags = os.O_RDONLY
    for name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):  # not all exist everywhere
        flags |= getattr(os, name, 0)
    descriptor = os.open(path, flags)
    try:
        kind = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(kind):
            raise ImageError(ImageFault.IS_A_DIRECTORY)
        if not stat.S_ISREG(kind):
            raise ImageError(ImageFault.UNREADABLE)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise
