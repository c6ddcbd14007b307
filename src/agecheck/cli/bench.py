"""agecheck bench: accuracy on labelled faces, and what changed between two runs."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agecheck.cli.exits import BadInput
from agecheck.errors import CalibrationError, MissingExtraError

if TYPE_CHECKING:
    from agecheck.bench.labels import LabelCount

_EXTRA = "bench"
_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)
_SHOWN_ROWS = 5


@click.group()
def bench() -> None:
    """Measure the gate on labelled faces, outside the seal.

    A benchmark has to see ages, so that it runs unsealed; what it prints and writes is aggregates
    over at least 20 pictures. Needs the extra: pip install 'agecheck-ondevice[bench]'.
    """
    if find_spec("scipy") is None:
        raise MissingExtraError(_EXTRA)


@bench.command()
@click.argument("folder", type=_FOLDER)
@click.option("--labels", type=_FILE, metavar="FILE", help="Labels, if not FOLDER/labels.csv.")
@click.option(
    "--age-pattern",
    metavar="REGEX",
    help="Read ages from file names: a pattern of the whole name with a group named age, or with "
    "one group. Without it and a labels file, UTKFace's names are read.",
)
@click.option("--split", metavar="NAME", help="Only rows with this value in the column split.")
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
@click.option("--calibration", type=_FILE, metavar="FILE", help="Instead of the shipped one.")
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    metavar="COUNT",
    help="Processes. The results do not depend on it. [default: one for each core]",
)
@click.option(
    "--out",
    type=_FOLDER,
    default=Path("agecheck-bench"),
    show_default=True,
    metavar="DIR",
    help="Where results.json, report.html and the tables go.",
)
def accuracy(
    folder: Path,
    *,
    labels: Path | None,
    age_pattern: str | None,
    split: str | None,
    group_by: str | None,
    peers: tuple[str, ...],
    calibration: Path | None,
    workers: int | None,
    out: Path,
) -> None:
    """Measure errors and false-over rates on the pictures in FOLDER.

    FOLDER holds the pictures, or an images/ folder of them, and labels.csv with the columns file
    and age (17, 20-29 or 70+), and as far as known gender, race or group, subject and split. Rows
    and files that cannot be used are counted and listed, and the run goes on. An interrupted run
    is taken up by the same command.
    """
    from agecheck.bench import checkpoint, run
    from agecheck.bench.labels import count_labels, open_labels
    from agecheck.bench.machine import usable_cores
    from agecheck.bench.peers import load_peer
    from agecheck.bench.results import Circumstances, results

    columns = None if group_by is None else tuple(c.strip() for c in group_by.split(",") if c)
    source = open_labels(
        folder, labels=labels, age_pattern=age_pattern, split=split, group_by=columns
    )
    peers = tuple(dict.fromkeys(peers))
    setup = run.RunSetup(folder, calibration, peers, source.group_by)
    in_use = _given_calibration(setup)
    policy = run.shipped_policy(in_use)
    versions = {name: load_peer(name).version for name in peers}
    counted = count_labels(source)
    _tell_bad_rows(counted)
    _make_folder(out)
    workers = usable_cores() if workers is None else workers
    with _progress(counted.pictures) as on_pictures:
        done = run.run(setup, source, counted, workers=workers, out=out, on_pictures=on_pictures)
    made = Circumstances(
        labels=counted,
        split=split,
        group_by=source.group_by,
        peer_versions=versions,
        faults=done.faults,
        calibration=in_use,
        policy=policy,
        workers=workers,
        seconds=done.seconds,
    )
    document = results(done.tally, made)
    _write(document, made.labels, done.faults, out)
    checkpoint.remove(out)
    _print_headline(document, out)


@bench.command()
@click.argument("before", type=_FILE)
@click.argument("after", type=_FILE)
@click.option("--all", "show_all", is_flag=True, help="Also figures that changed within noise.")
def compare(before: Path, after: Path, *, show_all: bool) -> None:
    """Say which figures differ beyond noise between two results.json, BEFORE and AFTER."""
    from agecheck.bench.compare import compare as compare_results
    from agecheck.bench.compare import read_results
    from agecheck.bench.report import text_of

    changes = compare_results(read_results(before), read_results(after))
    beyond = [change for change in changes if change.beyond_noise]
    for change in changes if show_all else beyond:
        mark = "*" if change.beyond_noise else " "
        click.echo(f"{mark} {change.name}: {change.difference:+.3f}")
        click.echo(f"    before {text_of(change.before)}")
        click.echo(f"    after  {text_of(change.after)}")
    click.echo(f"{len(beyond)} of {len(changes)} figures changed beyond noise")


def _given_calibration(setup: Any) -> Any:
    try:
        return setup.load_calibration()
    except CalibrationError as error:
        if setup.calibration is None:
            raise
        raise BadInput(str(error)) from None


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise BadInput("the folder for the results cannot be made") from None


def _tell_bad_rows(labels: LabelCount) -> None:
    for fault, count in labels.faults.items():
        click.echo(f"agecheck: {count} rows left out: {fault}", err=True)
    for row in labels.bad_rows[:_SHOWN_ROWS]:
        click.echo(f"agecheck: row {row.row}: {row.fault}", err=True)


@contextmanager
def _progress(pictures: int) -> Iterator[Callable[[int], None]]:
    """A bar with the time left, where a person watches."""
    if not (sys.stderr and sys.stderr.isatty()):
        yield lambda _: None
        return
    with click.progressbar(length=pictures, file=sys.stderr, show_pos=True, show_eta=True) as bar:
        yield bar.update


def _write(
    document: dict[str, Any], labels: LabelCount, faults: list[tuple[str, str]], out: Path
) -> None:
    from agecheck.bench.report import html_report
    from agecheck.bench.table import write_csv
    from agecheck.bench.tables import tables

    (out / "results.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (out / "report.html").write_text(html_report(document), encoding="utf-8")
    for table in tables(document):
        write_csv(table, out)
    _write_rows(out / "bad_rows.csv", ["row", "fault"], [(r.row, r.fault) for r in labels.bad_rows])
    _write_rows(out / "bad_files.csv", ["file", "fault"], faults)


def _write_rows(path: Path, heads: list[str], rows: list[Any]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([heads, *rows])


def _print_headline(document: dict[str, Any], out: Path) -> None:
    from agecheck.bench.report import headline

    data = document["data"]
    click.echo(f"{data['pictures']} pictures, measured outside the seal")
    for name, value, rest in headline(document):
        click.echo(f"{name:<50} {value:>10}  ({rest})")
    unusable = data["unreadable_files"] + data["undecodable_files"]
    if unusable:
        click.echo(f"{unusable} files could not be read or decoded: bad_files.csv")
    click.echo(f"Everything else is in {out / 'report.html'}")
