"""What the bench commands have in common: options, the progress bar, and what is written."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from agecheck.calibration import Calibration, load_calibration, shipped_calibration
from agecheck.cli.exits import BadInput
from agecheck.errors import CalibrationError, PolicyError
from agecheck.policy import AgePolicy, EffectivePolicy

if TYPE_CHECKING:
    from agecheck.bench.accuracy_results import Circumstances
    from agecheck.bench.labels import LabelCount
    from agecheck.bench.page import Tile
    from agecheck.bench.table import Table

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
_SHOWN_ROWS = 5
_Command = TypeVar("_Command", bound=Callable[..., Any])

_LABEL_OPTIONS = (
    click.option("--labels", type=FILE, metavar="FILE", help="Labels, if not FOLDER/labels.csv."),
    click.option(
        "--age-pattern",
        metavar="REGEX",
        help="Read ages from file names: a pattern of the whole name with a group named age, or "
        "with one group. Without it and a labels file, UTKFace's names are read.",
    ),
    click.option("--split", metavar="NAME", help="Only rows with this value in the column split."),
)

_DEFAULTS = AgePolicy()
_POLICY_OPTIONS = (
    click.option(
        "--age-limit",
        type=int,
        default=_DEFAULTS.age_limit,
        show_default=True,
        metavar="YEARS",
        help="Age limit of the policy whose answers are counted.",
    ),
    click.option(
        "--challenge-age",
        type=float,
        metavar="YEARS",
        help="Challenge age of that policy. Left out, it follows from the false-over rate.",
    ),
    click.option(
        "--max-false-over",
        type=float,
        default=_DEFAULTS.max_false_over_rate,
        show_default=True,
        metavar="RATE",
        help="False-over rate of that policy, 0 to 1; one that the calibration has measured.",
    ),
)
calibration_option = click.option(
    "--calibration",
    type=FILE,
    metavar="FILE",
    help="A calibration made for these models, instead of the shipped one.",
)
workers_option = click.option(
    "--workers",
    type=click.IntRange(1, 256),
    metavar="COUNT",
    help="How many processes share the work; the results do not depend on it. [default: one for "
    "each core]",
)


def label_options(command: _Command) -> _Command:
    """Where labels come from."""
    for option in reversed(_LABEL_OPTIONS):
        command = option(command)
    return command


def policy_options(command: _Command) -> _Command:
    """Whose answers are counted."""
    for option in reversed(_POLICY_OPTIONS):
        command = option(command)
    return command


def out_option(default: str, what: str) -> Callable[[_Command], _Command]:
    """Where the files go."""
    return click.option(
        "--out",
        type=FOLDER,
        default=Path(default),
        show_default=True,
        metavar="DIR",
        help=f"Where {what} go.",
    )


def given_calibration(path: Path | None) -> Calibration:
    """The one in a file, or the shipped one."""
    if path is None:
        return shipped_calibration()
    try:
        return load_calibration(path)
    except CalibrationError as error:
        raise BadInput(str(error)) from None


def given_policy(
    calibration: Calibration, age_limit: int, challenge_age: float | None, max_false_over: float
) -> EffectivePolicy:
    """The one asked for.

    Raises:
        BadInput: it contradicts itself, or the calibration has no such rate.
    """
    try:
        policy = AgePolicy(age_limit, challenge_age, max_false_over)
        return policy.resolve(calibration.challenge_ages_years)
    except PolicyError as error:
        raise BadInput(str(error)) from None


def tell_bad_rows(labels: LabelCount) -> None:
    """Say how many rows are left out, and show the first ones."""
    for fault, count in labels.faults.items():
        click.echo(f"agecheck: {count} rows left out: {fault}", err=True)
    for row in labels.bad_rows[:_SHOWN_ROWS]:
        click.echo(f"agecheck: row {row.row}: {row.fault}", err=True)


@contextmanager
def progress(pictures: int) -> Iterator[Callable[[int], None]]:
    """A bar with the time left, where a person watches."""
    if not (sys.stderr and sys.stderr.isatty()):
        yield lambda _: None
        return
    with click.progressbar(length=pictures, file=sys.stderr, show_pos=True, show_eta=True) as bar:
        yield bar.update


def write_document(document: dict[str, Any], page: str, tables: Sequence[Table], out: Path) -> None:
    """Write results.json, report.html and the tables; an earlier run's other tables are removed."""
    from agecheck.bench.files import write_text
    from agecheck.bench.table import tables_named_in, write_csv

    results, names = out / "results.json", [f"{table.name}.csv" for table in tables]
    earlier = tables_named_in(results)
    write_text(results, json.dumps({**document, "tables": names}, indent=1) + "\n")
    write_text(out / "report.html", page)
    for table in tables:
        write_csv(table, out)
    for name in earlier - {*names}:
        (out / name).unlink(missing_ok=True)


def prepare_for_document(out: Path, *more: str) -> None:
    """Find out, before hours of work, whether `write_document` will be able to write."""
    from agecheck.bench.files import prepare_folder

    prepare_folder(out, ["results.json", "report.html", "*.csv", *more])


def write_left_out(made: Circumstances, out: Path) -> None:
    """Write the rows and files that could not be used, the first ones at least."""
    rows = [(row.row, row.fault, row.file) for row in made.labels.bad_rows]
    _write_rows(out / "bad_rows.csv", ["row", "fault", "file"], rows)
    _write_rows(out / "bad_files.csv", ["file", "fault"], made.faults.listed)


def tell(document: dict[str, Any], headline: Sequence[Tile], out: Path) -> None:
    """Print what most readers come for."""
    data = document["data"]
    click.echo(f"{data['pictures']} pictures, measured outside the seal")
    for name, value, rest in headline:
        click.echo(f"{name:<50} {value:>10}  ({rest})")
    unusable = data["unreadable_files"] + data["undecodable_files"]
    if unusable:
        click.echo(f"{unusable} files could not be read or decoded: bad_files.csv")
    click.echo(f"Everything else is in {out / 'report.html'}")


def _write_rows(path: Path, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    from agecheck.bench.files import replacing

    with replacing(path) as file:
        csv.writer(file).writerows([heads, *rows])
