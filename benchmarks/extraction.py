"""Runs the shipped pipeline over labelled faces and keeps what the fusion sees of each.

Benchmarks and the calibration start here. What is kept lives in memory only.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agecheck.bench.observe import MeshRecorder
from agecheck.bootstrap import build_age_features, build_pipeline
from agecheck.models.store import ModelStore
from agecheck.verdict import Reason

_CHUNK = 32


@dataclass(frozen=True, slots=True)
class FaceFeatures:
    """What became of one picture.

    Attributes:
        reason: why the shipped pipeline refuses it; None when it is fit.
        vector: the fusion's features, float64 (features,); None when no face was found.
    """

    reason: Reason | None
    vector: NDArray[np.float64] | None


class _Extractor:
    def __init__(self) -> None:
        store = ModelStore()
        self._recorder = MeshRecorder(build_age_features(store))
        self._pipeline = replace(build_pipeline(store, self._recorder), assessor=self._recorder)

    def extract(self, path: Path) -> FaceFeatures:
        self._recorder.forget()
        outcome = self._pipeline.estimate(path)
        if isinstance(outcome, Reason):
            return FaceFeatures(outcome, None)
        return FaceFeatures(self._recorder.reason, self._recorder.vector)


_worker: _Extractor | None = None


def _start_worker() -> None:
    global _worker
    _worker = _Extractor()


def _extract(path: Path) -> FaceFeatures:
    if _worker is None:
        raise RuntimeError("the worker was not started")
    return _worker.extract(path)


def extract_features(paths: Sequence[Path], workers: int) -> list[FaceFeatures]:
    """Features of every picture, in order; progress goes to a terminal's standard error.

    Raises:
        ImageError, ModelError: a picture cannot be used or a network failed.
    """
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_start_worker) as pool:
        return list(_with_progress(pool.map(_extract, paths, chunksize=_CHUNK), len(paths)))


def _with_progress(results: Iterator[FaceFeatures], total: int) -> Iterator[FaceFeatures]:
    for done, result in enumerate(results, start=1):
        if sys.stderr.isatty() and (done % 100 == 0 or done == total):
            print(f"\r{done} of {total}", end="", file=sys.stderr, flush=True)
        yield result
    if sys.stderr.isatty():
        print(file=sys.stderr)
