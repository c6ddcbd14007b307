"""Runs the shipped pipeline over labelled faces and keeps what the fusion sees of each.

Calibrations start here. What is kept lives in memory only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agecheck.bench.labels import FaceLabel
from agecheck.bench.observe import MeshRecorder
from agecheck.bench.pictures import PictureReader
from agecheck.bench.pools import processes
from agecheck.bootstrap import build_age_networks, build_pipeline
from agecheck.errors import ImageError
from agecheck.models.store import ModelStore
from agecheck.verdict import Reason

_CHUNK = 32


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class FaceFeatures:
    """What became of one picture.

    Attributes:
        reason: why the shipped pipeline refuses it; None when it is fit.
        vector: the fusion's features, float64 (features,); None when no face was found.
    """

    reason: str | None
    vector: NDArray[np.float64] | None

    def __repr__(self) -> str:
        return "<FaceFeatures>"


class _Extractor:
    def __init__(self, folder: Path) -> None:
        store = ModelStore()
        self._pictures = PictureReader(folder)
        self._recorder = MeshRecorder(build_age_networks(store))
        self._pipeline = replace(build_pipeline(store, self._recorder), assessor=self._recorder)

    def extract(self, label: FaceLabel) -> FaceFeatures | None:
        encoded = self._pictures.read(label)
        if encoded is None:
            return None
        self._recorder.forget()
        try:
            outcome = self._pipeline.estimate(encoded)
        except ImageError as error:
            return FaceFeatures(f"IMAGE_{error.fault.name}", None)
        if isinstance(outcome, Reason):
            return FaceFeatures(str(outcome), None)
        reason, vector = self._recorder.reason, self._recorder.vector
        if vector is None or not np.isfinite(vector).all():
            return FaceFeatures(str(Reason.ESTIMATE_INVALID), None)
        return FaceFeatures(None if reason is None else str(reason), vector)


_worker: _Extractor | None = None


def _start_worker(folder: Path) -> None:
    global _worker
    _worker = _Extractor(folder)


def _extract(label: FaceLabel) -> FaceFeatures | None:
    if _worker is None:
        raise RuntimeError("the worker was not started")
    return _worker.extract(label)


def extract_features(
    folder: Path,
    labels: Sequence[FaceLabel],
    workers: int,
    on_pictures: Callable[[int], None],
) -> list[FaceFeatures | None]:
    """Features of every picture, in order; None for a file that cannot be read.

    Args:
        workers: processes.
        on_pictures: told how many more pictures are done.

    Raises:
        ModelError: a network failed.
        InternalError: a worker process ended by itself.
    """
    found: list[FaceFeatures | None] = []
    with processes(workers, _start_worker, folder) as pool:
        for features in pool.map(_extract, labels, chunksize=_CHUNK):
            found.append(features)
            on_pictures(1)
    return found
