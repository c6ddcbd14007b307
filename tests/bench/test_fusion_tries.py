"""The recipes that the shipped fusion is compared with do what their names say."""

from __future__ import annotations

import numpy as np

from agecheck.bench.fitting import balanced_weights, fit_fusion
from agecheck.bench.statistics import FloatArray
from agecheck.calibration import Fusion
from agecheck.vision import age
from bench.test_calibrate import drawn
from benchmarks.face_shape import NUM_LENGTHS, log_lengths
from benchmarks.fusion_tries import adults_passed, ranked_within_groups
from benchmarks.recipes import by_quantile, trimmed_fit, weighted_fit


def test_a_quantile_lies_where_its_share_does() -> None:
    """Higher shares are higher ages, and the middle is near the mean of a distribution."""
    vectors, ages_years = drawn(1500)
    fusion = fit_fusion(vectors, ages_years)
    for vector in vectors[:20]:
        ages = [by_quantile(share, fusion, vector)[1] for share in (0.05, 0.2, 0.5, 0.8)]
        fused = age.fuse(fusion, vector)
        assert ages == sorted(ages)
        assert abs(ages[2] - fused.mean_years) < fused.sd_years


def test_minors_set_the_bar_for_adults() -> None:
    """At each rate so many minors pass and no more; whoever is refused does not."""
    minors, adults = np.arange(100.0), np.array([89.5, 90.5, 99.5, -np.inf])
    ages_years = np.repeat([15.0, 30.0], [100, 4])
    # Up to a rate of 9 % the bar lies at 90 and more, and from 10 % on at 89.
    expected = np.mean([(adults > 99 - percent).mean() for percent in range(1, 11)])
    assert adults_passed(np.concatenate([minors, adults]), ages_years) == expected


def test_a_label_that_cannot_be_is_left_out() -> None:
    """A few wrong labels among many move a fit; trimmed, they move it less."""
    vectors, ages_years = drawn(1500)
    wrong = ages_years.copy()
    wrong[::25] = 85 - wrong[::25]
    clean = means(fit_fusion(vectors, ages_years), vectors)
    kept = means(fit_fusion(vectors, wrong), vectors)
    trimmed = means(trimmed_fit(2.0, vectors, wrong), vectors)
    assert np.abs(trimmed - clean).mean() < np.abs(kept - clean).mean()


def means(fusion: Fusion, vectors: FloatArray) -> FloatArray:
    return np.array([age.fuse(fusion, vector).mean_years for vector in vectors])


def test_the_shipped_power_is_the_shipped_fit() -> None:
    """Weights to the power of -1/2 of an age's frequency are those that ship."""
    vectors, ages_years = drawn(600)
    assert weighted_fit(-0.5, vectors, ages_years) == fit_fusion(vectors, ages_years)
    assert balanced_weights(ages_years).std() > 0


def test_a_group_that_holds_the_minors_helps_nobody_within_it() -> None:
    """Judged by group alone, all pairs of a group are ties; over all groups adults look older."""
    ages_years = np.array([15.0] * 9 + [30.0] * 1 + [15.0] * 1 + [30.0] * 9)
    groups = np.repeat([0, 1], 10)
    assert ranked_within_groups(groups.astype(float), ages_years, groups) == 0.5
    assert ranked_within_groups(ages_years, ages_years, groups) == 1.0
    one_group = np.zeros_like(groups)
    assert ranked_within_groups(groups.astype(float), ages_years, one_group) > 0.85


def test_proportions_are_the_faces_and_not_the_pictures() -> None:
    """Size, place and roll leave them alone; a longer chin does not."""
    points = np.random.default_rng(0).uniform(0, 100, (468, 3)).astype(np.float32)
    lengths = log_lengths(points)
    turned = np.column_stack([-points[:, 1], points[:, 0], points[:, 2]]) * 3 + 7
    assert lengths.shape == (NUM_LENGTHS,)
    np.testing.assert_allclose(log_lengths(turned.astype(np.float32)), lengths, atol=1e-4)
    longer = points.copy()
    longer[152, 1] += 50
    assert not np.allclose(log_lengths(longer), lengths, atol=0.01)
