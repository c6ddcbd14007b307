"""What the benchmarks compute their claims with: rates, challenge ages, labels."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agecheck.bench.statistics import (
    CHALLENGE_AGE_STEP_YEARS,
    FloatArray,
    bootstrap_interval,
    challenge_age_at_rate,
    challenge_steps_at_rate,
    mean_years,
    minors_needed,
    rounded_up,
    score_at_rate,
    share,
)
from agecheck.bench.tally import MAX_STEP, STEPS_PER_YEAR, decision_step
from benchmarks.labelled_faces import LabelledFace, read_labels

RATES = (0.10, 0.05, 0.03, 0.02, 0.01, 0.005)
ROOT = Path(__file__).parents[2]

# Hundredths of a year that lie between the steps of 0.1; whom the gate refused has no score.
scores_years = st.integers(500, 8000).map(lambda k: (k + (k % 10 == 0)) / 100)
minors_years = st.tuples(st.lists(scores_years, min_size=1, max_size=400), st.integers(0, 10)).map(
    lambda drawn: np.array([*drawn[0], *([-math.inf] * drawn[1])])
)
rates = st.sampled_from(RATES) | st.floats(0.001, 0.5)


class TestMinorsNeeded:
    def test_a_hundredth_needs_299(self) -> None:
        """The smallest group of which none passing supports "at most 1 %", as statistics has it."""
        assert minors_needed(0.01) == 299

    @pytest.mark.parametrize("rate", RATES)
    def test_it_is_the_smallest_group_that_is_large_enough(self, rate: float) -> None:
        """No rate is claimed on so few minors that luck alone would show none passing."""
        needed = minors_needed(rate)
        assert (1 - rate) ** needed <= 0.05 < (1 - rate) ** (needed - 1)


class TestChallengeAge:
    @given(minors=minors_years, rate=rates)
    def test_at_most_the_rate_exceeds_the_score(self, minors: FloatArray, rate: float) -> None:
        """The score keeps the rate, and no smaller score of a minor does."""
        score = score_at_rate(minors, rate)
        assert np.sum(minors > score) <= rate * minors.size
        lower = minors[minors < score]
        if lower.size:
            assert np.sum(minors > lower.max()) > math.floor(rate * minors.size)

    @given(minors=minors_years, rate=rates)
    def test_at_most_the_rate_reaches_the_challenge_age(
        self, minors: FloatArray, rate: float
    ) -> None:
        """The promise of a calibration's table, counted out: and one step lower breaks it."""
        if not math.isfinite(score_at_rate(minors, rate)):  # read off one whom the gate refused
            minors = minors[np.isfinite(minors)]
        challenge_age = challenge_age_at_rate(minors, rate)
        assert np.sum(minors >= challenge_age) <= rate * minors.size
        one_lower = challenge_age - CHALLENGE_AGE_STEP_YEARS
        assert np.sum(minors >= one_lower) > math.floor(rate * minors.size)
        assert round(challenge_age, 1) == challenge_age

    @given(minors=minors_years, rate=rates)
    def test_a_stricter_rate_never_has_a_lower_challenge_age(
        self, minors: FloatArray, rate: float
    ) -> None:
        """Asking for fewer minors let through does not open the gate."""
        minors = minors[np.isfinite(minors)]
        assert challenge_age_at_rate(minors, rate / 2) >= challenge_age_at_rate(minors, rate)

    def test_a_case_counted_by_hand(self) -> None:
        """100 minors scored 10.05 to 19.95, one every tenth: 5 % may pass, and 5 reach 19.5."""
        minors = np.arange(100) / 10 + 10.05
        assert score_at_rate(minors, 0.05) == pytest.approx(19.45)
        assert challenge_age_at_rate(minors, 0.05) == 19.5
        assert challenge_age_at_rate(np.append(minors, [-math.inf] * 100), 0.05) == 19.0

    @given(years=st.floats(5, 80))
    def test_rounding_goes_up_by_less_than_a_step(self, years: float) -> None:
        """A mean challenge age is published on the cautious side, and not beyond it."""
        challenge_age = rounded_up(years)
        assert years - 1e-9 <= challenge_age < years + CHALLENGE_AGE_STEP_YEARS + 1e-9
        assert round(challenge_age, 1) == challenge_age


def test_an_interval_holds_the_central_share() -> None:
    """95 of 100 evenly spread values lie inside, the same number outside at each end."""
    assert bootstrap_interval(np.arange(1001.0)) == [25.0, 975.0]


