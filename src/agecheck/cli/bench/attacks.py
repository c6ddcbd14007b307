"""agecheck bench attacks: do photographs, screens and films pass for living people?"""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agecheck.cli.bench.options import (
    FILE,
    FOLDER,
    out_option,
    progress,
    workers_option,
)
from agecheck.cli.exits import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agecheck.bench.attacks import Labelled, Seen


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--labels", type=FILE, metavar="FILE", help="Labels, if not FOLDER/labels.csv.")
@workers_option
@out_option("agecheck-attacks", "results.json and clips.csv")
def attacks(folder: Path, *, labels: Path | None, workers: int | None, out: Path) -> None:
    """Run labelled clips in FOLDER through the passive parts of liveness.

    A clip is a video file, an animated picture, or a folder of frames. The labels have the columns
    file, label (live or spoof) and attack (the species, for spoof). The results are APCER for each
    species and the worst of them, BPCER (both as in ISO/IEC 30107-3), and which parts were not run.
    """
    from agecheck.bench.attacks import ClipLabelError, read_labels, results, run_clips
    from agecheck.bench.files import prepare_folder, write_text
    from agecheck.bench.machine import usable_cores

    try:
        rows, bad_rows = read_labels(folder / "labels.csv" if labels is None else labels)
    except ClipLabelError as error:
        raise BadInput(str(error)) from None
    prepare_folder(out, ["results.json", "clips.csv"])
    if bad_rows:
        click.echo(f"agecheck: {bad_rows} rows left out", err=True)
    began_s = time.monotonic()
    workers = usable_cores() if workers is None else workers
    with progress(len(rows)) as on_clip:
        seen = run_clips(folder, rows, workers=min(workers, len(rows)), on_clip=on_clip)
    seconds = time.monotonic() - began_s
    document = results(rows, seen, bad_rows=bad_rows, seconds=seconds)
    write_text(out / "results.json", json.dumps(document, indent=1) + "\n")
    _write_clips(out / "clips.csv", rows, seen)
    _tell(document, out)


def _write_clips(path: Path, rows: Sequence[Labelled], seen: Sequence[Seen]) -> None:
    from agecheck.bench.files import replacing

    with replacing(path) as file:
        writer = csv.writer(file)
        writer.writerow(["file", "label", "attack", "outcome", "reason"])
        for row, one in zip(rows, seen, strict=True):
            label = "spoof" if row.is_attack else "live"
            outcome = "UNREADABLE" if one.outcome is None else one.outcome.value
            writer.writerow([row.file, label, row.species, outcome, one.reason])


def _tell(document: dict[str, Any], out: Path) -> None:
    data = document["data"]
    click.echo(f"{data['clips']} clips, passive parts only")
    for name, head in (("apcer", "APCER, all species"), ("bpcer", "BPCER"), ("bpnrr", "BPNRR")):
        click.echo(f"{head:<24} {_figure(document[name])}")
    if document["apcer_worst"] is not None:
        worst = document["apcer_worst"]
        click.echo(f"{'APCER, worst species':<24} {_figure(worst)}  {worst['species']}")
    if data["unreadable"]:
        click.echo(f"{sum(data['unreadable'].values())} clips could not be read: clips.csv")
    click.echo(f"Not run: {', '.join(document['parts_not_run'])}")
    click.echo(f"Everything else is in {out / 'results.json'}")


def _figure(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return "none to count"
    low, high = figure["interval"]
    return f"{figure['value']:.3f}  (n = {figure['n']}, 95 % {low:.3f} to {high:.3f})"
