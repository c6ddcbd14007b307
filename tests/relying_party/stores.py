"""A Redis stand-in that implements the one command that the store uses, and nothing beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable


class FakeRedis:
    """SET with NX and EX as Redis documents it: atomic, None when NX forbids, own clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.expires_at_s: dict[str, float] = {}

    def set(self, name: str, value: str, *, nx: bool, ex: int) -> bool | None:
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError("names and values are texts")
        if type(ex) is not int or ex <= 0:
            raise ValueError("invalid expire time in 'set' command")
        with self._lock:
            there = self._clock() < self.expires_at_s.get(name, 0)
            if nx and there:
                return None
            self.expires_at_s[name] = self._clock() + ex
            return True


class FailingRedis:
    """A server that cannot be reached; its error names what nobody should see."""

    def set(self, name: str, value: str, *, nx: bool, ex: int) -> bool | None:  # noqa: ARG002
        raise ConnectionError(f"10.0.0.7:6379 refused {name}")


class OddRedis:
    """A client that answers with something else than the protocol's values."""

    def __init__(self, says: object) -> None:
        self._says = says

    def set(self, name: str, value: str, *, nx: bool, ex: int) -> object:  # noqa: ARG002
        return self._says
