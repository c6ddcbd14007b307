"""What one policy answers: to whom, by year of age and by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agecheck.bench import bands
from agecheck.bench.measures import Measures
from agecheck.bench.slices import AGE, EVERYBODY, Place, age_name, dimension_of, joined
from agecheck.bench.spread import spread
from agecheck.bench.statistics import Figure
from agecheck.policy import EffectivePolicy

Document = dict[str, Any]
_ALL = bands.ALL.name


def policy_results(
    own: Measures,
    policy: EffectivePolicy,
    groups: Mapping[tuple[str, ...], Sequence[str]],
) -> Document:
    """Over all labelled pictures: one without a face, or refused, is not OVER.

    Args:
        groups: columns -> the values that occur in them.
    """
    minors = bands.minors_of(policy.age_limit)
    return {
        "policy": policy.policy_id,
        "age_limit_years": policy.age_limit,
        "challenge_age_years": policy.challenge_age_years,
        "minors": f"{max(minors.lowest_years, 0)}-{minors.highest_years}",
        "false_over_minors": own.verdicts(own.ages_in(minors), "OVER"),
        "false_over_14_17": _answered(own, bands.MINORS, "OVER"),
        "answered_under_14_17": _answered(own, bands.MINORS, "UNDER"),
        "adults_refused": {
            adults.name: own.verdicts([(*EVERYBODY, adults.name)], "OVER", other=True)
            for adults in bands.ADULTS
        },
        "adults_answered_under": {
            adults.name: _answered(own, adults, "UNDER") for adults in bands.ADULTS
        },
        "by_age_year": [
            {"age_years": age, **_answers(own, (AGE, age_name(age, age), _ALL))}
            for age in range(bands.OLDEST_YEARS + 1)
            if own.shown((AGE, age_name(age, age), _ALL))
        ],
        "by_group": {
            joined(columns): _by_value(own, dimension_of(columns), values)
            for columns, values in groups.items()
        },
    }


def _answered(own: Measures, band: bands.Band, verdict: str) -> Figure:
    return own.verdicts([(*EVERYBODY, band.name)], verdict)


def _answers(own: Measures, where: Place) -> Document:
    return {
        "pictures": own.shown(where),
        "over": own.verdicts([where], "OVER"),
        "under": own.verdicts([where], "UNDER"),
        "not_over": own.verdicts([where], "OVER", other=True),
    }


def _by_value(own: Measures, dimension: str, values: Sequence[str]) -> Document:
    """What each group is answered, and how far the groups are apart."""
    rows: list[Document] = [
        {
            "group": value,
            "pictures": own.shown((dimension, value, _ALL)),
            "false_over_14_17": own.verdicts([(dimension, value, bands.MINORS.name)], "OVER"),
            "adults_refused": {
                adults.name: own.verdicts([(dimension, value, adults.name)], "OVER", other=True)
                for adults in bands.ADULTS
            },
        }
        for value in values
    ]
    return {
        "groups": [row for row in rows if row["pictures"]],
        "spread": {
            "false_over_14_17": spread([row["false_over_14_17"] for row in rows]),
            "adults_25_40_refused": spread([row["adults_refused"]["25-40"] for row in rows]),
        },
    }
