"""Poisoned code undoes what was set around it."""

from __future__ import annotations

import resource

from attacks.attempt import Attempt, Try, system_call

_PR_SET_DUMPABLE, _PR_SET_PDEATHSIG = 4, 1


class Dumpable(Attempt):
    """Be open to debuggers and core files again."""

    def act(self, data: bytes) -> bool:
        return system_call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 and bool(data)


class Outlive(Attempt):
    """Live on when the fork server ends."""

    def act(self, data: bytes) -> bool:
        return system_call("prctl", _PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0 and bool(data)


class Raise(Attempt):
    """More processor time than a check may have."""

    def act(self, data: bytes) -> bool:
        return self._raise(resource.RLIMIT_CPU) and bool(data)

    @staticmethod
    def _raise(kind: int) -> bool:
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (hard, hard))
        return True


class FileSize(Raise):
    """Files again."""

    def act(self, data: bytes) -> bool:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        except ValueError:
            return False
        return bool(data)


class Memory(Attempt):
    """All the memory that there is: others' processes would die of it."""

    def act(self, data: bytes) -> bool:
        try:
            kept = bytearray(2 * 1024**3)
        except MemoryError:
            return False
        return len(kept) > 0 and bool(data)


_LIMIT = ("prlimit64", "setrlimit", "getrlimit")
TRIES = (
    Try("be dumpable again", Dumpable, calls=("prctl",)),
    Try("outlive the fork server", Outlive, calls=("prctl",)),
    Try("raise the processor time", Raise, calls=_LIMIT),
    Try("raise the size of files", FileSize, calls=_LIMIT),
    Try("take two gigabytes", Memory),
)
