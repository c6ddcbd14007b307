"""Other age estimators, run on the same pictures. Each is an installed entry point.

A peer comes with its own face detector, as its users get it. One that cannot be made here is not
listed, and nothing takes its place.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, SupportsFloat, cast

import agecheck.runtime  # noqa: F401 - before any peer imports onnxruntime and its telemetry
from agecheck.bench.bands import OLDEST_YEARS
from agecheck.errors import AgecheckError

ENTRY_POINT_GROUP = "agecheck.bench.peers"


class PeerError(AgecheckError):
    """A peer cannot run here; the message names it where it is known, or those that can."""


class Peer(Protocol):
    """An age estimator beside agecheck. An entry point names a class or function that makes one."""

    version: str
    """What was measured: the package and its version."""

    def estimate_years(self, encoded: bytes) -> float | None:
        """The age of the person in a JPEG, PNG or WebP; None when it finds no face.

        Whatever it raises is counted as a failure on that picture, and so is an answer that is no
        number of years from 0 to OLDEST_YEARS.
        """


def available_peers() -> tuple[str, ...]:
    """Names of the peers that can be made here."""
    return tuple(sorted({entry.name for entry in _entries() if not isinstance(_made(entry), str)}))


def load_peer(name: str) -> Peer:
    """Make a peer.

    Raises:
        PeerError: there is none of that name, or it cannot be made here.
    """
    entries = [entry for entry in _entries() if entry.name == name]
    why = "no peer of that name can run here"
    for entry in entries:
        made = _made(entry)
        if not isinstance(made, str):
            return made
        why = f"peer {name} cannot run here ({made})"
    known = ", ".join(available_peers()) or "none"
    raise PeerError(f"{why}; there is: {known}")


def years_of(answer: SupportsFloat) -> float:
    """A peer's answer as years.

    Raises:
        Exception: it is no number of years; whatever the foreign object raises.
    """
    if isinstance(answer, str | bytes | bool):
        raise TypeError("an age is a number")
    years = float(answer)
    if not 0 <= years <= OLDEST_YEARS:
        raise ValueError("an age is from 0 to 120 years")
    return years


def _entries() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=ENTRY_POINT_GROUP))


def _made(entry: EntryPoint) -> Peer | str:
    """The peer, or what keeps it from running, without an error's text: it may quote paths."""
    try:
        peer = entry.load()()
        if isinstance(peer.version, str) and callable(peer.estimate_years):
            return cast(Peer, peer)
    except (Exception, SystemExit) as error:
        return type(error).__name__
    return "it is no peer"
