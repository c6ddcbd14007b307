"""Poisoned code makes another process, which might stand behind fewer walls."""

from __future__ import annotations

import os
import signal

from attacks.attempt import Attempt, Try, system_call

TRUE = "/bin/true"


class Fork(Attempt):
    def act(self, data: bytes) -> bool:
        child = os.fork()
        if child == 0:
            os._exit(0)
        return child > 0 and bool(data)


class Clone(Attempt):
    """The system call itself, past the C library."""

    def act(self, data: bytes) -> bool:
        child = system_call("clone", int(signal.SIGCHLD), 0, 0, 0, 0)
        if child == 0:
            os._exit(0)
        return child > 0 and bool(data)


class Spawn(Attempt):
    """vfork and exec in one."""

    def act(self, data: bytes) -> bool:
        return os.posix_spawn(TRUE, [TRUE, data.hex()], {}) > 0


class Execute(Attempt):
    """Another program in this process's place. Never comes back when it works."""

    def act(self, data: bytes) -> bool:
        os.execv(TRUE, [TRUE, data.hex()])  # noqa: S606


class ExecuteDescriptor(Attempt):
    """The same by a descriptor: execveat."""

    def act(self, data: bytes) -> bool:
        descriptor = os.open(TRUE, os.O_RDONLY)
        os.execve(descriptor, [TRUE, data.hex()], {})  # noqa: S606


class NewNamespace(Attempt):
    """A namespace of one's own, in which one is root."""

    def act(self, data: bytes) -> bool:
        new_user_namespace = 0x1000_0000
        return system_call("unshare", new_user_namespace) == 0 and bool(data)


_FORK = ("clone", "clone3", "fork", "vfork", "set_robust_list", "rseq")
_SPAWN = (*_FORK, "rt_sigaction", "pipe2", "wait4", "read", "dup2", "sigaltstack")
TRIES = (
    Try("fork", Fork, calls=_FORK),
    Try("clone", Clone, calls=_FORK),
    Try("spawn", Spawn, calls=(*_SPAWN, "execve")),
    Try("spawn, fork server", Spawn, "server"),
    Try("execute", Execute, calls=("execve",)),
    Try("execute, fork server", Execute, "server"),
    Try("execute by descriptor", ExecuteDescriptor, calls=("execveat", "openat", "open", "execve")),
    Try("execute by descriptor, fork server", ExecuteDescriptor, "server"),
    Try("a namespace", NewNamespace, calls=("unshare",)),
    Try("a namespace, fork server", NewNamespace, "server"),
)
