"""A replay store in Redis, or in anything that has its SET with NX and EX."""

from __future__ import annotations

from typing import Protocol

from agecheck.relying_party.errors import ReplayStoreError, ReplayStoreFault


class RedisClient(Protocol):
    """What is used of a client, such as redis.Redis from the package redis."""

    def set(self, name: str, value: str, *, nx: bool, ex: int) -> object:
        """Set unless there, to expire after `ex` seconds: truthy if set, None if it was there."""


class RedisReplayStore:
    """For any number of processes and servers that share one Redis primary.

    SET with NX is atomic on one primary. Run it with `maxmemory-policy noeviction`: a server that
    evicts forgets marks. A failover to a replica that lags may forget the last ones.

    Args:
        client: synchronous.
        prefix: goes before each key.
    """

    def __init__(self, client: RedisClient, *, prefix: str = "agecheck:answered:") -> None:
        self._client = client
        self._prefix = prefix

    def spend(self, key: str, *, until_s: float, now_s: float) -> bool:
        """As `ReplayStore` has it.

        Raises:
            ReplayStoreError: FAILED.
        """
        lifetime_s = max(0, int(until_s - now_s)) + 1  # rounded up, and never 0
        try:
            was_set = self._client.set(self._prefix + key, "1", nx=True, ex=lifetime_s)
        except Exception:
            # Whose errors these are depends on the client; whichever it was, nothing is accepted.
            raise ReplayStoreError(ReplayStoreFault.FAILED) from None
        return was_set is True or was_set in ("OK", b"OK")
