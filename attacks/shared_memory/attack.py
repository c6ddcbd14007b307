"""Poisoned code writes where another process can read: memory that two of them share."""

from __future__ import annotations

import array  # noqa: F401 (socket.send_fds imports it when it is called)
import ctypes
import mmap
import os
import socket
from collections.abc import Iterator
from typing import Any

import numpy as np

from agecheck.seal.channel import PICTURE_FD, Task, TaskKind, send_task
from agecheck.seal.memory import sealed_memfd
from agecheck.seal.pool import WorkerPool
from agecheck.seal.setup import WorkerSetup
from agecheck.verdict import CheckResult, Verdict
from attacks.attempt import LIBC, SECRET, Attempt, Try, system_call
from attacks.trial import Outcome, outcome

_PAGE_BYTES = 4096
_ANSWER_S = 5
LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_long)
LIBC.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


def _map(size_bytes: int, protection: int, flags: int, descriptor: int = -1) -> int:
    address = LIBC.mmap(None, size_bytes, protection, flags, descriptor, 0)
    if address in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "mmap")
    return int(address)


_READ_WRITE = mmap.PROT_READ | mmap.PROT_WRITE


class Anonymous(Attempt):
    def act(self, data: bytes) -> bool:
        address = _map(_PAGE_BYTES, _READ_WRITE, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)
        ctypes.memmove(address, data, len(data))
        return True


class Inherited(Attempt):
    """Shared with the fork server, which would go on reading it."""

    def prepare(self) -> None:
        self._address = _map(_PAGE_BYTES, _READ_WRITE, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)

    def act(self, data: bytes) -> bool:
        ctypes.memmove(self._address, data, len(data))
        return ctypes.string_at(self._address, len(data)) == data


class InheritedMemfd(Attempt):
    """An anonymous file: its descriptor is closed by the walls, what is mapped of it stays."""

    def prepare(self) -> None:
        descriptor = os.memfd_create("kept")
        os.truncate(descriptor, _PAGE_BYTES)
        self._address = _map(_PAGE_BYTES, _READ_WRITE, mmap.MAP_SHARED, descriptor)

    def act(self, data: bytes) -> bool:
        ctypes.memmove(self._address, data, len(data))
        return ctypes.string_at(self._address, len(data)) == data


class SystemV(Attempt):
    """Memory with a key that any process of this user can ask for."""

    def act(self, data: bytes) -> bool:
        remove = 0
        identifier = system_call("shmget", 0, _PAGE_BYTES, 0o1600)
        try:
            system_call("shmat", identifier, 0, 0)
        finally:
            system_call("shmctl", identifier, remove, 0)
        return bool(data)


class Executable(Attempt):
    """Memory for code of one's own, for system calls in another form than the filter knows."""

    def act(self, data: bytes) -> bool:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        return _map(_PAGE_BYTES, _READ_WRITE | mmap.PROT_EXEC, flags) > 0 and bool(data)


class MadeExecutable(Attempt):
    def act(self, data: bytes) -> bool:
        address = _map(_PAGE_BYTES, _READ_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        ctypes.memmove(address, data, len(data))
        if LIBC.mprotect(address, _PAGE_BYTES, mmap.PROT_READ | mmap.PROT_EXEC) != 0:
            raise OSError(ctypes.get_errno(), "mprotect")
        return True


class SendDescriptor(Attempt):
    """A message with a descriptor beside it, for a process that has the memory behind it."""

    def prepare(self) -> None:
        self._ours, self._theirs = socket.socketpair()

    def act(self, data: bytes) -> bool:
        return socket.send_fds(self._ours, [data[:1]], [self._ours.fileno()]) == 1


_MAP = ("mmap", "mprotect")
TRIES = (
    Try("anonymous", Anonymous, calls=_MAP),
    Try("anonymous, from the fork server", Inherited),
    Try("anonymous, from before the walls", Inherited, prepare_stage="before_seal"),
    Try("an anonymous file, from the fork server", InheritedMemfd),
    Try("system v", SystemV, calls=("shmget", "shmat", "shmctl")),
    Try("system v, fork server", SystemV, "server"),
    Try("executable", Executable, calls=_MAP),
    Try("made executable", MadeExecutable, calls=_MAP),
    Try("a descriptor sent away", SendDescriptor, calls=("sendmsg",)),
)


class Overwriter:
    """Writes over the picture that it was handed, where it is mapped or where it maps it anew."""

    def __init__(self, *, anew: bool) -> None:
        self._anew = anew

    def before_seal(self) -> None:
        pass

    def check(self, source: Any) -> CheckResult:
        if self._anew:
            address = _map(len(source), _READ_WRITE, mmap.MAP_SHARED, PICTURE_FD)
        else:
            address = np.frombuffer(source, np.uint8).ctypes.data
            LIBC.mprotect(address, len(source), _READ_WRITE)
        ctypes.memset(address, 0, len(source))
        return CheckResult(Verdict.OVER)

    def open_session(self, script: bytes) -> Any:
        raise NotImplementedError


def run() -> Iterator[Outcome]:
    """The calling process keeps the picture's descriptor, and looks whether it changed."""
    control = _changes_plain_memfd()
    for anew in (False, True):
        pool = WorkerPool(WorkerSetup(f"{__name__}:Overwriter", {"anew": anew}), concurrency=1)
        descriptor = sealed_memfd(SECRET)
        worker = pool.reserve()
        worker._channel.settimeout(_ANSWER_S)
        try:
            task = Task(TaskKind.ENCODED, size_bytes=len(SECRET))
            send_task(worker._channel, task, descriptor)
            answered = worker._channel.recv(1) != b""
            changed = os.pread(descriptor, len(SECRET), 0) != SECRET
        finally:
            pool.discard(worker)
            pool.close()
            os.close(descriptor)
        yield outcome(
            "the picture, mapped anew" if anew else "the picture, made writable",
            control=control,
            succeeded=changed or (anew and answered),
            by="worker killed" if anew else "the mapping is private: what it wrote is its own",
        )


def _changes_plain_memfd() -> bool:
    """The control: without the seals on the file and the walls, it does change."""
    descriptor = os.memfd_create("plain")
    try:
        os.write(descriptor, SECRET)
        address = _map(len(SECRET), _READ_WRITE, mmap.MAP_SHARED, descriptor)
        ctypes.memset(address, 0, len(SECRET))
        return os.pread(descriptor, len(SECRET), 0) == bytes(len(SECRET))
    finally:
        os.close(descriptor)
