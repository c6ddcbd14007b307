"""What a worker does, on this machine or another: labelled pictures in, a tally out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agecheck._version import __version__
from agecheck.bench.faults import UNREADABLE, Faults
from agecheck.bench.labels import FaceLabel
from agecheck.bench.observe import Observer
from agecheck.bench.pictures import PictureReader
from agecheck.bench.quality import QualityObserver
from agecheck.bench.tally import Tally
from agecheck.calibration import Calibration
from agecheck.errors import AgecheckError
from agecheck.policy import AgePolicy, EffectivePolicy

ShardResult = tuple[Tally, Faults]


class WorkerVersionError(AgecheckError):
    """A worker on another machine runs another version; its figures would not be comparable."""


@dataclass(frozen=True, slots=True)
class RunSetup:
    """Everything that decides what a tally holds; it crosses to the workers.

    Attributes:
        folder: of the pictures; every worker sees it at the same path.
        calibration: how the networks' outputs become an age.
        peers: names of the peers that run beside agecheck.
        group_by: the columns that each label's groups come from.
        looks_at: "accuracy" or "quality".
        version: agecheck's.
    """

    folder: Path
    calibration: Calibration
    peers: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    looks_at: str = "accuracy"
    version: str = __version__


def shipped_policy(calibration: Calibration) -> EffectivePolicy:
    """The default policy under a calibration.

    Raises:
        PolicyError: the calibration does not support the default.
    """
    return AgePolicy().resolve(calibration.challenge_ages_years)


class _Looker(Protocol):
    def look(self, tally: Tally, label: FaceLabel, encoded: bytes) -> str | None:
        """Add one picture; says why it could not be decoded, or None."""


class _AccuracyLooker:
    def __init__(self, setup: RunSetup) -> None:
        self._group_by = setup.group_by
        self._policy = shipped_policy(setup.calibration)
        self._observer = Observer(setup.calibration, setup.peers)

    def look(self, tally: Tally, label: FaceLabel, encoded: bytes) -> str | None:
        sighting = self._observer.see(encoded)
        tally.add(label, sighting, self._group_by, self._policy)
        return sighting.image_fault


class _QualityLooker:
    def __init__(self, setup: RunSetup) -> None:
        policy = shipped_policy(setup.calibration)
        self._observer = QualityObserver(setup.calibration, policy)

    def look(self, tally: Tally, label: FaceLabel, encoded: bytes) -> str | None:
        return self._observer.add(tally, label, encoded)


class Worker:
    """Looks at one shard after another with the models loaded once.

    Raises:
        ModelError, CalibrationError, PeerError: as Observer has them.
        WorkerVersionError: the setup comes from another version.
    """

    def __init__(self, setup: RunSetup) -> None:
        if setup.version != __version__:
            raise WorkerVersionError("a worker has another version of agecheck than this program")
        looker: type[_AccuracyLooker | _QualityLooker]
        looker = _QualityLooker if setup.looks_at == "quality" else _AccuracyLooker
        self._looker: _Looker = looker(setup)
        self._pictures = PictureReader(setup.folder)

    def tally(self, shard: Sequence[FaceLabel]) -> ShardResult:
        """Sums over a shard's pictures, and its bad files."""
        tally, faults = Tally(), Faults()
        for label in shard:
            encoded = self._pictures.read(label)
            if encoded is None:
                faults.add(label.file, UNREADABLE)
                continue
            fault = self._looker.look(tally, label, encoded)
            if fault is not None:
                faults.add(label.file, fault)
        return tally, faults
