"""Poisoned code speaks to the kernel in another form: 32-bit calls, or those of x32."""

from __future__ import annotations

import ctypes
import mmap
import platform

from attacks.attempt import LIBC, Attempt, Try
from attacks.shared_memory.attack import _map

_X32 = 0x4000_0000
_GETPID_64 = 39
_GETPID_32_BY_INT_80 = bytes.fromhex("53 b8 14 00 00 00 cd 80 5b c3")  # getpid, in i386's numbers


class Int80(Attempt):
    """32-bit calls have other numbers: 102 is socketcall there, getuid in the 64-bit filter.

    It takes code of one's own, so executable memory is made before the walls, where it may be.
    """

    def prepare(self) -> None:
        protection = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
        self._code = _map(4096, protection, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        ctypes.memmove(self._code, _GETPID_32_BY_INT_80, len(_GETPID_32_BY_INT_80))

    def act(self, data: bytes) -> bool:
        return ctypes.CFUNCTYPE(ctypes.c_int)(self._code)() > 0 and bool(data)


class X32(Attempt):
    """Works when the call reaches the kernel at all: most kernels are built without x32."""

    def act(self, data: bytes) -> bool:
        LIBC.syscall(ctypes.c_long(_X32 | _GETPID_64))
        return bool(data)


TRIES = (
    (
        Try("int 0x80", Int80),
        Try("int 0x80, fork server", Int80, "server"),
        Try("x32", X32),
        Try("x32, fork server", X32, "server"),
    )
    if platform.machine() == "x86_64"
    else ()
)
