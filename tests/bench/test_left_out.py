"""What `agecheck bench` does about pictures, labels and archives that it cannot use."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest
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


@pytest.fixture
def missing(tmp_path: Path) -> Path:
    """A folder whose labels name 60 minors and none of the files."""
    folder = tmp_path / "faces"
    folder.mkdir()
    rows = "".join(f"{index}.jpg,16\n" for index in range(60))
    (folder / "labels.csv").write_text(f"file,age\n{rows}x.jpg,old\n", encoding="utf-8")
    return folder


def test_no_calibration_is_made_of_missing_files(missing: Path) -> None:
    """Exit code 2 and one line that says it, whatever comes of the labels."""
    ran = bench("calibrate", missing, "--keep-fusion")
    assert ran.exit_code == 2, ran.output
    assert ran.stderr.splitlines()[-1] == "agecheck: not one of the 60 files can be read"
    assert list((missing.parent / "out").iterdir()) == []


@pytest.mark.parametrize("command", ["accuracy", "quality"])
def test_a_run_without_a_picture_is_no_result(command: str, missing: Path) -> None:
    """Exit code 2 and a line, with the files listed, instead of a report about nothing."""
    ran = bench(command, missing)
    assert ran.exit_code == 2, ran.output
    told = "agecheck: not one of the 60 files can be read: bad_files.csv"
    assert ran.stderr.splitlines()[-1] == told
    assert ran.stdout == ""
    files = listed(missing, "bad_files.csv")
    assert [file["fault"] for file in files] == ["UNREADABLE"] * 60
    assert len(listed(missing, "bad_rows.csv")) == 1
    assert {file.name for file in (missing.parent / "out").iterdir()} == {
        "bad_files.csv",
        "bad_rows.csv",
    }
