"""agecheck bench quality: does it pay to refuse faces?"""

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
@policy_options
@calibration_option
@workers_option
@out_option("agecheck-quality", "results.json, report.html and the tables")
def quality(
    folder: Path,
    *,
    labels: Path | None,
    age_pattern: str | None,
    split: str | None,
    age_limit: int,
    challenge_age: float | None,
    max_false_over: float,
    calibration: Path | None,
    workers: int | None,
    out: Path,
) -> None:
    """Measure whether refusing faces pays.

    FOLDER is labelled as for `bench accuracy`. Each face is measured and estimated, even where the
    gate would refuse it. For each quality component: how its values are spread, how many lie
    beyond the limit, and the error and the share answered OVER on either side.
    """
    from agecheck.bench import checkpoint
    from agecheck.bench.labels import open_labels
    from agecheck.bench.quality_report import headline, html_report, tables
    from agecheck.bench.quality_results import results
    from agecheck.bench.worker import RunSetup

    source = open_labels(folder, labels=labels, age_pattern=age_pattern, split=split, group_by=())
    in_use = given_calibration(calibration)
    policy = given_policy(in_use, age_limit, challenge_age, max_false_over)
    setup = RunSetup(folder, in_use, policy, looks_at="quality")
    tally, made = look_at_all(setup, source, workers=workers, scheduler=None, out=out)
    document = results(tally, made)
    write_document(document, html_report(document), tables(document), out)
    write_left_out(made, out)
    checkpoint.remove(out)
    tell(document, headline(document), out)
