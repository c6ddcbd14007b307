"""Other age estimators, run on the same pictures. Each is an installed entry point.

A peer comes with its own face detector, as its users get it. One that cannot be imported is not
listed, and nothing takes its place.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, cast

from agecheck.errors import AgecheckError

ENTRY_POINT_GROUP = "agecheck.bench.peers"


class PeerError(AgecheckError):
    """There is no such peer here; the message names those that there are."""


class Peer(Protocol):
    """An age estimator beside agecheck. An entry point names a class or function that makes one."""

    version: str
    """What was measured: the package and its version."""

    def estimate_years(self, encoded: bytes) -> float | None:
        """The age of the person in a JPEG, PNG or WebP; None when it finds no face.

        Whatever it raises is counted as a failure on that picture.
        """


def available_peers() -> tuple[str, ...]:
    """Names of the peers that can be imported here."""
    return tuple(sorted(entry.name for entry in _entries() if _factory(entry) is not None))


def load_peer(name: str) -> Peer:
    """Make a peer.

    Raises:
        PeerError: there is none of that name that can be imported.
    """
    for entry in _entries():
        factory = _factory(entry) if entry.name == name else None
        if factory is not None:
            return factory()
    known = ", ".join(available_peers()) or "none"
    raise PeerError(f"no peer of that name can run here; there is: {known}")


def _entries() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=ENTRY_POINT_GROUP))


def _factory(entry: EntryPoint) -> Callable[[], Peer] | None:
    try:
        return cast(Callable[[], Peer], entry.load())
    except ImportError:
        return None
