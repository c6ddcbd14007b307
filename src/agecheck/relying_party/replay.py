"""One answer to a challenge: the store's protocol, and the store for a site of one process."""

from __future__ import annotations

import heapq
import threading
from typing import Protocol

from agecheck.relying_party.errors import RelyingPartyError, ReplayStoreError, ReplayStoreFault


class ReplayStore(Protocol):
    """Remembers which challenges have been answered until they would have expired anyway."""

    def spend(self, key: str, *, until_s: float, now_s: float) -> bool:
        """Mark a challenge as answered; of all callers, at once or later, one is told True.

        Args:
            key: names the challenge: 43 characters of base64url, with nothing readable in them.
            until_s: seconds since 1970 (UTC) until which the mark is kept at least.
            now_s: the caller's clock, seconds since 1970 (UTC).

        Returns:
            True for the first caller, False for every other.

        Raises:
            ReplayStoreError: the store cannot tell. Nothing is accepted then.
        """


class MemoryReplayStore:
    """For one process with any number of threads; a second process would not know of the marks.

    Args:
        max_entries: how many unexpired marks are held; beyond it answers are refused rather than
            marks forgotten. About 250 bytes each.
    """

    def __init__(self, *, max_entries: int = 100_000) -> None:
        if type(max_entries) is not int or max_entries < 1:
            raise RelyingPartyError("max_entries is a whole number above 0")
        self._max_entries = max_entries
        self._lock = threading.Lock()
        self._spent: set[str] = set()
        self._by_expiry: list[tuple[float, str]] = []

    def spend(self, key: str, *, until_s: float, now_s: float) -> bool:
        """As `ReplayStore` has it.

        Raises:
            ReplayStoreError: FULL.
        """
        with self._lock:
            while self._by_expiry and self._by_expiry[0][0] < now_s:
                self._spent.remove(heapq.heappop(self._by_expiry)[1])
            if key in self._spent:
                return False
            if len(self._spent) >= self._max_entries:
                raise ReplayStoreError(ReplayStoreFault.FULL)
            self._spent.add(key)
            heapq.heappush(self._by_expiry, (until_s, key))
            return True

    def __len__(self) -> int:
        return len(self._spent)
