"""From two networks' outputs to an age distribution, and to the age that decides."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agecheck.calibration import Fusion, shipped_calibration
from agecheck.policy import EffectivePolicy
from agecheck.verdict import Reason
from agecheck.vision import age

FloatArray = NDArray[np.float64]
FUSION = shipped_calibration().fusion
POLICY = EffectivePolicy(18, 25.0, 3)
CLASS_AGES_YEARS = np.arange(1, 101)

heads = st.integers(2, 12).flatmap(
    lambda count: st.tuples(
        st.lists(st.integers(1, 94), min_size=count, max_size=count, unique=True).map(sorted),
        st.lists(st.floats(0, 1), min_size=count, max_size=count),
    )
)
weights = st.lists(st.integers(0, 100), min_size=100, max_size=100).filter(any)
tiny_ages_years = st.tuples(st.floats(-10, 120, width=32), st.floats(-10, 120, width=32))


def output(chip: list[int]) -> NDArray[np.float32]:
    """An age distribution as age-mobilenet answers it."""
    row = np.array(chip, dtype=np.float64)
    return np.asarray(row / row.sum(), dtype=np.float32)


def centred_at(age_years: float, sd_years: float = 4.0) -> NDArray[np.float32]:
    """A network's answer for a face that looks this old."""
    bell = np.exp(-0.5 * ((CLASS_AGES_YEARS - age_years) / sd_years) ** 2)
    return np.asarray(bell / bell.sum(), dtype=np.float32)


def both(age_years: float) -> NDArray[np.float32]:
    """The other network's answer for the same face."""
    return np.array([age_years, age_years], dtype=np.float32)


class TestMoments:
    @given(heads=heads)
    def test_they_agree_with_a_sum_over_pieces(self, heads: tuple[list[int], list[float]]) -> None:
        """The vectorised moments are those of the distribution that the heads describe."""
        thresholds, at_least = heads
        edges = [0, *thresholds, 95]
        surviving = [1.0]
        for share in at_least:
            surviving.append(min(surviving[-1], share))
        surviving.append(0.0)
        mean = second = 0.0
        for index in range(len(edges) - 1):
            mass = surviving[index] - surviving[index + 1]
            centre = (edges[index] + edges[index + 1]) / 2
            mean += mass * centre
            second += mass * centre**2
        variance = max(second - mean**2, 0.0)

        mean_years, sd_years = age.distribution_moments(
            np.array(thresholds, dtype=np.float64), np.array(at_least)
        )
        assert mean_years == pytest.approx(mean - 0.5, abs=1e-9)
        assert sd_years**2 == pytest.approx(variance, abs=1e-6)

    def test_a_known_distribution(self) -> None:
        """Half under 20, a quarter to 40, a quarter above: worked out by hand."""
        mean_years, sd_years = age.distribution_moments(
            np.array([20.0, 40.0]), np.array([0.5, 0.25])
        )
        # Pieces 0-20, 20-40, 40-95: centres 10, 30, 67.5.
        assert mean_years == 5 + 7.5 + 16.875 - 0.5
        assert sd_years == pytest.approx(math.sqrt(50 + 225 + 0.25 * 67.5**2 - 29.375**2))

    def test_heads_that_contradict_are_lowered(self) -> None:
        """Nobody is likelier over 30 than over 18; the cautious one of two answers counts."""
        thresholds = np.array([18.0, 30.0, 50.0])
        contradicting = age.distribution_moments(thresholds, np.array([0.3, 0.9, 0.6]))
        assert contradicting == age.distribution_moments(thresholds, np.array([0.3, 0.3, 0.3]))
        assert contradicting[0] < age.distribution_moments(thresholds, np.array([0.9, 0.9, 0.6]))[0]

    @given(heads=heads, place=st.integers(0, 11), share=st.floats(0, 1))
    def test_a_likelier_head_makes_nobody_younger(
        self, heads: tuple[list[int], list[float]], place: int, share: float
    ) -> None:
        """The mean follows the heads in the right direction, wherever it is pushed."""
        thresholds, at_least = np.array(heads[0], dtype=np.float64), np.array(heads[1])
        raised = at_least.copy()
        raised[place % raised.size] = max(raised[place % raised.size], share)
        before, _ = age.distribution_moments(thresholds, at_least)
        after, _ = age.distribution_moments(thresholds, raised)
        assert after >= before - 1e-9


