"""A picture's way into the worker: a sealed memfd, which neither side can write to any more."""

from __future__ import annotations

import fcntl
import mmap
import os

# Linux 5.1, not among Python 3.11's names. F_SEAL_WRITE would also look for writable mappings made
# before, of which a new file has none, and for that it waits for every page to be let go of: on a
# busy machine the kernel gives up after 150 ms, with EBUSY.
F_SEAL_FUTURE_WRITE = 0x0010
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | F_SEAL_FUTURE_WRITE


def sealed_memfd(data: bytes | bytearray | memoryview) -> int:
    """A new anonymous file with these bytes that nobody can change; the caller closes it."""
    descriptor = os.memfd_create("agecheck", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        rest = memoryview(data).cast("B")
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def map_sealed(descriptor: int, size_bytes: int) -> mmap.mmap:
    """Map such a file, private and read-only.

    Raises:
        ValueError: it is not sealed, or has another size.
    """
    if fcntl.fcntl(descriptor, fcntl.F_GET_SEALS) & _SEALS != _SEALS:
        raise ValueError("the file is not sealed")
    if os.lseek(descriptor, 0, os.SEEK_END) != size_bytes:  # the filter refuses most of stat
        raise ValueError("the file has another size")
    flags = mmap.MAP_PRIVATE | mmap.MAP_POPULATE  # all pages at once, not fault by fault
    return mmap.mmap(descriptor, size_bytes, flags=flags, prot=mmap.PROT_READ)
