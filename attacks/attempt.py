"""What an attack is made of: steps that run unchanged outside the walls and inside them."""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

import pyseccomp

from agecheck.verdict import CheckResult, Verdict

SECRET = b"what the picture shows"
"""Stands for a picture: a witness outside looks for it."""

Stage = Literal["picture", "before_seal", "server"]
LIBC = ctypes.CDLL(None, use_errno=True)


class Attempt:
    """Hostile code. A worker runs it in three places; a plain process runs the same steps.

    Args:
        given: what the scene tells it: a port, a path, a process.
    """

    def __init__(self, **given: Any) -> None:
        self.given = given

    def prepare(self) -> None:
        """Before the picture, in the place that the try names."""

    def act(self, data: bytes) -> bool:
        """Carry out the attack with what the picture shows.

        Returns:
            Whether it worked, as far as the attacker can tell.

        Raises:
            OSError: it was refused.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Scene:
    """What stands outside while an attack runs.

    Attributes:
        given: for the attempt.
        effect: whether the attack reached the outside; None leaves the attempt's own word.
    """

    given: dict[str, Any] = field(default_factory=dict)
    effect: Callable[[], bool] | None = None


@contextmanager
def nothing_outside() -> Iterator[Scene]:
    """For attacks whose success only the attacker sees."""
    yield Scene()


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt in one place.

    Attributes:
        name: for the report.
        attempt: its class, at the top of its module.
        stage: where `act` runs: on the picture, behind all walls; in a new worker before its
            walls; or in the fork server while the task is loaded. The two latter have no picture,
            so they are handed what stands for one.
        prepare_stage: where `prepare` runs.
        calls: the system calls that the worker's filter is said to stop. When the worker is
            killed, the try is repeated with these let through: the worker has to live then, or
            it was killed for something else and nothing is proven.
        scene: what stands outside.
        require_all: False tries it on a worker that may lack walls.
    """

    name: str
    attempt: type[Attempt]
    stage: Stage = "picture"
    prepare_stage: Stage = "server"
    calls: tuple[str, ...] = ()
    scene: Callable[[], AbstractContextManager[Scene]] = nothing_outside
    require_all: bool = True

    @property
    def reference(self) -> str:
        return f"{self.attempt.__module__}:{self.attempt.__qualname__}"


class Honest(Attempt):
    """Attacks nothing: it has to get through, or the walls stop everything and prove nothing."""

    def act(self, data: bytes) -> bool:
        return data == SECRET


class Poisoned:
    """A worker's task that carries out an attempt: OVER says it worked, UNDER it was refused."""

    def __init__(
        self, *, reference: str, given: dict[str, Any], stage: Stage, prepare_stage: Stage
    ) -> None:
        self._attempt = _load(reference, given)
        self._stage, self._prepare_stage = stage, prepare_stage
        self._worked = self._refused = False
        self._reach("server")

    def before_seal(self) -> None:
        self._reach("before_seal")

    def check(self, source: Any) -> CheckResult:
        self._reach("picture", bytes(source))
        return CheckResult(Verdict.OVER if self._worked else Verdict.UNDER)

    def open_session(self, script: bytes) -> Any:
        raise NotImplementedError

    def _reach(self, stage: Stage, data: bytes = SECRET) -> None:
        try:
            if stage == self._prepare_stage:
                self._attempt.prepare()
            if stage == self._stage and not self._refused:
                self._worked = self._attempt.act(data)
        except OSError:
            self._refused = True


def system_call(name: str, *arguments: Any) -> int:
    """A system call by its name, on any processor.

    Raises:
        OSError: the kernel refuses it.
    """
    number = _NUMBERS.get(name)
    if number is None:
        number = _NUMBERS[name] = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
    as_long = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = int(LIBC.syscall(ctypes.c_long(number), *as_long))
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


_NUMBERS: dict[str, int] = {}


def _load(reference: str, given: dict[str, Any]) -> Attempt:
    module, _, name = reference.partition(":")
    attempt = getattr(import_module(module), name)(**given)
    if not isinstance(attempt, Attempt):
        raise TypeError
    return attempt


def main() -> int:
    """The control: prepare and act in this plain process. 0 when it worked."""
    attempt = _load(sys.argv[1], json.loads(sys.argv[2]))
    try:
        attempt.prepare()
        return 0 if attempt.act(SECRET) else 1
    except OSError:
        return 1


if __name__ == "__main__":
    # Under its importable name, so that an attempt's base class is the same everywhere.
    sys.exit(import_module("attacks.attempt").main())