class TestFeatures:
    @given(chip=weights, years=tiny_ages_years)
    def test_a_mirrored_selfie_looks_the_same(
        self, chip: list[int], years: tuple[float, float]
    ) -> None:
        """Front cameras mirror; the verdict does not depend on it."""
        forward = age.features(output(chip), np.array(years, dtype=np.float32))
        backward = age.features(output(chip), np.array(years[::-1], dtype=np.float32))
        assert np.array_equal(forward, backward)
        assert np.isfinite(forward).all()
        assert forward.shape == (age.NUM_FEATURES,)

    @given(
        excess=st.floats(0.0015, 10.0) | st.floats(-1.0, -0.0015),
        centre_years=st.integers(0, 80),
    )
    def test_what_does_not_sum_to_one_is_no_distribution(
        self, excess: float, centre_years: int
    ) -> None:
        """What is no distribution has no mean, and is not scaled into one."""
        probabilities = centred_at(centre_years)
        probabilities *= 1 + excess
        self._assert_no_answer(probabilities, both(centre_years))

    @given(
        column=st.integers(0, 99),
        value=st.sampled_from([math.nan, math.inf, -math.inf]) | st.floats(-1, -1e-6),
    )
    def test_what_is_no_probability_is_no_distribution(self, column: int, value: float) -> None:
        """Negative and not finite: neither is made up for by the other classes."""
        probabilities = centred_at(40)
        probabilities[column] = 0
        if math.isfinite(value):  # it still sums to one
            probabilities *= (1 - value) / probabilities.sum()
        probabilities[column] = value
        self._assert_no_answer(probabilities, both(40))

    @given(
        row=st.integers(0, 1),
        years=st.floats(width=32).filter(lambda years: not -10 <= years <= 120),
    )
    @example(row=0, years=math.nan)
    @example(row=1, years=math.nan)
    @example(row=0, years=math.inf)
    @example(row=1, years=300.0)
    @example(row=1, years=-11.0)
    def test_an_age_that_nobody_has_is_no_age(self, row: int, years: float) -> None:
        """A network that answers 300 years, or NaN, is not fused to a certain adult."""
        ages_years = both(40)
        ages_years[row] = years
        self._assert_no_answer(centred_at(40), ages_years)

    @staticmethod
    def _assert_no_answer(
        probabilities: NDArray[np.float32], ages_years: NDArray[np.float32]
    ) -> None:
        vector = age.features(probabilities, ages_years)
        assert vector.shape == (age.NUM_FEATURES,)
        assert np.isnan(vector).all()
        assert POLICY.decide(age.fuse(FUSION, vector)).reason is Reason.ESTIMATE_INVALID


def with_knots(knots: list[tuple[float, float]]) -> Fusion:
    return replace(FUSION, caution_knots_years=tuple(knots))


def ascending(start: float, steps: list[float]) -> list[float]:
    return [start, *(start + np.cumsum(steps)).tolist()]


steps = st.lists(st.floats(0.01, 20), min_size=4, max_size=4)
knots = st.tuples(st.floats(-20, 20), steps, st.floats(0, 20), steps).map(
    lambda drawn: list(
        zip(ascending(drawn[0], drawn[1]), ascending(drawn[2], drawn[3]), strict=True)
    )
)


