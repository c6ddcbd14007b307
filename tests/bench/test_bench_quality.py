"""Quality runs: bins that agree with the gate's limits, and what the command writes."""

from __future__ import annotations

import copy
import csv
import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from agecheck.bench import checkpoint
from agecheck.bench.checkpoint import Progress
from agecheck.bench.compare import ResultsError, compare
from agecheck.bench.labels import FaceLabel
from agecheck.bench.quality import COMPONENTS, Component, QualityObserver
from agecheck.bench.statistics import MIN_N
from agecheck.bench.tally import Tally
from agecheck.calibration import shipped_calibration
from agecheck.cli.program import cli
from agecheck.policy import AgePolicy
from agecheck.vision.pose import HeadPose
from agecheck.vision.quality import FaceQuality, first_reason
from bench.faces import PICTURES, LabelledFolder

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "bench.md"
GOOD = FaceQuality(
    inter_eye_distance_px=80.0,
    pose=HeadPose(0.0, 0.0, 0.0),
    share_outside_frame=0.0,
    dark_share=0.0,
    bright_share=0.0,
    sharpness=0.2,
    flat_share=0.0,
    eye_contrast=0.3,
    eye_brightness=0.8,
)
FIELDS = {
    "share outside the frame": "share_outside_frame",
    "inter-eye distance, px": "inter_eye_distance_px",
    "dark share": "dark_share",
    "bright share": "bright_share",
    "sharpness": "sharpness",
    "eye contrast": "eye_contrast",
    "eye brightness": "eye_brightness",
    "flat share": "flat_share",
}
ANGLES = {
    "yaw, degrees": ("yaw_deg", 1),
    "chin raised, degrees": ("pitch_deg", -1),
    "chin lowered, degrees": ("pitch_deg", 1),
    "roll, degrees": ("roll_deg", 1),
}
COUNTED = 30


def with_value(component: Component, value: float) -> FaceQuality:
    """A good face but for one measure."""
    if component.name in ANGLES:
        angle, sign = ANGLES[component.name]
        return replace(GOOD, pose=replace(GOOD.pose, **{angle: sign * value}))
    measures: dict[str, Any] = {FIELDS[component.name]: value}
    return replace(GOOD, **measures)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run wrote over 30 good pictures of a face, 30 dark ones, and a cat."""
    folder = tmp_path_factory.mktemp("quality")
    (folder / "images").mkdir()
    rows: list[tuple[str, int]] = []
    with Image.open(PICTURES / "astronaut.png") as portrait:
        face = portrait.convert("RGB").crop((90, 0, 370, 280))
    for index in range(2 * COUNTED):
        dark = 0.08 if index % 2 else 1.0
        name = f"face-{index:03}.jpg"
        shifted = face.crop((index % 7, index % 5, 270 + index % 7, 270 + index % 5))
        ImageEnhance.Brightness(shifted).enhance(dark).save(folder / "images" / name, quality=90)
        rows.append((name, (16, 30, 31, 17)[index // 2 % 4]))
    with Image.open(PICTURES / "chelsea.png") as cat:
        cat.save(folder / "images" / "cat.png")
    rows.append(("cat.png", 30))
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("file", "age"), *rows])
    arguments = ["bench", "quality", str(folder), "--workers", "1"]
    ran = CliRunner().invoke(cli, [*arguments, "--out", str(folder / "out")])
    assert ran.exit_code == 0, ran.output
    return folder / "out"


@pytest.fixture(scope="module")
def document(out: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((out / "results.json").read_text(encoding="utf-8"))
    return loaded


def figures(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if {"value", "n", "interval"} <= value.keys():
            yield value
        for member in value.values():
            yield from figures(member)
    elif isinstance(value, list):
        for member in value:
            yield from figures(member)


class TestComponents:
    @given(st.sampled_from(COMPONENTS), st.floats(0, 4))
    def test_beyond_the_limit_is_where_the_gate_refuses(
        self, component: Component, times: float
    ) -> None:
        """A report about other limits than the gate's would be about another gate."""
        quality = with_value(component, component.limit * times)
        refused = first_reason(quality)
        assert component.is_beyond(component.bin_of(quality)) == (refused is component.reason)
        assert refused in (None, component.reason)

    @pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: c.name)
    def test_the_limit_itself_and_what_is_not_finite(self, component: Component) -> None:
        """On the limit a face is kept; NaN is refused by the gate, and lies beyond it here."""
        assert not component.is_beyond(component.bin_of(with_value(component, component.limit)))
        nan = with_value(component, math.nan)
        assert first_reason(nan) is component.reason
        assert component.is_beyond(component.bin_of(nan))

    @given(st.sampled_from(COMPONENTS), st.floats(0, 9))
    def test_a_value_lies_between_the_ends_of_its_bin(
        self, component: Component, times: float
    ) -> None:
        """What the table says about a bin is true of the faces in it."""
        value = component.limit * times
        low, high = component.bin_ends(component.bin_of(with_value(component, value)))
        assert low is None or low <= value
        assert high is None or value <= high

    def test_every_reason_of_the_gate_has_its_component(self) -> None:
        """A limit added to the gate cannot be forgotten here."""
        from agecheck.vision import quality

        limits = {getattr(quality, name) for name in vars(quality) if re.match("MIN_|MAX_", name)}
        assert {component.limit for component in COMPONENTS} == limits


