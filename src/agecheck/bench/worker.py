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
from agecheck.policy import EffectivePolicy

ShardResult = tuple[Tally, Faults]


class WorkerVersionError(AgecheckError):
    """A worker on another machine runs another version; its figures would not be comparable."""


class PicturesMissingError(AgecheckError):
    """A worker does not see the pictures; without them its shards would silently be left out."""


@dataclass(frozen=True, slots=True)
class RunSetup:
    """Everything that decides what a tally holds; it crosses to the workers.

    Attributes:
        folder: of the pictures; every worker sees it at the same path.
        calibration: how the networks' outputs become an age.
        policy: whose answers are counted.
        peers: names of the peers that run beside agecheck.
        group_by: the columns that each label's groups come from.
        looks_at: "accuracy" or "quality".
        probe: a picture that can be read where the run is begun, so that every worker can, too.
        version: agecheck's.
    """

    folder: Path
    calibration: Calibration
    policy: EffectivePolicy
    peers: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    looks_at: str = "accuracy"
    probe: FaceLabel | None = None
    version: str = __version__


class _Looker(Protocol):
    def look(self, tally: Tally, label: FaceLabel, encoded: bytes) -> str | None:
        """Add one picture; says why it could not be decoded, or None."""


class _AccuracyLooker:
    def __init__(self, setup: RunSetup) -> None:
        self._group_by = setup.group_by
        self._observer = Observer(setup.calibration, setup.policy, setup.peers)

    def look(self, tally: Tally, label: FaceLabel, encoded: bytes) -> str | None:
        sighting = self._observer.see(encoded)
        tally.add(label, sighting, self._group_by)
        return sighting.image_fault


class _QualityLooker:
    def __init__(self, setup: RunSetup) -> None:
        self._observer = QualityObserver(setup.calibration, setup.policy)

    def look(self, tally: Tally, label: FaceLabel, encoded: bytes) -> str | None:
        return self._observer.add(tally, label, encoded)


class Worker:
    """Looks at one shard after another with the models loaded once.

    Raises:
        ModelError, CalibrationError, PeerError: as Observer has them.
        WorkerVersionError: the setup comes from another version.
        PicturesMissingError: this machine does not see the pictures.
    """

    def __init__(self, setup: RunSetup) -> None:
        if setup.version != __version__:
            raise WorkerVersionError("a worker has another version of agecheck than this program")
        looker: type[_AccuracyLooker | _QualityLooker]
        looker = _QualityLooker if setup.looks_at == "quality" else _AccuracyLooker
        self._looker: _Looker = looker(setup)
        self._pictures, self._probe = PictureReader(setup.folder), setup.probe
        self._require_pictures()

    def tally(self, shard: Sequence[FaceLabel]) -> ShardResult:
        """Sums over a shard's pictures, and its bad files.

        Raises:
            PicturesMissingError: none of the shard can be read, nor what could be read before.
        """
        tally, faults = Tally(), Faults()
        for label in shard:
            encoded = self._pictures.read(label)
            if encoded is None:
                faults.add(label.file, UNREADABLE)
                continue
            fault = self._looker.look(tally, label, encoded)
            if fault is not None:
                faults.add(label.file, fault)
        if not tally.count("pictures"):
            self._require_pictures()
        return tally, faults

    def _require_pictures(self) -> None:
        """Without this a machine that lost the folder would empty one shard after another."""
        if self._probe is not None and self._pictures.read(self._probe) is None:
            raise PicturesMissingError("a worker cannot read the pictures that this program can")
