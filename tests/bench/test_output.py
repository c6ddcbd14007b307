"""Where results go: known before the work begins, whole or not there, and told in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agecheck.bench.files import OutputError, replacing
from agecheck.cli.program import cli
from bench.faces import PICTURES, make_folder

COMMANDS = ("accuracy", "quality", "latency", "calibrate", "attacks")
FIRST_FILES = dict.fromkeys(COMMANDS, "results.json") | {"calibrate": "calibration.json"}


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures labelled for every command: ages, and clips that are all live."""
    folder = make_folder(tmp_path_factory.mktemp("output") / "faces", 260).path
    text = (folder / "labels.csv").read_text(encoding="utf-8").splitlines()
    rows = [f"{text[0]},label", *(f"{row},live" for row in text[1:])]
    (folder / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def arguments(command: str, faces: Path, out: Path) -> list[str]:
    what = PICTURES / "astronaut.png" if command == "latency" else faces
    more = ["--keep-fusion"] if command == "calibrate" else []
    return ["bench", command, str(what), *more, "--out", str(out)]


def bench(command: str, faces: Path, out: Path) -> Result:
    return CliRunner().invoke(cli, arguments(command, faces, out))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_that_cannot_be_written_is_told_first(command: str, faces: Path) -> None:
    """A folder that exists and takes no file: exit code 2 and one line, before any picture."""
    ran = bench(command, faces, Path("/proc/self"))
    assert ran.exit_code == 2
    assert ran.stderr.splitlines()[-1].startswith("agecheck: the folder for the results cannot be")
    assert "warm checks" not in ran.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_name_that_is_a_folders_is_told_first(command: str, faces: Path, tmp_path: Path) -> None:
    """results.json as a folder is found before the work, and nothing is left beside it."""
    name = FIRST_FILES[command]
    (tmp_path / name).mkdir()
    ran = bench(command, faces, tmp_path)
    told = f"agecheck: {name} cannot be written: a folder has that name"
    assert (ran.exit_code, ran.stderr.splitlines()[-1]) == (2, told)
    assert "warm checks" not in ran.stderr
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    """A results.json that does not fit is told in one line, and the earlier one is whole."""
    faces, out = make_folder(tmp_path / "faces", 26).path, tmp_path / "out"
    out.mkdir()
    (out / "results.json").write_text("earlier", encoding="utf-8")
    program = [sys.executable, "-m", "agecheck", *arguments("accuracy", faces, out)]
    limit = "import resource, sys, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (20480, 20480))"
    start = f"{limit}; sys.argv = sys.argv[1:]; runpy.run_module('agecheck', run_name='__main__')"
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-c", start, *program[2:], "--workers", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[-1].startswith("agecheck: results.json cannot be written: ")
    assert [file.name for file in out.iterdir()] == ["results.json"]
    assert (out / "results.json").read_text(encoding="utf-8") == "earlier"


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    """Whoever reads while it is written, or after it failed, reads the earlier file."""
    path = tmp_path / "table.csv"
    path.write_text("earlier", encoding="utf-8")

    def fail_half_way() -> None:
        with replacing(path) as file:
            file.write("half")
            file.flush()
            assert path.read_text(encoding="utf-8") == "earlier"
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"^table\.csv cannot be written: No space"):
        fail_half_way()
    assert [file.name for file in tmp_path.iterdir()] == ["table.csv"]
    with replacing(path) as file:
        file.write("whole")
    assert path.read_text(encoding="utf-8") == "whole"
