"""A run over labelled pictures, as accuracy and quality have it: labels in, a tally out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agecheck.cli.bench.options import (
    prepare_for_document,
    progress,
    tell_bad_rows,
    write_left_out,
)
from agecheck.cli.exits import BadInput

if TYPE_CHECKING:
    from agecheck.bench.accuracy_results import Circumstances
    from agecheck.bench.labels import LabelSource
    from agecheck.bench.run import Pool
    from agecheck.bench.tally import Tally
    from agecheck.bench.worker import RunSetup


def look_at_all(
    setup: RunSetup,
    source: LabelSource,
    *,
    workers: int | None,
    scheduler: str | None,
    out: Path,
    peer_versions: dict[str, str] | None = None,
) -> tuple[Tally, Circumstances]:
    """Count the labels, look at every picture, and say what it was made with.

    Raises:
        BadInput: not one picture could be read; what there was instead is listed.
    """
    from agecheck.bench import checkpoint
    from agecheck.bench.accuracy_results import Circumstances
    from agecheck.bench.labels import count_labels
    from agecheck.bench.run import first_readable, run

    counted = count_labels(source)
    tell_bad_rows(counted)
    setup = replace(setup, probe=first_readable(setup.folder, source))
    pool = _pool(setup, workers, scheduler)
    at_once = pool.workers
    prepare_for_document(out, checkpoint.FILE)
    kept: list[str] = []
    try:
        with progress(counted.pictures) as on_pictures:
            done = run(
                setup,
                source,
                counted,
                pool=pool,
                out=out,
                on_pictures=on_pictures,
                on_kept=lambda: kept.append(checkpoint.FILE),
            )
    finally:
        for file in kept:  # after the bar, whose line it would be on
            click.echo(
                f"agecheck: what was measured is kept ({file}); the same command goes on", err=True
            )
    made = Circumstances(
        labels=counted,
        split=source.split,
        group_by=source.group_by,
        peer_versions=peer_versions or {},
        faults=done.faults,
        calibration=setup.calibration,
        policy=setup.policy,
        workers=at_once,
        seconds=done.seconds,
    )
    if not done.tally.count("pictures"):
        write_left_out(made, out)
        files = made.faults.unreadable
        raise BadInput(f"not one of the {files} files can be read: bad_files.csv")
    return done.tally, made


def _pool(setup: RunSetup, workers: int | None, scheduler: str | None) -> Pool:
    from agecheck.bench.machine import usable_cores
    from agecheck.bench.run import LocalPool

    if scheduler is not None and workers is not None:
        raise BadInput("workers are this machine's and a scheduler has its own: give one of them")
    if scheduler is None:
        return LocalPool(setup, usable_cores() if workers is None else workers)
    from agecheck.bench.cluster import ClusterPool

    return ClusterPool(setup, scheduler)