class TestCautiousAge:
    @given(knots=knots, first=st.floats(-60, 160), distance=st.floats(0.001, 50))
    def test_it_is_strictly_increasing(
        self, knots: list[tuple[float, float]], first: float, distance: float
    ) -> None:
        """Of two faces, the one that looks older is never judged as the younger one."""
        fusion = with_knots(knots)
        lower = age.cautious_age_years(fusion, first)
        assert lower < age.cautious_age_years(fusion, first + distance)

    @given(knots=knots)
    def test_it_passes_through_the_knots_without_a_jump(
        self, knots: list[tuple[float, float]]
    ) -> None:
        """A hair's breadth of difference never moves anybody across a gate by a leap."""
        fusion = with_knots(knots)
        steepest = max(
            1.0, *((high[1] - low[1]) / (high[0] - low[0]) for low, high in pairwise(knots))
        )
        for lowered_years, years in knots:
            assert age.cautious_age_years(fusion, lowered_years) == pytest.approx(years)
            for nudge in (-1e-6, 1e-6):
                beside = age.cautious_age_years(fusion, lowered_years + nudge)
                assert abs(beside - years) <= 1e-6 * steepest + 1e-9

    @given(knots=knots, beyond=st.floats(0.01, 60))
    def test_it_goes_on_year_by_year_outside_the_knots(
        self, knots: list[tuple[float, float]], beyond: float
    ) -> None:
        """A face outside the calibrated range is not held at the last knot."""
        fusion = with_knots(knots)
        (first, first_years), (last, last_years) = knots[0], knots[-1]
        assert age.cautious_age_years(fusion, first - beyond) == pytest.approx(first_years - beyond)
        assert age.cautious_age_years(fusion, last + beyond) == pytest.approx(last_years + beyond)

    def test_no_mean_has_no_cautious_age(self) -> None:
        """NaN does not land on a knot."""
        assert math.isnan(age.cautious_age_years(FUSION, math.nan))


class TestShippedFusion:
    def test_older_answers_of_both_networks_make_an_older_person(self) -> None:
        """The calibration has no dent in which an adult would be read as a minor or back."""
        estimates = [
            age.fuse(FUSION, age.features(centred_at(years), both(years)))
            for years in range(10, 71, 10)
        ]
        for younger, older in pairwise(estimates):
            assert older.mean_years > younger.mean_years + 3
            assert older.cautious_years > younger.cautious_years + 3

    @pytest.mark.parametrize("age_years", range(10, 71, 10))
    def test_networks_that_agree_are_believed(self, age_years: int) -> None:
        """A constant answer, or one in other units, would not pass here."""
        estimate = age.fuse(FUSION, age.features(centred_at(age_years), both(age_years)))
        assert estimate.mean_years == pytest.approx(age_years, abs=6)
        assert 1 < estimate.sd_years < 15

    def test_networks_that_disagree_make_the_estimate_less_certain(self) -> None:
        """What the caution is worth depends on doubt showing up as a spread."""
        sure = age.fuse(FUSION, age.features(centred_at(40), both(40)))
        torn = age.fuse(
            FUSION, age.features(centred_at(40, sd_years=15), np.array([15, 65], dtype=np.float32))
        )
        assert torn.sd_years > sure.sd_years

    @pytest.mark.parametrize("age_years", range(10, 71, 10))
    def test_more_caution_judges_a_face_younger(self, age_years: int) -> None:
        """Doubt counts against the person in the picture, never for them."""
        vector = age.features(centred_at(age_years), both(age_years))
        shipped = age.fuse(FUSION, vector)
        stricter = age.fuse(replace(FUSION, caution_sds=FUSION.caution_sds + 0.5), vector)
        assert stricter.cautious_years < shipped.cautious_years
        assert stricter.mean_years == shipped.mean_years

    @given(chip=weights, years=tiny_ages_years)
    def test_valid_answers_always_have_an_estimate(
        self, chip: list[int], years: tuple[float, float]
    ) -> None:
        """Odd faces are judged by rule, not by an overflow; warnings fail this test too."""
        vector = age.features(output(chip), np.array(years, dtype=np.float32))
        estimate = age.fuse(FUSION, vector)
        assert -0.5 <= estimate.mean_years <= age.MAX_AGE_YEARS
        assert 0 <= estimate.sd_years <= age.MAX_AGE_YEARS / 2
        assert math.isfinite(estimate.cautious_years)

    def test_no_features_have_no_estimate(self) -> None:
        """NaN in, NaN out, and never a verdict."""
        estimate = age.fuse(FUSION, np.full(age.NUM_FEATURES, math.nan))
        figures = (estimate.mean_years, estimate.sd_years, estimate.cautious_years)
        assert all(math.isnan(figure) for figure in figures)
        assert POLICY.decide(estimate).reason is Reason.ESTIMATE_INVALID
