"""How faces of two ranges of ages are compared."""

from __future__ import annotations

import numpy as np

from agecheck.vision.age import NUM_FEATURES
from benchmarks.strangers import COLUMNS, PAIRS, compare, ranked_right


def test_ranking_counts_pairs() -> None:
    """Worked out by hand: of six pairs four are right, one is wrong and one is a tie."""
    young, old = np.array([10.0, 20.0, 30.0]), np.array([20.0, 40.0])
    assert ranked_right(young, old) == (4 + 0.5) / 6
    assert ranked_right(young, young + 100) == 1
    assert ranked_right(old, old) == 0.5


def test_a_better_estimator_leads_and_itself_does_not() -> None:
    """The interval of a lead is paired: against itself there is none."""
    rng = np.random.default_rng(0)
    ranges = np.repeat([*dict.fromkeys(label for pair in PAIRS for label in pair)], 40)
    true_years = np.array([float(label.split("-")[0]) for label in ranges])
    noise = rng.normal(0, 1, ranges.size)
    rows = compare({"rough": true_years + 20 * noise, "fine": true_years + 2 * noise}, ranges)
    for rough, fine in zip(rows[::2], rows[1::2], strict=True):
        assert rough["lead_interval"] == [0, 0]
        assert fine["lead_interval"][0] > 0
        assert fine["ranked_right"] > rough["ranked_right"]


def test_the_networks_share_no_feature() -> None:
    """What is called one network alone sees nothing of the other."""
    tiny, mobile, both = (set(columns) for columns in COLUMNS.values())
    assert tiny.isdisjoint(mobile)
    assert tiny | mobile == both == set(range(NUM_FEATURES))
