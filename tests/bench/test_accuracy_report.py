"""The report of `agecheck bench accuracy`, the comparison of two runs, and the command."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agecheck.bench.accuracy_report import html_report
from agecheck.bench.accuracy_tables import tables
from agecheck.bench.compare import compare
from agecheck.bench.table import write_csv
from agecheck.calibration import shipped_calibration
from agecheck.cli.program import cli
from bench.faces import LabelledFolder


class TestReport:
    def test_it_loads_nothing(self, out: Path) -> None:
        """The page is whole in one file, and asks no server for anything."""
        page = (out / "report.html").read_text(encoding="utf-8")
        assert not re.findall(r"https?://|@import|url\(|<script|<img|src=", page)

    def test_it_has_the_plots(self, out: Path) -> None:
        """Error by age, the challenge-age curve with the chosen point, reliability, a heat map."""
        page = (out / "report.html").read_text(encoding="utf-8")
        for title in ("Error by age", "What a challenge age costs", "Reliability"):
            assert f"<figcaption>{title}</figcaption>" in page
        assert f">policy: {shipped_years():g}</text>" in page
        assert 'class="heat"' in page

    def test_a_label_cannot_write_into_the_page(
        self, document: dict[str, Any], tmp_path: Path
    ) -> None:
        """Group names come from somebody else's file: they are text, never markup."""
        hostile = json.loads(json.dumps(document).replace('"north"', '"<script>alert(1)</script>"'))
        page = html_report(hostile)
        assert "<script>" not in page
        assert "&lt;script&gt;" in page
        for table in tables(hostile):
            write_csv(table, tmp_path)


def shipped_years() -> float:
    return shipped_calibration().challenge_ages_years[18][0.02]


class TestCompare:
    @staticmethod
    def shifted(document: dict[str, Any], years: float) -> dict[str, Any]:
        """The same results with another mean absolute error over everybody."""
        changed: dict[str, Any] = json.loads(json.dumps(document))
        figure = changed["mae_years"]["all"]
        figure["value"] += years
        figure["interval"] = [bound + years for bound in figure["interval"]]
        return changed

    def test_equal_results_have_no_change(self, document: dict[str, Any]) -> None:
        """Nothing is reported where nothing changed."""
        changes = compare(document, document)
        assert len(changes) > 100
        assert not any(change.beyond_noise for change in changes)

    def test_a_change_within_noise_is_not_reported(self, document: dict[str, Any]) -> None:
        """A quarter of an interval's width is what chance does every day."""
        low, high = document["mae_years"]["all"]["interval"]
        changes = compare(document, self.shifted(document, (high - low) / 4))
        assert [c.name for c in changes if c.beyond_noise] == []

    def test_a_change_beyond_noise_is_the_one_reported(self, document: dict[str, Any]) -> None:
        """Three widths are no chance, also among hundreds of figures; and the others stay quiet."""
        low, high = document["mae_years"]["all"]["interval"]
        changes = compare(document, self.shifted(document, 3 * (high - low)))
        assert [c.name for c in changes if c.beyond_noise] == ["mae_years/all"]


class TestCommand:
    def test_compare_prints_what_changed(
        self, document: dict[str, Any], out: Path, tmp_path: Path
    ) -> None:
        """The command reads both files and names the figure that moved."""
        after = tmp_path / "after.json"
        after.write_text(json.dumps(TestCompare.shifted(document, 30.0)), encoding="utf-8")
        ran = CliRunner().invoke(cli, ["bench", "compare", str(out / "results.json"), str(after)])
        assert ran.exit_code == 0
        assert ran.stdout.splitlines()[0] == "* mae_years/all: +30.000"

    @pytest.mark.parametrize(
        ("part", "name", "told"),
        [
            ("data", "labels_digest", "pictures"),
            ("data", "pictures", "pictures"),
            ("bundle", "models_digest", "models"),
            ("bundle", "calibration_digest", "calibration"),
            ("bundle", "agecheck", "version of agecheck"),
        ],
    )
    def test_compare_says_first_what_is_not_alike(
        self, document: dict[str, Any], out: Path, tmp_path: Path, part: str, name: str, told: str
    ) -> None:
        """A difference between other pictures, or other models, is not read as a change of one."""
        other = json.loads(json.dumps(document))
        other[part][name] = 1
        after = tmp_path / "after.json"
        after.write_text(json.dumps(other), encoding="utf-8")
        ran = CliRunner().invoke(cli, ["bench", "compare", str(out / "results.json"), str(after)])
        assert ran.exit_code == 0
        first, *rest = ran.stdout.splitlines()
        assert first.startswith(f"Not the same in both results: {told}. ")
        assert rest[-1].startswith("0 of ")

    @pytest.mark.parametrize("content", ["", "[]", '{"schema": "other"}', "\xff"])
    def test_compare_refuses_what_is_no_result(self, content: str, tmp_path: Path) -> None:
        """A wrong file is the caller's to mend: one line, exit code 2."""
        wrong = tmp_path / "wrong.json"
        wrong.write_text(content, encoding="latin-1")
        ran = CliRunner().invoke(cli, ["bench", "compare", str(wrong), str(wrong)])
        assert (ran.exit_code, ran.stdout) == (2, "")

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["--peer", "nobody"], "no peer of that name"),
            (["--group-by", "height"], "no column 'height'"),
            (["--split", "test"], "no column 'split'"),
            (["--calibration", "{folder}/labels.csv"], "calibration"),
            (["--labels", "{folder}/none.csv"], "labels file cannot be read"),
        ],
    )
    def test_a_wrong_option_is_told_before_anything_runs(
        self, labelled: LabelledFolder, tmp_path: Path, arguments: list[str], told: str
    ) -> None:
        """Exit code 2, one line that helps, and no folder of results."""
        given = [argument.format(folder=labelled.path) for argument in arguments]
        where = ["--out", str(tmp_path / "out")]
        ran = CliRunner().invoke(cli, ["bench", "accuracy", str(labelled.path), *given, *where])
        assert ran.exit_code == 2
        assert told in ran.stderr
        assert not (tmp_path / "out").exists()

    def test_without_the_extra_it_says_how_to_get_it(
        self, spawn_without_scipy: Callable[[list[str]], tuple[int, str]]
    ) -> None:
        """The first thing that a new user meets is an instruction, not a traceback."""
        code, told = spawn_without_scipy(["bench", "accuracy", "."])
        assert code == 2
        assert len(told.splitlines()) == 1
        assert "in a clone: pip install '.[bench]'" in told
