"""Runs a labelled set through worker processes: shards go out, tallies come back and are added."""

from __future__ import annotations

import hashlib
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from agecheck.bench import checkpoint
from agecheck.bench.checkpoint import Progress
from agecheck.bench.labels import FaceLabel, LabelCount, LabelSource
from agecheck.bench.observe import Observer
from agecheck.bench.tally import Tally
from agecheck.calibration import Calibration, load_calibration, shipped_calibration
from agecheck.image.encoded import MAX_ENCODED_BYTES
from agecheck.policy import AgePolicy, EffectivePolicy

SHARD_PICTURES = 128
MIN_SHARD_PICTURES = 100
_SAVE_EVERY_S = 10.0
_SHARDS_AHEAD = 2
"""For each worker, so that none waits and no list of futures grows with the set."""

OnPictures = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class RunSetup:
    """Everything that decides what a tally holds; it crosses to the workers.

    Attributes:
        folder: of the pictures.
        calibration: a calibration file, or None for the shipped one.
        peers: names of the peers that run beside agecheck.
        group_by: the columns that each label's groups come from.
    """

    folder: Path
    calibration: Path | None
    peers: tuple[str, ...]
    group_by: tuple[str, ...]

    def load_calibration(self) -> Calibration:
        """Read it.

        Raises:
            CalibrationError: it cannot be read or is malformed.
        """
        path = self.calibration
        return shipped_calibration() if path is None else load_calibration(path)


def shipped_policy(calibration: Calibration) -> EffectivePolicy:
    """The default policy under a calibration.

    Raises:
        PolicyError: the calibration does not support the default.
    """
    return AgePolicy().resolve(calibration.challenge_ages_years)


def run(
    setup: RunSetup,
    source: LabelSource,
    labels: LabelCount,
    *,
    workers: int,
    out: Path,
    on_pictures: OnPictures,
) -> Progress:
    """Look at every labelled picture once, whatever was done in an earlier, interrupted run.

    Args:
        source: where the labels come from.
        labels: what a first reading of them found.
        workers: processes; the result does not depend on their number.
        out: a folder for the checkpoint.
        on_pictures: told how many more pictures are done.

    Raises:
        ModelError, CalibrationError, PeerError: as Observer has them.
    """
    run_digest = _run_digest(setup, labels)
    progress = checkpoint.load(out, run_digest) or Progress()
    before_s, started_s = progress.seconds, time.monotonic()
    saved_s = started_s
    pool = ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_start_worker, initargs=(setup,)
    )
    pending: dict[Future[_ShardResult], tuple[int, int]] = {}

    def collect() -> None:
        nonlocal saved_s
        finished, _ = wait(pending, return_when=FIRST_COMPLETED)
        for future in finished:
            index, pictures = pending.pop(future)
            tally, faults = future.result()
            progress.tally.merge(tally)
            progress.faults += faults
            progress.done.add(index)
            on_pictures(pictures)
        progress.seconds = before_s + time.monotonic() - started_s
        if time.monotonic() - saved_s > _SAVE_EVERY_S:
            checkpoint.save(out, run_digest, progress)
            saved_s = time.monotonic()

    try:
        for index, shard in enumerate(shards(source.labels())):
            if index in progress.done:
                on_pictures(len(shard))
                continue
            while len(pending) >= _SHARDS_AHEAD * workers:
                collect()
            pending[pool.submit(_tally_shard, shard)] = index, len(shard)
        while pending:
            collect()
    except BaseException:
        checkpoint.save(out, run_digest, progress)
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    progress.faults.sort()
    return progress


def shards(labels: Iterator[FaceLabel]) -> Iterator[list[FaceLabel]]:
    """Cut labels into shards of SHARD_PICTURES; a short rest is joined to the last one.

    So no shard is smaller than MIN_SHARD_PICTURES, unless the whole set is.
    """
    held: list[FaceLabel] = []
    shard: list[FaceLabel] = []
    for label in labels:
        shard.append(label)
        if len(shard) == SHARD_PICTURES:
            if held:
                yield held
            held, shard = shard, []
    if held and len(shard) >= MIN_SHARD_PICTURES:
        yield held
        held = []
    if held or shard:
        yield held + shard


def _run_digest(setup: RunSetup, labels: LabelCount) -> str:
    """A name for a run: another one's checkpoint is not taken up."""
    parts = (asdict(setup), setup.load_calibration().digest, labels.digest, SHARD_PICTURES)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


_ShardResult = tuple[Tally, list[tuple[str, str]]]


class _Worker:
    def __init__(self, setup: RunSetup) -> None:
        calibration = setup.load_calibration()
        self._setup = setup
        self._policy = shipped_policy(calibration)
        self._observer = Observer(calibration, setup.peers)

    def tally(self, shard: list[FaceLabel]) -> _ShardResult:
        tally = Tally()
        faults: list[tuple[str, str]] = []
        for label in shard:
            encoded = _read(self._setup.folder, label.file)
            if encoded is None:
                faults.append((label.file, "UNREADABLE"))
                continue
            sighting = self._observer.see(encoded)
            if sighting.image_fault is not None:
                faults.append((label.file, sighting.image_fault))
            tally.add(label, sighting, self._setup.group_by, self._policy)
        return tally, faults


def _read(folder: Path, file: str) -> bytes | None:
    """The file's bytes, from the folder or its images/; None when there are none to be had."""
    for path in (folder / file, folder / "images" / file):
        try:
            with path.open("rb") as opened:
                # One byte more than the limit is enough for the limit to answer.
                return opened.read(MAX_ENCODED_BYTES + 1)
        except (OSError, ValueError):
            continue
    return None


_worker: _Worker | None = None


def _start_worker(setup: RunSetup) -> None:
    global _worker
    # Ctrl-C reaches every process of a terminal; the parent ends the run in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _worker = _Worker(setup)


def _tally_shard(shard: list[FaceLabel]) -> _ShardResult:
    if _worker is None:
        raise RuntimeError("the worker was not started")
    return _worker.tally(shard)
