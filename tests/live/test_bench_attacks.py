"""agecheck bench attacks: outcomes of labelled clips, and the figures made of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from agecheck.bench.attacks import (
    ClipLabelError,
    Labelled,
    Outcome,
    Seen,
    judge,
    read_labels,
    results,
    wilson,
)
from agecheck.cli.bench.attacks import attacks
from benchmarks.actors import Actor, Person, Sheet
from benchmarks.species import SPECIES, still

STEP_MS = 40


def filmed(actor: Actor, duration_ms: int = 4000) -> Iterator[tuple[np.ndarray, int]]:
    """An actor whom nobody asks for anything."""
    return ((actor.frame(at_ms), at_ms) for at_ms in range(0, duration_ms, STEP_MS))


def blinking(seed: int) -> Person:
    """A person who blinks after a second."""
    person = Person(seed)
    person._blinks_ms = np.array([1000.0])
    return person


class TestOutcomes:
    def test_a_living_person_is_bona_fide(self) -> None:
        """A blink is enough."""
        assert judge(filmed(blinking(0))) == Seen(Outcome.BONA_FIDE)

    def test_a_short_clip_is_enough(self) -> None:
        """Shorter than a session would last, but with all that is needed in it."""
        assert judge(filmed(blinking(0), 1700)) == Seen(Outcome.BONA_FIDE)

    def test_a_person_who_stands_still_is_not_called_an_attack(self) -> None:
        """Nor accepted: nothing told them from a photograph."""
        assert judge(filmed(Person(0, blinks=False))) == Seen(
            Outcome.NO_ANSWER, "LIVENESS_NOT_SHOWN"
        )

    def test_a_photograph_is_not_accepted(self) -> None:
        """However it is moved."""
        for species in ("photo", "tilted-photo"):
            assert judge(filmed(SPECIES[species](1))).outcome is not Outcome.BONA_FIDE

    @pytest.mark.parametrize("seed", [3, 5])
    def test_a_steep_photograph_is_not_accepted(self, seed: int) -> None:
        """Where its mesh slips, no plane fits, as on a head that turns."""
        photo = Sheet(seed, still(seed), tilt_deg=60)
        assert judge(filmed(photo)).outcome is not Outcome.BONA_FIDE

    @pytest.mark.parametrize("species", ["screen-video", "frozen", "looped", "swap"])
    def test_an_attack_is_found(self, species: str) -> None:
        """Those that leave traces."""
        assert judge(filmed(SPECIES[species](2))) == Seen(Outcome.ATTACK)

    def test_nobody_is_no_answer(self) -> None:
        """A clip of a wall."""
        wall = ((np.full((120, 160, 3), 90 + i % 3, np.uint8), STEP_MS * i) for i in range(50))
        assert judge(wall) == Seen(Outcome.NO_ANSWER, "NO_FACE")


def rows(text: str, folder: Path) -> tuple[list[Labelled], int]:
    path = folder / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return read_labels(path)


class TestLabels:
    def test_they_say_what_each_clip_is(self, tmp_path: Path) -> None:
        """A bona fide clip has no species, a nameless attack is counted as such."""
        text = "file,label,attack\na.mp4,live,\nb,SPOOF,print\nc.mp4,spoof,\n"
        assert rows(text, tmp_path) == (
            [
                Labelled("a.mp4", False, ""),
                Labelled("b", True, "print"),
                Labelled("c.mp4", True, "unnamed"),
            ],
            0,
        )

    def test_rows_that_cannot_be_used_are_counted(self, tmp_path: Path) -> None:
        """Never guessed; and no path leads out of the folder."""
        text = "file,label\na.mp4,real\n,live\n../b.mp4,live\n/etc/c.mp4,spoof\nd.mp4,live\n"
        assert rows(text, tmp_path) == ([Labelled("d.mp4", False, "")], 4)

    @pytest.mark.parametrize("text", ["", "file\na.mp4\n", "file,label\n", "file,label\na,maybe\n"])
    def test_labels_without_a_usable_row_are_an_error(self, text: str, tmp_path: Path) -> None:
        """A run over nothing would look like a good one."""
        with pytest.raises(ClipLabelError):
            rows(text, tmp_path)

    def test_missing_labels_are_an_error_without_the_path(self, tmp_path: Path) -> None:
        """A path may name a person."""
        with pytest.raises(ClipLabelError) as caught:
            read_labels(tmp_path / "anna.csv")
        assert "anna" not in str(caught.value)


BONA_FIDE, ATTACK = Seen(Outcome.BONA_FIDE), Seen(Outcome.ATTACK)
NO_ANSWER, UNREADABLE = Seen(Outcome.NO_ANSWER, "NO_FACE"), Seen(None, "CORRUPT")


class TestFigures:
    def test_each_rate_counts_what_its_name_says(self) -> None:
        """Attacks accepted over attacks, people accused over people; the unreadable in neither."""
        live, a, b = (
            Labelled("x", False, ""),
            Labelled("x", True, "print"),
            Labelled("x", True, "replay"),
        )
        labels = [live] * 5 + [a] * 2 + [b] * 4
        seen = [BONA_FIDE, BONA_FIDE, ATTACK, NO_ANSWER, UNREADABLE]
        seen += [ATTACK, NO_ANSWER, BONA_FIDE, ATTACK, ATTACK, NO_ANSWER]
        document = results(labels, seen, bad_rows=0, seconds=1.0)
        assert (document["apcer"]["value"], document["apcer"]["n"]) == (0.1667, 6)
        assert document["apcer_worst"]["species"] == "replay"
        assert document["apcer_worst"]["value"] == 0.25
        assert (document["bpcer"]["value"], document["bpcer"]["n"]) == (0.25, 4)
        assert document["bpnrr"]["value"] == 0.25
        assert document["bona_fide_not_accepted"]["value"] == 0.5
        assert document["by_species"]["print"]["apcer"]["value"] == 0
        assert document["by_species"]["print"]["apnrr"]["value"] == 0.5
        assert document["data"]["unreadable"] == {"CORRUPT": 1}
        assert {"challenge", "light"} <= document["parts_not_run"].keys()

    def test_over_nothing_there_is_no_figure(self) -> None:
        """A folder of people alone says nothing about attacks."""
        document = results([Labelled("x", False, "")], [BONA_FIDE], bad_rows=0, seconds=1.0)
        assert document["apcer"]["value"] is None
        assert document["apcer_worst"] is None

    @pytest.mark.parametrize(
        ("count", "n", "interval"),
        [(0, 20, [0.0, 0.1611]), (1, 10, [0.0179, 0.4042]), (50, 100, [0.4038, 0.5962])],
    )
    def test_intervals_are_wilsons(self, count: int, n: int, interval: list[float]) -> None:
        """Figures from a table of Wilson's score interval at 95 %."""
        assert wilson(count, n)["interval"] == pytest.approx(interval, abs=2e-4)


