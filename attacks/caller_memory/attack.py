"""Poisoned code reaches into the calling process, which holds the keys and can send."""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from attacks.attempt import LIBC, SECRET, Attempt, Scene, Try, system_call

_PTRACE_SEIZE = 0x4206


@contextmanager
def caller() -> Iterator[Scene]:
    """The calling process with a page of memory, an open file and a variable of its own."""
    page = ctypes.create_string_buffer(b"a key of the caller's", 64)
    os.environ["AGECHECK_ATTACK_KEY"] = "a key of the caller's"
    with tempfile.TemporaryFile() as file:
        file.write(b"a key of the caller's")
        file.flush()
        given = {"pid": os.getpid(), "at": ctypes.addressof(page), "fd": file.fileno()}
        try:
            yield Scene(given)
        finally:
            del os.environ["AGECHECK_ATTACK_KEY"]


@contextmanager
def written_caller() -> Iterator[Scene]:
    """The same, watched for a change."""
    page = ctypes.create_string_buffer(b"as it was", 64)
    yield Scene(
        {"pid": os.getpid(), "at": ctypes.addressof(page)}, lambda: SECRET in bytes(page.raw)
    )


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("size_bytes", ctypes.c_size_t))


class ReadMemory(Attempt):
    def act(self, data: bytes) -> bool:
        page = ctypes.create_string_buffer(64)
        here = _Vector(ctypes.addressof(page), 64)
        there = _Vector(self.given["at"], 64)
        vectors = ctypes.byref(here), 1, ctypes.byref(there), 1
        system_call("process_vm_readv", self.given["pid"], *vectors, 0)
        return b"key" in page.raw and bool(data)


class WriteMemory(Attempt):
    def act(self, data: bytes) -> bool:
        page = ctypes.create_string_buffer(data)
        here = _Vector(ctypes.addressof(page), len(data))
        there = _Vector(self.given["at"], len(data))
        vectors = ctypes.byref(here), 1, ctypes.byref(there), 1
        system_call("process_vm_writev", self.given["pid"], *vectors, 0)
        return True


class MemoryFile(Attempt):
    def act(self, data: bytes) -> bool:
        with Path(f"/proc/{self.given['pid']}/mem").open("rb", buffering=0) as memory:
            memory.seek(self.given["at"])
            return b"key" in memory.read(64) and bool(data)


class WriteMemoryFile(Attempt):
    def act(self, data: bytes) -> bool:
        with Path(f"/proc/{self.given['pid']}/mem").open("r+b", buffering=0) as memory:
            memory.seek(self.given["at"])
            memory.write(data)
        return True


class Environment(Attempt):
    """The variables that the caller began with."""

    def act(self, data: bytes) -> bool:
        return bool(Path(f"/proc/{self.given['pid']}/environ").read_bytes() and data)


class OwnEnvironment(Attempt):
    """The variables that the caller has now, as a child inherits them."""

    def act(self, data: bytes) -> bool:
        return "AGECHECK_ATTACK_KEY" in os.environ and bool(data)


class Trace(Attempt):
    """Take hold of the caller as a debugger does. The hold ends with this process."""

    def act(self, data: bytes) -> bool:
        LIBC.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
        if LIBC.ptrace(_PTRACE_SEIZE, self.given["pid"], None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")
        return bool(data)


class StealDescriptor(Attempt):
    def act(self, data: bytes) -> bool:
        descriptor = system_call(
            "pidfd_getfd", os.pidfd_open(self.given["pid"]), self.given["fd"], 0
        )
        return b"key" in os.pread(descriptor, 64, 0) and bool(data)


class DescriptorFile(Attempt):
    def act(self, data: bytes) -> bool:
        path = Path(f"/proc/{self.given['pid']}/fd/{self.given['fd']}")
        return b"key" in path.read_bytes() and bool(data)


class KeyFile(Attempt):
    """A file of the caller's, by its name."""

    def act(self, data: bytes) -> bool:
        return b"key" in Path(self.given["path"]).read_bytes() and bool(data)


@contextmanager
def key_file() -> Iterator[Scene]:
    """A key in a file that only this user may read."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"a key of the caller's")
        file.flush()
        yield Scene({"path": file.name})


_READ = ("openat", "open", "fstat", "newfstatat", "ioctl", "lseek", "read", "pread64", "write")
_Case = tuple[str, type[Attempt], tuple[str, ...], Callable[[], AbstractContextManager[Scene]]]
_CASES: tuple[_Case, ...] = (
    ("read its memory", ReadMemory, ("process_vm_readv",), caller),
    ("write its memory", WriteMemory, ("process_vm_writev",), written_caller),
    ("read /proc/PID/mem", MemoryFile, _READ, caller),
    ("write /proc/PID/mem", WriteMemoryFile, _READ, written_caller),
    ("read /proc/PID/environ", Environment, _READ, caller),
    ("take hold of it by ptrace", Trace, ("ptrace",), caller),
    ("steal a descriptor", StealDescriptor, ("pidfd_open", "pidfd_getfd", "pread64"), caller),
    ("open a descriptor's file", DescriptorFile, _READ, caller),
)
TRIES = (
    *(Try(name, attempt, calls=calls, scene=scene) for name, attempt, calls, scene in _CASES),
    *(
        Try(f"{name}, fork server", attempt, "server", scene=scene)
        for name, attempt, _, scene in _CASES
    ),
    Try("its variables, inherited", OwnEnvironment, scene=caller),
    Try("its variables, inherited, fork server", OwnEnvironment, "server", scene=caller),
    Try("its key file", KeyFile, calls=_READ, scene=key_file),
)
