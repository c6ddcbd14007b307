"""Latency runs: the statistics, the stages, and what the command writes. No time is judged."""

from __future__ import annotations

import json
import re
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from agecheck.bench.latency import LatencyError, Plan, measure
from agecheck.bench.latency_report import html_report
from agecheck.bench.processes import CommandError, peak_memory_mib, run_timed_ms
from agecheck.bench.stages import STAGES, StagedCheck
from agecheck.bench.timing import calls_needed, interleaved_ms, percentile_ms
from agecheck.bootstrap import build_estimator, build_pipeline
from agecheck.calibration import shipped_calibration
from agecheck.cli.program import cli
from agecheck.models.store import ModelStore
from agecheck.policy import AgePolicy
from agecheck.verdict import Reason
from bench.faces import PICTURES

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "bench.md"


@pytest.fixture(scope="module")
def staged() -> StagedCheck:
    store, calibration = ModelStore(), shipped_calibration()
    pipeline = build_pipeline(store, build_estimator(store, calibration.fusion))
    policy = AgePolicy().resolve(calibration.challenge_ages_years)
    return StagedCheck(pipeline, policy, calibration.max_sd_years)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a short run wrote."""
    folder = tmp_path_factory.mktemp("latency") / "out"
    counts = ["--rounds", "20", "--cold-rounds", "1", "--callers", "2"]
    arguments = ["bench", "latency", str(PICTURES / "astronaut.png"), *counts, "--out", str(folder)]
    short = partial(Plan, caller_repeats=1, checks_a_caller=2, batches=(1, 2), memory_runs=1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("agecheck.bench.latency.Plan", short)
        ran = CliRunner().invoke(cli, arguments)
    assert ran.exit_code == 0, ran.output
    return folder


@pytest.fixture(scope="module")
def document(out: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((out / "results.json").read_text(encoding="utf-8"))
    return loaded


class TestTiming:
    def test_every_subject_is_called_as_often(self) -> None:
        """A comparison is one only if all were called in every round, warm-up left out."""
        called: dict[str, int] = {"one": 0, "other": 0}

        def count(name: str) -> None:
            called[name] += 1

        subjects = {"one": lambda: count("one"), "other": lambda: count("other")}
        times_ms = interleaved_ms(subjects, 7, warm_up_rounds=3)
        assert called == {"one": 10, "other": 10}
        assert {name: len(times) for name, times in times_ms.items()} == {"one": 7, "other": 7}

    def test_times_are_milliseconds(self) -> None:
        """A unit that is wrong by a thousand would look like a fast machine."""
        times_ms = interleaved_ms({"sleep": lambda: time.sleep(0.02)}, 3)["sleep"]
        assert all(20 <= elapsed_ms < 2000 for elapsed_ms in times_ms)

    def test_the_subjects_do_not_keep_one_order(self) -> None:
        """Who always comes second would always find the other's data in the caches."""
        calls: list[str] = []
        subjects = {name: (lambda name=name: calls.append(name)) for name in "ab"}
        interleaved_ms(subjects, 30)
        firsts = set(calls[::2])
        assert firsts == {"a", "b"}

    @pytest.mark.parametrize("percent", [50, 90, 95, 99])
    def test_a_percentile_is_the_one_asked_for(self, percent: int) -> None:
        """Read off times whose percentiles are known."""
        figure = percentile_ms([float(ms) for ms in range(1, 1001)], percent)
        assert figure["value"] == pytest.approx(10 * percent, abs=1)
        low, high = figure["interval"]
        assert low <= figure["value"] <= high

    def test_the_interval_covers(self) -> None:
        """In 95 % of runs the interval holds the true percentile."""
        rng = np.random.default_rng(0)
        true_ms = np.log(10) * 10  # the 90th percentile of an exponential law of mean 10
        covered = 0
        for _ in range(400):
            low, high = percentile_ms(rng.exponential(10, 200).tolist(), 90)["interval"]
            covered += low <= true_ms <= high
        assert 0.92 <= covered / 400 <= 0.99

    @pytest.mark.parametrize("percent", [50, 99])
    def test_too_few_calls_have_no_percentile(self, percent: int) -> None:
        """Of a hundred calls the slowest is no 99th percentile; the figure says what it takes."""
        needed = calls_needed(percent)
        few = percentile_ms([1.0] * (needed - 1), percent)
        assert (few["value"], few["needs_n"]) == (None, needed)
        assert percentile_ms([1.0] * needed, percent)["value"] == 1.0


class TestStages:
    def test_a_staged_check_is_the_shipped_one(self, staged: StagedCheck, portrait: Path) -> None:
        """The clocks change nothing, and what they saw adds up to the whole."""
        encoded = portrait.read_bytes()
        plain = staged.pipeline.check(encoded, staged.policy, staged.max_sd_years)
        started_s = time.perf_counter()
        result, spent_ms = staged.check(encoded)
        elapsed_ms = (time.perf_counter() - started_s) * 1e3
        assert (result.verdict, result.reason) == (plain.verdict, plain.reason)
        assert tuple(spent_ms) == STAGES
        assert all(ms > 0 for ms in spent_ms.values())
        assert 0.5 * elapsed_ms < sum(spent_ms.values()) <= elapsed_ms

    def test_a_picture_without_a_face_reaches_no_later_stage(
        self, staged: StagedCheck, cat: Path
    ) -> None:
        """A stage that did not run took no time: the clock stands where its name says."""
        result, spent_ms = staged.check(cat.read_bytes())
        assert result.reason is Reason.NO_FACE
        assert spent_ms["find the face"] > 0
        assert spent_ms["age"] == 0


