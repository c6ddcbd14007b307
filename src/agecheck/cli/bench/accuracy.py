"""agecheck bench accuracy: errors and false-over rates on labelled faces."""

from __future__ import annotations

from pathlib import Path

import click

from agecheck.cli.bench.options import (
    FOLDER,
    calibration_option,
    given_calibration,
    given_policy,
    label_options,
    out_option,
    policy_options,
    tell,
    workers_option,
    write_document,
    write_left_out,
)
from agecheck.cli.bench.running import look_at_all


@click.command()
@click.argument("folder", type=FOLDER)
@label_options
@click.option(
    "--group-by",
    metavar="COLUMNS",
    help="Columns to group by, with commas between. [default: gender, race and group, as far as "
    "the labels have them]",
)
@click.option(
    "--peer",
    "peers",
    multiple=True,
    metavar="NAME",
    help="Another estimator to run on the same pictures; may be repeated.",
)
@policy_options
@calibration_option
@workers_option
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Run on the workers of this dask.distributed scheduler instead. They need FOLDER at the "
    "same path. Needs the extra 'cluster'.",
)
@out_option("agecheck-bench", "results.json, report.html and the tables")
def accuracy(
    folder: Path,
    *,
    labels: Path | None,
    age_pattern: str | None,
    split: str | None,
    group_by: str | None,
    peers: tuple[str, ...],
    age_limit: int,
    challenge_age: float | None,
    max_false_over: float,
    calibration: Path | None,
    workers: int | None,
    scheduler: str | None,
    out: Path,
) -> None:
    """Measure errors and false-over rates in FOLDER.

    FOLDER holds the pictures, or an images/ folder of them, and labels.csv with the columns file
    and age (17, 20-29 or 70+), and as far as known gender, race or group, subject and split; a
    column archive names the .tar that holds a file. Or FOLDER holds Parquet files with these
    columns and image. Rows and files that cannot be used are counted and listed, and the run goes
    on. An interrupted run is taken up by the same command.
    """
    from agecheck.bench import checkpoint
    from agecheck.bench.accuracy_report import headline, html_report
    from agecheck.bench.accuracy_results import results
    from agecheck.bench.accuracy_tables import tables
    from agecheck.bench.labels import open_labels
    from agecheck.bench.peers import load_peer
    from agecheck.bench.worker import RunSetup

    folder = folder.absolute()  # a worker on another machine has another working directory
    names = [] if group_by is None else [name.strip() for name in group_by.split(",")]
    columns = None if group_by is None else tuple(filter(None, names))
    source = open_labels(
        folder, labels=labels, age_pattern=age_pattern, split=split, group_by=columns
    )
    peers = tuple(dict.fromkeys(peers))
    in_use = given_calibration(calibration)
    policy = given_policy(in_use, age_limit, challenge_age, max_false_over)
    setup = RunSetup(folder, in_use, policy, peers, source.group_by)
    versions = {name: load_peer(name).version for name in peers}
    tally, made = look_at_all(
        setup, source, workers=workers, scheduler=scheduler, out=out, peer_versions=versions
    )
    document = results(tally, made)
    write_document(document, html_report(document), tables(document), out)
    write_left_out(made, out)
    checkpoint.remove(out)
    tell(document, headline(document), out)
