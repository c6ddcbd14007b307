"""agecheck bench calibrate: a calibration from a deployer's own labelled faces."""

from __future__ import annotations

from pathlib import Path

import click

from agecheck.cli.bench.options import (
    FOLDER,
    label_options,
    out_option,
    progress,
    tell_bad_rows,
    workers_option,
)

CALIBRATION_FILE, CARD_FILE, DIGEST_FILE = "calibration.json", "calibration.md", "SHA256SUMS"


@click.command()
@click.argument("folder", type=FOLDER)
@label_options
@click.option(
    "--name",
    default="unnamed faces",
    show_default=True,
    metavar="TEXT",
    help="A name for the set of faces, written into the file and its card.",
)
@click.option(
    "--keep-fusion",
    is_flag=True,
    help="Keep the shipped fusion and measure only the challenge ages. For faces that it was not "
    "fitted on.",
)
@workers_option
@out_option("agecheck-calibration", f"{CALIBRATION_FILE}, {CARD_FILE} and {DIGEST_FILE}")
def calibrate(
    folder: Path,
    *,
    labels: Path | None,
    age_pattern: str | None,
    split: str | None,
    name: str,
    keep_fusion: bool,
    workers: int | None,
    out: Path,
) -> None:
    """Make a calibration from the labelled faces in FOLDER.

    They are labelled as for `bench accuracy`; only whole years are used. The fusion, which makes
    one age of the networks' outputs, is fitted, and nobody is judged by a fit that has seen them. A
    false-over rate is offered only where there are enough minors to tell it from zero; the others
    are listed with the number that they need. Load the file with
    load_checker(policy, calibration=...).
    """
    from agecheck.bench.calibrate import join, make_calibration, require_enough
    from agecheck.bench.calibration_card import card
    from agecheck.bench.extraction import extract_features
    from agecheck.bench.files import prepare_folder, write_text
    from agecheck.bench.labels import count_labels, open_labels
    from agecheck.bench.machine import usable_cores
    from agecheck.calibration import shipped_calibration

    source = open_labels(folder, labels=labels, age_pattern=age_pattern, split=split, group_by=())
    counted = count_labels(source)
    tell_bad_rows(counted)
    exact = [label for label in source.labels() if label.is_exact]
    require_enough(exact, fits=not keep_fusion)
    prepare_folder(out, [CALIBRATION_FILE, CARD_FILE, DIGEST_FILE])
    with progress(len(exact)) as on_pictures:
        found = extract_features(folder, exact, workers or usable_cores(), on_pictures)
    faces = join(exact, found)
    made = make_calibration(faces, name, shipped_calibration() if keep_fusion else None)
    left_out = {
        "rows with an unusable label": sum(counted.faults.values()),
        "labels that are ranges": counted.pictures - len(exact),
        "files that cannot be read": faces.unreadable,
    }
    write_text(out / CALIBRATION_FILE, made.content.decode())
    write_text(out / CARD_FILE, card(made, faces, left_out))
    write_text(out / DIGEST_FILE, f"{made.calibration.digest}  {CALIBRATION_FILE}\n")
    click.echo(f"{CALIBRATION_FILE} {made.calibration.digest}")
    for limit, rates in made.calibration.challenge_ages_years.items():
        listed = ", ".join(f"{rate:.3g}: {years:.1f}" for rate, years in rates.items())
        click.echo(f"age limit {limit}, challenge age by false-over rate: {listed}")
    for refused in made.refused_rates:
        if refused.needed is not None:
            click.echo(
                f"not offered: {refused.rate:.3g} at age limit {refused.age_limit}, with "
                f"{refused.minors} people below it; it takes {refused.needed}"
            )

    click.echo(f"What it rests on is in {out / CARD_FILE}")
