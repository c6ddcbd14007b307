"""Poisoned code changes something in another process: a signal, a limit, a priority."""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager

from attacks.attempt import Attempt, Scene, Try, system_call
from attacks.scenes import bystander, caller_with_handler

_F_SETSIG = 10
_SIGNAL = int(signal.SIGUSR1)


class Kill(Attempt):
    def act(self, data: bytes) -> bool:
        os.kill(self.given["pid"], _SIGNAL)
        return bool(data)


class ThreadKill(Attempt):
    def act(self, data: bytes) -> bool:
        system_call("tgkill", self.given["pid"], self.given["pid"], _SIGNAL)
        return bool(data)


class OldThreadKill(Attempt):
    def act(self, data: bytes) -> bool:
        system_call("tkill", self.given["pid"], _SIGNAL)
        return bool(data)


class ByDescriptor(Attempt):
    def act(self, data: bytes) -> bool:
        signal.pidfd_send_signal(os.pidfd_open(self.given["pid"]), _SIGNAL)
        return bool(data)


class Queue(Attempt):
    """A signal that carries a number."""

    def act(self, data: bytes) -> bool:
        as_queued = -1
        info = (ctypes.c_int * 32)(_SIGNAL, 0, as_queued)
        system_call("rt_sigqueueinfo", self.given["pid"], _SIGNAL, info)
        return bool(data)


class DescriptorOwner(Attempt):
    """The kernel sends a signal to a descriptor's owner when something arrives."""

    def act(self, data: bytes) -> bool:
        ours, theirs = os.pipe()
        fcntl.fcntl(ours, fcntl.F_SETOWN, self.given["pid"])
        fcntl.fcntl(ours, _F_SETSIG, _SIGNAL)
        fcntl.fcntl(ours, fcntl.F_SETFL, fcntl.fcntl(ours, fcntl.F_GETFL) | os.O_ASYNC)
        return os.write(theirs, data) == len(data)


class Priority(Attempt):
    def act(self, data: bytes) -> bool:
        os.setpriority(os.PRIO_PROCESS, self.given["pid"], 1 + data[0] % 19)
        return True


class Affinity(Attempt):
    def act(self, data: bytes) -> bool:
        kept = sorted(os.sched_getaffinity(self.given["pid"]))
        os.sched_setaffinity(self.given["pid"], kept[:1])
        return bool(data)


class Scheduler(Attempt):
    def act(self, data: bytes) -> bool:
        os.sched_setscheduler(self.given["pid"], os.SCHED_BATCH, os.sched_param(0))
        return bool(data)


class Limit(Attempt):
    def act(self, data: bytes) -> bool:
        resource.prlimit(self.given["pid"], resource.RLIMIT_CORE, (data[0], data[0]))
        return True


_Case = tuple[str, type[Attempt], tuple[str, ...], Callable[[], AbstractContextManager[Scene]]]
_CASES: tuple[_Case, ...] = (
    ("kill", Kill, ("kill",), caller_with_handler),
    ("tgkill", ThreadKill, ("tgkill",), caller_with_handler),
    ("tkill", OldThreadKill, ("tkill",), caller_with_handler),
    ("pidfd_send_signal", ByDescriptor, ("pidfd_open", "pidfd_send_signal"), caller_with_handler),
    ("a queued signal", Queue, ("rt_sigqueueinfo",), caller_with_handler),
    ("a descriptor's owner", DescriptorOwner, ("pipe2", "fcntl", "write"), caller_with_handler),
    ("another's priority", Priority, ("setpriority",), bystander),
    ("another's processors", Affinity, ("sched_setaffinity",), bystander),
    ("another's scheduler", Scheduler, ("sched_setscheduler",), bystander),
    ("another's limits", Limit, ("prlimit64",), bystander),
)
TRIES = (
    *(Try(name, attempt, calls=calls, scene=scene) for name, attempt, calls, scene in _CASES),
    *(
        Try(f"{name}, fork server", attempt, "server", scene=scene)
        for name, attempt, _, scene in _CASES
    ),
)
