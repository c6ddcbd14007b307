"""What `agecheck bench` does about pictures, labels and archives that it cannot use."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

from click.testing import CliRunner, Result

from agecheck.cli.program import cli


def bench(command: str, folder: Path, *more: str) -> Result:
    arguments = [str(folder), "--workers", "1", "--out", str(folder.parent / "out"), *more]
    return CliRunner().invoke(cli, ["bench", command, *arguments])


def listed(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder.parent / "out" / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_name_that_is_no_text_is_listed_and_the_run_ends_well(
    portrait: Path, tmp_path: Path
) -> None:
    """One file name with a byte of another encoding costs that picture, not the run."""
    folder = tmp_path / "faces"
    folder.mkdir()
    for name in (b"25_0_0_\xff\xe9.jpg", b"26_0_0_a.jpg"):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(portrait.read_bytes())
    ran = bench("accuracy", folder)
    assert ran.exit_code == 0, ran.output
    assert listed(folder, "bad_rows.csv") == [
        {"row": "1", "fault": "a name is not UTF-8", "file": r"25_0_0_\xff\xe9.jpg"}
    ]
    document = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert (document["data"]["pictures"], document["data"]["bad_rows"]) == (1, 1)