class TestShare:
    @pytest.mark.parametrize(
        ("count", "n", "low", "high"),
        [
            # By hand from Wilson's formula with z = 1.959964.
            (0, 100, 0.0, 0.0370),
            (5, 100, 0.0215, 0.1118),
            (50, 100, 0.4038, 0.5962),
            (20, 20, 0.8389, 1.0),
        ],
    )
    def test_wilson_counted_by_hand(self, count: int, n: int, low: float, high: float) -> None:
        """The interval of a rate is the one that it is called."""
        assert share(count, n) == {"value": count / n, "n": n, "interval": [low, high]}

    def test_nothing_is_said_of_few(self) -> None:
        """Under 20 pictures there is no value and no interval, and it says how many it takes."""
        few = {"value": None, "n": 19, "interval": None, "needs_n": 20}
        assert share(3, 19) == few
        assert mean_years(np.full(201, 500), np.full(201, 19), 1.0) == few

    def test_a_mean_is_the_pictures_own_and_its_interval_the_replicates(self) -> None:
        """The first column is the data as it is; 200 replicates spread evenly give the interval."""
        counts = np.full(202, 100)
        sums = np.concatenate([[4_200], 4_000 + np.arange(201)])
        assert mean_years(sums, counts, 1.0) == {
            "value": 42.0,
            "n": 100,
            "interval": [40.05, 41.95],
        }


class TestChallengeSteps:
    @given(minors=minors_years, rate=rates)
    def test_histograms_give_the_same_challenge_age(self, minors: FloatArray, rate: float) -> None:
        """What is read off a tally equals what is read off the pictures one by one."""
        minors = minors[np.isfinite(minors)]
        by_step = np.bincount([decision_step(float(m)) for m in minors], minlength=MAX_STEP + 1)
        at_least = by_step[::-1].cumsum()[::-1][None]
        (step,) = challenge_steps_at_rate(at_least, rate)
        assert step / STEPS_PER_YEAR == challenge_age_at_rate(minors, rate)

    @given(tenths=st.integers(1, 1199), nudge=st.sampled_from([-1, 0, 1]))
    def test_a_step_is_reached_exactly_when_its_challenge_age_is(
        self, tenths: int, nudge: int
    ) -> None:
        """At the edge of a step, rounding lets nobody through whom the policy would refuse."""
        challenge_age = tenths / STEPS_PER_YEAR
        decision = math.nextafter(challenge_age, nudge * math.inf) if nudge else challenge_age
        assert (decision_step(decision) >= tenths) == (decision >= challenge_age)


class TestLabels:
    @staticmethod
    def folder(tmp_path: Path, text: str) -> Path:
        (tmp_path / "labels.csv").write_text(text, encoding="utf-8")
        return tmp_path

    def test_the_faces_of_one_split_in_order(self, tmp_path: Path) -> None:
        """What was calibrated on is never measured on."""
        folder = self.folder(
            tmp_path,
            "file,age,sex,split\nb.jpg,17,x,test\nc.jpg,30,x,calibrate\na.jpg,8,x,test\n",
        )
        assert read_labels(folder, "test") == [
            LabelledFace(folder / "images" / "b.jpg", 17),
            LabelledFace(folder / "images" / "a.jpg", 8),
        ]

    def test_a_folder_without_labels(self, tmp_path: Path) -> None:
        """A benchmark does not run on nothing, and does not repeat the path."""
        with pytest.raises(SystemExit, match="labels file cannot be read") as caught:
            read_labels(tmp_path, "test")
        assert str(tmp_path) not in str(caught.value)

    @pytest.mark.parametrize("rows", ["", "a.jpg,20,calibrate\n", "a.jpg,20,Test\n"])
    def test_a_split_without_faces(self, rows: str, tmp_path: Path) -> None:
        """A misspelt split is an error, not a perfect score over no pictures."""
        with pytest.raises(SystemExit, match="'test'"):
            read_labels(self.folder(tmp_path, "file,age,split\n" + rows), "test")

    @pytest.mark.parametrize("age", ["", "17.5", "unknown", "10-19"])
    def test_an_age_that_is_no_whole_number(self, age: str, tmp_path: Path) -> None:
        """A label that cannot be read is not left out of the denominators in silence."""
        with pytest.raises(SystemExit, match="cannot be used"):
            read_labels(self.folder(tmp_path, f"file,age,split\na.jpg,{age},test\n"), "test")


def test_the_rates_are_computed_without_scipy() -> None:
    """A calibration is read and used where the extra is not installed."""
    program = """
import sys
sys.modules["scipy"] = sys.modules["sklearn"] = None
from agecheck.bench.statistics import minors_needed
print(minors_needed(0.02))
"""
    shown = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert shown.stdout == "149\n"