class TestResults:
    def test_the_schema_is_documented(self, document: dict[str, Any]) -> None:
        """No member at the top level is left to guesses."""
        section = REFERENCE.read_text(encoding="utf-8").partition("## Quality")[2]
        assert [name for name in document if f"`{name}`" not in section] == []

    def test_dark_faces_are_refused_and_estimated_all_the_same(
        self, document: dict[str, Any]
    ) -> None:
        """The dark half is refused for being dark; its error stands beside that of the kept."""
        of = document["refusing"]
        assert (of["kept"]["faces"], of["refused"]["faces"]) == (COUNTED, COUNTED)
        assert document["refused"]["UNDER_EXPOSURE"]["value"] == round(COUNTED / 61, 4)
        assert document["refused_faces"]["UNDER_EXPOSURE"]["faces"] == COUNTED
        for group in (of["kept"], of["refused"]):
            assert group["mae_years"]["n"] == COUNTED
            assert group["mae_years"]["value"] > 0
        difference = of["refused"]["mae_years"]["value"] - of["kept"]["mae_years"]["value"]
        assert of["mae_difference_years"]["value"] == pytest.approx(
            difference, abs=0.011
        )  # two roundings
        dark = next(c for c in document["components"] if c["name"] == "dark share")
        assert dark["beyond"]["faces"] == COUNTED

    def test_a_cat_is_no_face(self, document: dict[str, Any]) -> None:
        """What has no face is in the share of refusals and in no error."""
        assert document["data"]["pictures"] == 2 * COUNTED + 1
        assert document["refused"]["NO_FACE"]["n"] == 2 * COUNTED + 1
        assert document["refusing"]["all faces"]["faces"] == 2 * COUNTED

    def test_bins_hold_every_face_once(self, document: dict[str, Any]) -> None:
        """Nothing is lost between two bins."""
        for component in document["components"]:
            assert sum(row["faces"] for row in component["bins"]) == 2 * COUNTED
            beyond = sum(row["faces"] for row in component["bins"] if row["is_beyond"])
            assert beyond == component["beyond"]["faces"]

    def test_no_figure_stands_on_fewer_than_twenty(self, document: dict[str, Any]) -> None:
        """A bin of a few faces is a bin of persons: it has a count and no figure."""
        small = [figure for figure in figures(document) if figure["n"] < MIN_N]
        assert small
        assert {figure["value"] for figure in small} == {None}

    def test_nothing_written_names_a_picture(self, out: Path) -> None:
        """No file says anything about a single face."""
        assert not list(out.glob("*.npz*"))
        for file in out.iterdir():
            assert not re.search(r"face-\d|cat\.png", file.read_text(encoding="utf-8"))

    def test_the_page_loads_nothing_and_shows_every_component_with_figures(
        self, out: Path, document: dict[str, Any]
    ) -> None:
        """One file; a component without any figure has no plot."""
        page = (out / "report.html").read_text(encoding="utf-8")
        assert not re.findall(r"https?://|@import|url\(|<script|<img|src=", page)
        for component in document["components"]:
            has_plot = any(row["mae_years"]["value"] is not None for row in component["bins"])
            assert (f"<figcaption>{component['name']}</figcaption>" in page) == has_plot


def test_an_unfinished_run_can_be_kept(portrait: Path, tmp_path: Path) -> None:
    """The sums of real pictures go through the file of an unfinished run unchanged."""
    calibration = shipped_calibration()
    observer = QualityObserver(calibration, AgePolicy().resolve(calibration.challenge_ages_years))
    tally, encoded = Tally(), portrait.read_bytes()
    observer.add(tally, FaceLabel("a.png", 30, 30), encoded)
    tally.counts["pictures",] = checkpoint.MIN_PICTURES
    run = checkpoint.Run("a run", checkpoint.key_of([encoded]))
    checkpoint.save(tmp_path, run, Progress(tally))
    back = checkpoint.load(tmp_path, run)
    assert back is not None
    assert back.tally.counts == tally.counts
    assert back.tally.sums.keys() == tally.sums.keys()


def test_it_refuses_what_the_accuracy_run_refuses(
    labelled: LabelledFolder, document: dict[str, Any], tmp_path: Path
) -> None:
    """Both commands see the same gate: the same reasons, as often, on the same pictures."""
    assert document["schema"] == "agecheck-bench-quality/1"
    refused = []
    for command in ("accuracy", "quality"):
        arguments = ["bench", command, str(labelled.path), "--out", str(tmp_path / command)]
        ran = CliRunner().invoke(cli, arguments)
        assert ran.exit_code == 0, ran.output
        of = json.loads((tmp_path / command / "results.json").read_text(encoding="utf-8"))
        by_reason = (
            of["failure_to_acquire"]["by_reason"] if command == "accuracy" else of["refused"]
        )
        by_reason.pop("ESTIMATE_UNCERTAIN", None)
        refused.append(by_reason)
    assert refused[0] == refused[1]


def test_two_runs_are_compared(document: dict[str, Any]) -> None:
    """What was within noise is not told; what moved far is, and by its component's name."""
    assert not any(change.beyond_noise for change in compare(document, document))
    moved = copy.deepcopy(document)
    component = next(c for c in moved["components"] if c["beyond_share"]["value"] > 0)
    share = component["beyond_share"]
    share["value"], share["interval"] = share["value"] + 30, [i + 30 for i in share["interval"]]
    beyond = [change.name for change in compare(document, moved) if change.beyond_noise]
    assert beyond == [f"components/{component['name']}/beyond_share"]


def test_another_commands_result_is_not_compared_with_it(document: dict[str, Any]) -> None:
    """Members of the same name mean something else there."""
    accuracy = {**document, "schema": "agecheck-bench-accuracy/1"}
    with pytest.raises(ResultsError, match="different commands"):
        compare(document, accuracy)