class TestProcesses:
    def test_a_process_is_timed_and_weighed(self) -> None:
        """A process that holds 60 MiB for a while is seen to."""
        program = "import time; held = b'x' * (60 << 20); time.sleep(0.4)"
        command = [sys.executable, "-c", program]
        assert 400 <= run_timed_ms(command) < 60_000
        peak_mib = peak_memory_mib(command)
        assert peak_mib is not None
        assert 60 < peak_mib < 200

    def test_a_command_that_fails_has_no_time(self) -> None:
        """How fast something fails is no benchmark."""
        with pytest.raises(CommandError, match="exit code 3"):
            run_timed_ms([sys.executable, "-c", "raise SystemExit(3)"])


class TestCommand:
    def test_the_schema_is_documented(self, document: dict[str, Any]) -> None:
        """No member at the top level is left to guesses."""
        section = REFERENCE.read_text(encoding="utf-8").partition("## Latency")[2]
        assert [name for name in document if f"`{name}`" not in section] == []

    def test_what_no_option_changes_is_documented(self) -> None:
        """The tests here measure less of it than a run does."""
        plan = Plan([], rounds=1, cold_rounds=1, callers=1)
        section = REFERENCE.read_text(encoding="utf-8").partition("## Latency")[2]
        assert (plan.caller_repeats, "the median of five repeats" in section) == (5, True)
        assert (plan.batches, "1, 8 and 32 pictures" in section) == ((1, 8, 32), True)

    def test_it_says_what_it_was_measured_on(self, document: dict[str, Any]) -> None:
        """A time without its machine says nothing."""
        machine = document["run"]["machine"]
        assert machine["cpu"]
        assert machine["packages"]["onnxruntime"]
        assert len(machine["affinity"]) == machine["cores"]

    def test_the_figures_are_there(self, document: dict[str, Any]) -> None:
        """Checks sealed and not, all stages, callers, batches; too few calls have no percentile."""
        assert set(document["check_ms"]) == {"default", "unsealed"}
        for of in (*document["check_ms"].values(), *document["stages_ms"].values()):
            assert of["p50"]["n"] == 20
            assert of["p50"]["value"] > 0
            assert of["p99"]["value"] is None
        assert tuple(document["stages_ms"]) == STAGES
        assert [row["callers"] for row in document["callers"]] == [1, 2]
        assert [row["pictures"] for row in document["batch"]] == [1, 2]
        assert document["cold_start_ms"]["command"]["value"] is None  # of one start
        assert document["peak_memory_mib"] > 30

    def test_nothing_written_names_the_picture(self, out: Path, portrait: Path) -> None:
        """A path can be a person's name."""
        for file in out.iterdir():
            text = file.read_text(encoding="utf-8")
            assert portrait.name not in text
            assert str(portrait.parent) not in text

    def test_the_page_loads_nothing_and_shows_the_stages(self, out: Path) -> None:
        """One file, with the plot that people look at."""
        page = (out / "report.html").read_text(encoding="utf-8")
        assert not re.findall(r"https?://|@import|url\(|<script|<img|src=", page)
        assert "<figcaption>Latency by stage, unsealed</figcaption>" in page
        assert all(f">{stage}</text>" in page for stage in STAGES)

    def test_a_page_without_enough_calls_is_still_one(self, document: dict[str, Any]) -> None:
        """A run too short for any figure says so instead of failing."""
        text = json.dumps(document)
        short = json.loads(re.sub(r'"value": [\d.]+, "n": 20', '"value": null, "n": 20', text))
        for of in (short["check_ms"], short["stages_ms"]):
            for percentiles in of.values():
                percentiles["p50"] = {"value": None, "n": 19, "interval": None, "needs_n": 20}
        assert "not enough" in html_report(short)

    def test_a_picture_without_a_face_is_refused(
        self, portrait: Path, cat: Path, tmp_path: Path
    ) -> None:
        """Half a check is no check to time; the message has the number and not the name."""
        plan = Plan([portrait, cat], rounds=1, cold_rounds=1, callers=1)
        with pytest.raises(LatencyError, match=r"picture 2 .*NO_FACE") as caught:
            measure(plan, lambda _: None)
        assert cat.name not in str(caught.value)
        where = ["--out", str(tmp_path / "out")]
        ran = CliRunner().invoke(cli, ["bench", "latency", str(tmp_path / "none.jpg"), *where])
        assert (ran.exit_code, ran.stderr) == (2, "agecheck: picture 1 cannot be read\n")
        assert not (tmp_path / "out").exists()
