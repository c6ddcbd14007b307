"""Files that could not be read or decoded: all are counted, the first by name are listed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

MAX_LISTED_FILES = 1000
UNREADABLE = "UNREADABLE"


@dataclass(slots=True)
class Faults:
    """Sums over files, the same in whatever order they were added; bounded in size.

    Attributes:
        counts: how many files have each fault.
        listed: (file, fault), the first MAX_LISTED_FILES by name.
    """

    counts: Counter[str] = field(default_factory=Counter)
    listed: list[tuple[str, str]] = field(default_factory=list)

    def add(self, file: str, fault: str) -> None:
        self.merge(Faults(Counter([fault]), [(file, fault)]))

    def merge(self, other: Faults) -> None:
        """Add another one's files to these."""
        self.counts.update(other.counts)
        self.listed = sorted([*self.listed, *other.listed])[:MAX_LISTED_FILES]

    @property
    def unreadable(self) -> int:
        return self.counts[UNREADABLE]

    @property
    def undecodable(self) -> int:
        return self.counts.total() - self.unreadable
