"""What a fork server is told about its workers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from agecheck.errors import PolicyError
from agecheck.live_script import MAX_TICKS, TICK_MS
from agecheck.seal_state import Wall

DEFAULT_DEADLINE_S = 10.0
MAX_DEADLINE_S = 600.0
MAX_CHECKS = 1_000_000
MAX_SESSION_S = MAX_TICKS * TICK_MS / 1000
"""How long a live session may last: processor time for one must last as long."""


@dataclass(frozen=True, slots=True)
class OwnThreads:
    """What a task is granted that starts threads of its own in `before_seal`.

    Attributes:
        readable: files and folders that Landlock leaves readable. Nothing can be opened any more
            once the filter stands, so this is for starting the threads.
    """

    readable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What a fork server is told, once.

    Attributes:
        factory: "module:function" that returns a SealedTask; imported in the fork server.
        arguments: its keyword arguments, as JSON holds them.
        max_checks: pictures or sessions that a worker sees before it is replaced.
        deadline_s: how long one check may take.
        extra_calls: system calls beyond `filters.WORKER_ALLOWED`.
        own_threads: for a task that starts threads; see `threaded_walls`.

    Raises:
        PolicyError: a number is out of range.
    """

    factory: str
    arguments: dict[str, Any] = field(default_factory=dict)
    max_checks: int = 1
    deadline_s: float = DEFAULT_DEADLINE_S
    extra_calls: tuple[str, ...] = ()
    own_threads: OwnThreads | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.max_checks, int) or not 1 <= self.max_checks <= MAX_CHECKS:
            raise PolicyError(f"a worker sees a whole number of pictures, from 1 to {MAX_CHECKS}")
        if not isinstance(self.deadline_s, int | float):
            raise PolicyError("a check's deadline is a number of seconds")
        if not 0 < self.deadline_s <= MAX_DEADLINE_S:  # NaN is refused, too
            raise PolicyError(
                f"a check's deadline lies above 0 and at most at {MAX_DEADLINE_S:g} s"
            )

    @property
    def walls_given_up(self) -> frozenset[Wall]:
        """Those that cannot stand around such a task, even where everything can be had."""
        return frozenset() if self.own_threads is None else frozenset({Wall.SINGLE_THREAD})

    def as_json(self) -> bytes:
        cpu_s = 1 + round(self.max_checks * max(self.deadline_s, MAX_SESSION_S))
        return json.dumps(
            {
                "factory": self.factory,
                "arguments": self.arguments,
                "max_checks": self.max_checks,
                "cpu_s": cpu_s,
                "extra_calls": self.extra_calls,
                "own_threads": None if self.own_threads is None else asdict(self.own_threads),
            }
        ).encode()
