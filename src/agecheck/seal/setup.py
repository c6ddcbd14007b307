"""What a fork server is told about its workers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What a fork server is told, once.

    Attributes:
        factory: "module:function" that returns a SealedTask; imported in the fork server.
        arguments: its keyword arguments, as JSON holds them.
        max_checks: pictures or sessions that a worker sees before it is replaced.
        deadline_s: how long one check may take.
        extra_calls: system calls beyond `filters.WORKER_ALLOWED`.
    """

    factory: str
    arguments: dict[str, Any] = field(default_factory=dict)
    max_checks: int = 1
    deadline_s: float = 10.0
    extra_calls: tuple[str, ...] = ()

    def as_json(self) -> bytes:
        cpu_s = 1 + round(self.max_checks * self.deadline_s)
        return json.dumps(
            {
                "factory": self.factory,
                "arguments": self.arguments,
                "max_checks": self.max_checks,
                "cpu_s": cpu_s,
                "extra_calls": self.extra_calls,
            }
        ).encode()
