"""What stands around the process that sees a picture: named walls, and what they add up to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Wall(StrEnum):
    """One wall of a sealed worker, in the order in which they are raised."""

    SINGLE_THREAD = "single-thread"
    DESCRIPTORS = "descriptors"
    LIMITS = "limits"
    NOT_DUMPABLE = "not-dumpable"
    NO_NEW_PRIVILEGES = "no-new-privileges"
    LANDLOCK = "landlock"
    SECCOMP = "seccomp"


FIRST_STAGE = frozenset({Wall.NO_NEW_PRIVILEGES, Wall.LANDLOCK, Wall.SECCOMP})
"""Those that also stand, in a weaker form, around the process that forks the workers."""


class SealLevel(StrEnum):
    """How much of the seal stands. A token states it."""

    SEALED = "sealed"
    PARTIAL = "partial"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class SealState:
    """What a checker says about its seal.

    Attributes:
        level: SEALED when every wall stands; PARTIAL when a worker process sees the pictures but
            some wall is missing; OPEN when they are seen by the calling process.
        missing: the walls that do not stand, in their order; all of them when OPEN.
    """

    level: SealLevel
    missing: tuple[Wall, ...] = ()

    def __post_init__(self) -> None:
        if (self.level is SealLevel.SEALED) != (not self.missing):
            raise ValueError("exactly a SEALED state has no wall missing")

    @classmethod
    def of_worker(cls, standing: Collection[Wall], first_stage: Collection[Wall]) -> SealState:
        """The state of a worker with these walls around it, and those around its fork server."""
        lacking = FIRST_STAGE.difference(first_stage)
        missing = tuple(wall for wall in Wall if wall not in standing or wall in lacking)
        return cls(SealLevel.PARTIAL if missing else SealLevel.SEALED, missing)

    def __str__(self) -> str:
        if self.level is not SealLevel.PARTIAL:
            return self.level.value
        return f"{self.level.value} (without {', '.join(self.missing)})"


OPEN = SealState(SealLevel.OPEN, tuple(Wall))
