"""Tables of what a policy answers."""

from __future__ import annotations

from typing import Any

from agecheck.bench import bands
from agecheck.bench.table import Cell, Table, file_name

Document = dict[str, Any]
OF_ALL = "Over all labelled pictures: one without a face, or refused, is not OVER."


def policy_tables(policy: Document) -> list[Table]:
    """All of them.

    Args:
        policy: `shipped_policy` of the results.
    """
    by_group = policy["by_group"].items()
    return [
        _shares(policy),
        _by_age(policy),
        *(_by_group(name, of) for name, of in by_group),
    ]


def _shares(policy: Document) -> Table:
    below = [[f"those of {policy['minors']} answered OVER", policy["false_over_minors"]]]
    rows: list[list[Cell]] = [
        *(below if policy["minors"] != bands.MINORS.name else []),
        ["minors of 14-17 answered OVER", policy["false_over_14_17"]],
        ["minors of 14-17 answered UNDER", policy["answered_under_14_17"]],
    ]
    for adults in bands.ADULTS:
        rows.append([f"adults of {adults.name} not OVER", policy["adults_refused"][adults.name]])
        rows.append(
            [
                f"adults of {adults.name} answered UNDER",
                policy["adults_answered_under"][adults.name],
            ]
        )
    return Table(
        "shipped_policy",
        f"The policy: age limit {policy['age_limit_years']}, "
        f"challenge age {policy['challenge_age_years']:g}",
        OF_ALL,
        ["who and what", "share"],
        rows,
    )


def _by_age(policy: Document) -> Table:
    return Table(
        "policy_by_age",
        "What the policy answers, by year of age",
        OF_ALL,
        ["age", "pictures", "answered OVER", "answered UNDER", "not OVER"],
        [
            [row["age_years"], row["pictures"], row["over"], row["under"], row["not_over"]]
            for row in policy["by_age_year"]
        ],
    )


def _by_group(name: str, of: Document) -> Table:
    return Table(
        "policy_by_" + file_name(name),
        f"What the policy answers, by {name}",
        OF_ALL,
        [
            *("group", "pictures", "aged 14-17 answered OVER"),
            *(f"aged {adults.name} not OVER" for adults in bands.ADULTS),
        ],
        [
            [
                *(row["group"], row["pictures"], row["false_over_14_17"]),
                *(row["adults_refused"][adults.name] for adults in bands.ADULTS),
            ]
            for row in of["groups"]
        ],
    )
