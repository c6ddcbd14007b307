"""The benchmark under a policy that the evaluator names, and tables that belong to one run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agecheck.bench import bands
from agecheck.bench.accuracy_report import html_report
from agecheck.bench.labels import FaceLabel
from agecheck.bench.measures import Measures
from agecheck.bench.observe import AGECHECK, Observation, Sighting
from agecheck.bench.tally import Tally
from agecheck.calibration import shipped_calibration
from agecheck.cli.program import cli
from bench.faces import LabelledFolder


def measure(command: str, folder: Path, out: Path, *more: str) -> tuple[Result, dict[str, Any]]:
    arguments = ["bench", command, str(folder), "--workers", "2", "--out", str(out), *more]
    ran = CliRunner().invoke(cli, arguments)
    found = out / "results.json"
    return ran, json.loads(found.read_text(encoding="utf-8")) if found.is_file() else {}


@pytest.fixture(scope="module")
def strict(
    labelled: LabelledFolder, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    """The folder measured for 16 at a challenge age of 40, grouped by one column named twice."""
    out = tmp_path_factory.mktemp("strict")
    asked = ("--age-limit", "16", "--challenge-age", "40", "--group-by", "gender,gender, ")
    ran, document = measure("accuracy", labelled.path, out, *asked)
    assert ran.exit_code == 0, ran.output
    return out, document


def test_the_policy_asked_for_is_the_one_measured(
    strict: tuple[Path, dict[str, Any]], document: dict[str, Any]
) -> None:
    """Verdicts are counted for the limit and challenge age given, and for nobody else's."""
    policy, shipped = strict[1]["shipped_policy"], document["shipped_policy"]
    assert (policy["age_limit_years"], policy["challenge_age_years"]) == (16, 40.0)
    assert (policy["minors"], shipped["minors"]) == ("12-15", "14-17")
    assert policy["adults_refused"]["25-40"]["value"] > shipped["adults_refused"]["25-40"]["value"]
    assert shipped["false_over_minors"] == shipped["false_over_14_17"]
    # What does not depend on a policy is the same.
    assert strict[1]["mae_years"] == document["mae_years"]


def test_groups_are_shown_at_the_policy(document: dict[str, Any]) -> None:
    """Refusals by group stand at the challenge age that is used, and sum up to everybody's."""
    groups = document["shipped_policy"]["by_group"]["gender"]["groups"]
    everybody = document["shipped_policy"]["adults_refused"]["25-40"]
    assert sum(row["adults_refused"]["25-40"]["n"] for row in groups) == everybody["n"]
    by_age = {row["age_years"]: row for row in document["shipped_policy"]["by_age_year"]}
    assert sum(by_age[age]["pictures"] for age in range(25, 41)) == everybody["n"]
    fta = document["by_group"]["gender"]["groups"][0]["failure_to_acquire"]
    assert 0 < fta["value"] < 1


def test_a_column_given_twice_counts_nobody_twice(strict: tuple[Path, dict[str, Any]]) -> None:
    """Ten pictures would become twenty, enough to be shown, with an interval too narrow."""
    document = strict[1]
    assert document["data"]["group_by"] == ["gender"]
    rows = document["by_group"]["gender"]["groups"]
    assert sum(row["pictures"] for row in rows) == document["data"]["pictures"]


def test_tables_of_an_earlier_run_are_removed(
    strict: tuple[Path, dict[str, Any]], labelled: LabelledFolder
) -> None:
    """A table of what this run did not measure would be read as this run's."""
    out, before = strict
    (out / "mine.csv").write_text("not agecheck's", encoding="utf-8")
    assert (out / "by_gender.csv").is_file()
    ran, document = measure("accuracy", labelled.path, out, "--group-by", "group")
    assert ran.exit_code == 0, ran.output
    assert {path.name for path in out.glob("*.csv")} == {
        *document["tables"],
        *("bad_rows.csv", "bad_files.csv", "mine.csv"),
    }
    assert "by_gender.csv" in before["tables"]
    assert not (out / "by_gender.csv").exists()


@pytest.mark.parametrize("command", ["accuracy", "quality"])
def test_a_policy_that_cannot_be_is_told(
    command: str, labelled: LabelledFolder, tmp_path: Path
) -> None:
    """A rate that the calibration lacks, or an age below the limit: one line, before any work."""
    for asked in (["--max-false-over", "0.013"], ["--age-limit", "18", "--challenge-age", "17"]):
        ran, _ = measure(command, labelled.path, tmp_path / "out", *asked)
        assert ran.exit_code == 2
        assert "challenge" in ran.stderr.splitlines()[-1]
        assert not (tmp_path / "out").exists()


def test_a_calibration_without_the_default_rate_can_be_measured(
    labelled: LabelledFolder, tmp_path: Path
) -> None:
    """Few minors make a calibration without 2 % at 18; its maker has to be able to measure it."""
    from importlib.resources import files

    shipped = json.loads((files("agecheck.models") / "data" / "calibration.json").read_bytes())
    del shipped["challenge_ages_years"]["18"]["0.02"]
    own = tmp_path / "own.json"
    own.write_text(json.dumps(shipped), encoding="utf-8")
    asked = ("--calibration", str(own))
    ran, _ = measure("quality", labelled.path, tmp_path / "out", *asked)
    assert (ran.exit_code, "0.05" in ran.stderr) == (2, True)
    ran, document = measure(
        "quality", labelled.path, tmp_path / "out", *asked, "--max-false-over", "0.05"
    )
    assert ran.exit_code == 0, ran.output
    age_years = shipped_calibration().challenge_ages_years[18][0.05]
    assert f"challenge-{age_years:g}" in document["policy"]


def test_a_peer_that_says_120_breaks_nothing() -> None:
    """No challenge age is low enough for such minors: nobody passes, and the run goes on."""
    tally = Tally()
    for index in range(120):
        age = 16 if index < 80 else 30
        seen = Observation(None, 120.0, None, 120.0)
        label = FaceLabel(f"{index}.jpg", age, age)
        tally.add(label, Sighting({AGECHECK: seen}), ())
    figure = Measures(tally, AGECHECK).pass_at_rate(bands.ADULTS[1], bands.MINORS_18, 0.05)
    assert (figure["value"], figure["minors_over"]["value"]) == (0.0, 0.0)


def test_a_bias_below_zero_is_inside_its_chart(document: dict[str, Any]) -> None:
    """An axis that ends at zero would draw a bias of -0.9 as none."""
    row = {"age_years": 30, "pictures": 50}
    mae, bias = ({"value": v, "n": 50, "interval": [v - 0.1, v + 0.1]} for v in (4.0, -0.9))
    changed = {**document, "by_age_year": [{**row, "mae_years": mae, "bias_years": bias}]}
    assert ">-5<" in html_report(changed)
