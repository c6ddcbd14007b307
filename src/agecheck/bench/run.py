"""Runs a labelled set through workers: shards go out, tallies come back and are added."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Protocol

from agecheck.bench import checkpoint
from agecheck.bench.checkpoint import Progress, Run
from agecheck.bench.files import told_as_output_error
from agecheck.bench.labels import FaceLabel, LabelCount, LabelSource
from agecheck.bench.peers import PeerError
from agecheck.bench.pictures import PictureReader
from agecheck.bench.pools import WORKER_LOST, process_pool
from agecheck.bench.worker import RunSetup, ShardResult, Worker
from agecheck.errors import AgecheckError, InternalError

SHARD_PICTURES = 128
MIN_SHARD_PICTURES = 100
_SAVE_EVERY_S = 10.0
_SHARDS_AHEAD = 2
"""For each worker, so that none waits and no list of futures grows with the set."""

OnPictures = Callable[[int], None]


class Pool(Protocol):
    """Workers, wherever they are."""

    @property
    def workers(self) -> int:
        """How many shards are looked at at once, now."""

    @property
    def shard_pictures(self) -> int:
        """How many pictures make a shard."""

    def submit(self, shard: list[FaceLabel]) -> Future[ShardResult]:
        """Have a shard looked at."""

    def close(self) -> None:
        """Stop; what has not begun is given up."""


class LocalPool:
    """Processes of this machine."""

    shard_pictures = SHARD_PICTURES

    def __init__(self, setup: RunSetup, workers: int) -> None:
        self.workers = workers
        self._pool = process_pool(workers, _start_worker, setup)

    def submit(self, shard: list[FaceLabel]) -> Future[ShardResult]:
        return self._pool.submit(_tally_shard, shard)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


def run(
    setup: RunSetup,
    source: LabelSource,
    labels: LabelCount,
    *,
    pool: Pool,
    out: Path,
    on_pictures: OnPictures,
    on_kept: Callable[[], None] = lambda: None,
) -> Progress:
    """Look at every labelled picture once, whatever was done in an earlier, interrupted run.

    Args:
        source: where the labels come from.
        labels: what a first reading of them found.
        pool: workers with this setup, closed in the end; the result does not depend on it.
        out: a folder for the checkpoint.
        on_pictures: told how many more pictures are done.
        on_kept: told when the run ends early and what was done is in the checkpoint.

    Raises:
        ModelError, CalibrationError, PeerError: as Observer has them.
        PeerError, InternalError: a worker process ended by itself.
        OutputError: the checkpoint cannot be written.
    """
    this_run = Run(_run_digest(setup, labels, pool.shard_pictures), _checkpoint_key(setup, source))
    progress = checkpoint.load(out, this_run) or Progress()
    before_s, started_s = progress.seconds, time.monotonic()
    saved_s = started_s
    pending: dict[Future[ShardResult], tuple[int, int]] = {}

    def collect() -> None:
        nonlocal saved_s
        finished, _ = wait(pending, return_when=FIRST_COMPLETED)
        for future in finished:
            index, pictures = pending.pop(future)
            tally, faults = future.result()
            progress.add(index, tally, faults)
            on_pictures(pictures)
        progress.seconds = before_s + time.monotonic() - started_s
        if time.monotonic() - saved_s > _SAVE_EVERY_S:
            with told_as_output_error(checkpoint.FILE):
                checkpoint.save(out, this_run, progress)
            saved_s = time.monotonic()

    try:
        for index, shard in enumerate(shards(source.labels(), pool.shard_pictures)):
            if index in progress.done:
                on_pictures(len(shard))
                continue
            while len(pending) >= _SHARDS_AHEAD * pool.workers:
                collect()
            pending[pool.submit(shard)] = index, len(shard)
        while pending:
            collect()
    except BaseException as error:
        with suppress(OSError):  # the first error is the one to tell
            if checkpoint.save(out, this_run, progress):
                on_kept()
        if isinstance(error, BrokenExecutor):
            raise _lost(setup.peers) from None
        raise
    finally:
        pool.close()
    return progress


def _lost(peers: tuple[str, ...]) -> AgecheckError:
    """A worker that ended cannot say what ended it; a peer's native code is the likeliest."""
    if not peers:
        return InternalError(f"{WORKER_LOST}, as one without memory does")
    return PeerError(f"{WORKER_LOST}, which a peer can do to it; here ran: {', '.join(peers)}")


def shards(
    labels: Iterator[FaceLabel], pictures: int = SHARD_PICTURES
) -> Iterator[list[FaceLabel]]:
    """Cut labels into shards of so many pictures; a short rest is joined to the last one.

    So no shard is smaller than MIN_SHARD_PICTURES, unless the whole set is.
    """
    held: list[FaceLabel] = []
    shard: list[FaceLabel] = []
    for label in labels:
        shard.append(label)
        if len(shard) == pictures:
            if held:
                yield held
            held, shard = shard, []
    if held and len(shard) >= MIN_SHARD_PICTURES:
        yield held
        held = []
    if held or shard:
        yield held + shard


def _run_digest(setup: RunSetup, labels: LabelCount, shard_pictures: int) -> str:
    """A name for a run: another one's checkpoint is not taken up."""
    parts = (
        *(setup.folder, setup.calibration.digest, setup.policy, setup.peers, setup.group_by),
        *(setup.looks_at, setup.version, labels.digest, shard_pictures),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def first_readable(folder: Path, source: LabelSource) -> FaceLabel | None:
    """The first picture that can be read, of those that a shard holds."""
    reader = PictureReader(folder)
    first = islice(source.labels(), SHARD_PICTURES)
    return next((label for label in first if reader.read(label) is not None), None)


def _checkpoint_key(setup: RunSetup, source: LabelSource) -> bytes | None:
    reader = PictureReader(setup.folder)
    return checkpoint.key_of(map(reader.read, islice(source.labels(), SHARD_PICTURES)))


_worker: Worker | None = None


def _start_worker(setup: RunSetup) -> None:
    global _worker
    _worker = Worker(setup)


def _tally_shard(shard: list[FaceLabel]) -> ShardResult:
    if _worker is None:
        raise RuntimeError("the worker was not started")
    return _worker.tally(shard)