def test_the_command_writes_results_and_says_the_headline(tmp_path: Path) -> None:
    """From folders of frames and an animated picture to results.json, in one process or two."""
    for name, actor in (("person", blinking(0)), ("frozen", SPECIES["frozen"](0))):
        (tmp_path / name).mkdir()
        for index, (frame, _) in enumerate(filmed(actor, 2600)):
            Image.fromarray(frame).save(tmp_path / name / f"{index:04}.png", compress_level=1)
    wall = [Image.new("RGB", (64, 48), (shade, 80, 80)) for shade in range(60, 70)]
    wall[0].save(tmp_path / "wall.gif", save_all=True, append_images=wall[1:], duration=50)
    (tmp_path / "labels.csv").write_text(
        "file,label,attack\nperson,live,\nfrozen,spoof,injection\nwall.gif,live,\nmissing,live,\n"
    )
    documents = []
    for workers in ("1", "2"):
        out = tmp_path / f"out{workers}"
        arguments = [str(tmp_path), "--workers", workers, "--out", str(out)]
        ran = CliRunner().invoke(attacks, arguments)
        assert ran.exit_code == 0, ran.output
        assert "APCER, worst species" in ran.output
        assert "1 clips could not be read" in ran.output
        documents.append(json.loads((out / "results.json").read_text()))
        with (out / "clips.csv").open(newline="") as file:
            ended = {row["file"]: row["outcome"] for row in csv.DictReader(file)}
        assert ended == {
            "person": "BONA_FIDE",
            "frozen": "ATTACK",
            "wall.gif": "NO_ANSWER",
            "missing": "UNREADABLE",
        }
    for document in documents:
        document.pop("run")
    assert documents[0] == documents[1]
