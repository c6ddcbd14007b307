"""The results document as tables, for the report and for CSV files alike."""

from __future__ import annotations

from typing import Any

from agecheck.bench import bands
from agecheck.bench.observe import AGECHECK
from agecheck.bench.policy_tables import OF_ALL, policy_tables
from agecheck.bench.table import Cell, Table, file_name

Document = dict[str, Any]


def tables(document: Document) -> list[Table]:
    """All tables of an accuracy run."""
    return [
        _adult_pass(document),
        *policy_tables(document["shipped_policy"]),
        _by_band(document),
        _by_age(document),
        _challenge_ages(document),
        _challenge_age_table(document),
        _thirteen_to_sixteen(document),
        *(_by_group(name, of, OF_ALL) for name, of in document["by_group"].items()),
        _by_group(
            "inter-eye distance, px",
            document["by_inter_eye_distance_px"],
            "Over all labelled pictures in which a face was found.",
        ),
        _failures(document),
        _uncertainty(document),
        *([_by_range(document)] if document["by_age_range"] else []),
        *(_lead(name, of) for name, of in document["comparisons"].items()),
    ]


def subjects(document: Document) -> dict[str, Document]:
    """agecheck first, then everything that ran beside it."""
    return {AGECHECK: document, **document["peers"]}


def _percent(share: str) -> str:
    return f"{100 * float(share):g} %"


def _adult_pass(document: Document) -> Table:
    rates = [f"{rate:g}" for rate in bands.REPORTED_RATES]
    return Table(
        "adult_pass",
        "Adults passed at a false-over rate of minors of 14 to 17",
        "Each estimator at the challenge age that lets at most this share of these same minors "
        "pass. Everybody who does not pass is refused.",
        ["estimator", "adults", *(f"at {_percent(rate)}" for rate in rates)],
        [
            [name, adults.name, *(at[rate] for rate in rates)]
            for name, of in subjects(document).items()
            for adults in bands.ADULTS
            for at in [of["adult_pass"][adults.name]["at_false_over"]]
        ],
    )


def _by_band(document: Document) -> Table:
    return Table(
        "error_by_band",
        "Error by age band, years",
        "Over faces with an estimate and an exact label.",
        ["estimator", "ages", "mean absolute error", "bias"],
        [
            [name, band.name, of["mae_years"][band.name], of["bias_years"][band.name]]
            for name, of in subjects(document).items()
            for band in bands.BANDS
        ],
    )


def _by_age(document: Document) -> Table:
    return Table(
        "error_by_age",
        "Error by year of age, years",
        "Over faces with an estimate.",
        ["age", "pictures", "mean absolute error", "bias"],
        [
            [row["age_years"], row["pictures"], row["mae_years"], row["bias_years"]]
            for row in document["by_age_year"]
        ],
    )


def _challenge_ages(document: Document) -> Table:
    minors = [*(str(age) for age in bands.SINGLE_YEARS), bands.MINORS.name]
    return Table(
        "challenge_ages",
        "At each challenge age: minors passed, adults refused",
        "Over all labelled pictures. Challenge 25 at age 17 is NIST's headline.",
        [
            "estimator",
            "challenge age",
            *(f"aged {age} passed" for age in minors),
            *(f"aged {adults.name} refused" for adults in bands.ADULTS),
        ],
        [
            [
                name,
                row["challenge_age_years"],
                *(row["false_over"][age] for age in minors),
                *(row["adults_refused"][adults.name] for adults in bands.ADULTS),
            ]
            for name, of in subjects(document).items()
            for row in of["challenge_ages"]
        ],
    )


def _challenge_age_table(document: Document) -> Table:
    return Table(
        "challenge_age_table",
        "The challenge age that these pictures ask for",
        "For minors up to four years below the limit. Adults of 25-40 passed there beside it.",
        ["age limit", "false-over rate", "challenge age", "adults of 25-40 passed"],
        [
            [int(limit), _percent(rate), figure, figure["adults_25_40_passed"]]
            for limit, by_rate in document["challenge_age_table"].items()
            for rate, figure in by_rate.items()
        ],
    )


def _thirteen_to_sixteen(document: Document) -> Table:
    return Table(
        "ages_13_16",
        "A gate between 13 and 16",
        "People of 13 to 16: estimated in that range, below 13, or from 17 on. Adults are refused "
        "who are not estimated from 17 on.",
        [
            *("estimator", "inside (TPR)", "below (FNR down)", "above (FNR up)"),
            *(f"aged {adults.name} refused" for adults in bands.ADULTS),
        ],
        [
            [
                name,
                *(of["ages_13_16"][key] for key in ("tpr", "fnr_down", "fnr_up")),
                *(of["ages_13_16"]["adults_refused"][adults.name] for adults in bands.ADULTS),
            ]
            for name, of in subjects(document).items()
        ],
    )


def _between(interval: list[float] | None) -> str:
    return "" if interval is None else f" ({interval[0]:.2f} to {interval[1]:.2f})"


def _by_group(name: str, of: Document, shares_are: str) -> Table:
    spread = of["spread"]["mae_years"]
    apart = (
        ""
        if spread["ratio"] is None
        else f" Mean absolute error from {spread['lowest']:.2f} to {spread['highest']:.2f}: "
        f"range {spread['range']:.2f}{_between(spread['range_interval'])}, "
        f"ratio {spread['ratio']:.2f}{_between(spread['ratio_interval'])}."
    )
    return Table(
        "by_" + file_name(name),
        f"By {name}",
        f"At challenge age 25. {shares_are}{apart}",
        [
            *("group", "pictures", "mean absolute error", "bias", "bias at 13-17"),
            *("failure to acquire", "aged 14-17 passed"),
            *(f"aged {adults.name} refused" for adults in bands.ADULTS),
        ],
        [
            [
                *(row["group"], row["pictures"], row["mae_years"], row["bias_years"]),
                *(row["bias_years_13_17"], row["failure_to_acquire"]),
                row["false_over_14_17_at_25"],
                *(row["adults_refused_at_25"][adults.name] for adults in bands.ADULTS),
            ]
            for row in of["groups"]
        ],
    )


def _failures(document: Document) -> Table:
    return Table(
        "failure_to_acquire",
        "No estimate, and why",
        "ESTIMATE_UNCERTAIN has an estimate and is not decided on.",
        ["estimator", "reason", "share of all pictures"],
        [
            [name, reason, figure]
            for name, of in subjects(document).items()
            for fta in [of["failure_to_acquire"]]
            for reason, figure in [
                ("any: failure to acquire", fta),
                ("any: not decided on", fta["abstained"]),
                *fta["by_reason"].items(),
            ]
        ],
    )


def _uncertainty(document: Document) -> Table:
    coverage = document["uncertainty"]["coverage"]
    return Table(
        "coverage",
        "Is the stated uncertainty true?",
        "The share of labels inside the interval that is stated for them.",
        ["stated", "labels inside"],
        [[_percent(level), figure] for level, figure in coverage.items()],
    )


def _by_range(document: Document) -> Table:
    adults = document["by_age_range_adults"]
    rows: list[list[Cell]] = [
        [
            *(row["age_range"], row["pictures"], row["below"], row["inside"], row["above"]),
            *(row["over_at_25"], row["refused_at_25"]),
        ]
        for row in document["by_age_range"]
    ]
    rows.append(
        [
            *("all adults, ranges and years", adults["pictures"], None, None, None),
            *(adults["over_at_25"], adults["refused_at_25"]),
        ]
    )
    return Table(
        "by_age_range",
        "Labels that are ranges",
        "Where the estimate lies; half a year beyond the range still counts as inside. Who is not "
        "answered 25 or more is refused at that challenge age.",
        ["ages", "pictures", "below", "inside", "above", "answered 25 or more", "refused at 25"],
        rows,
    )


def _lead(name: str, of: Document) -> Table:
    rows: list[list[Cell]] = [
        [f"adults of {adults} passed at {_percent(rate)}", figure]
        for adults, by_rate in of["adult_pass"].items()
        for rate, figure in by_rate.items()
    ]
    rows += [[f"mean absolute error, {band}", f] for band, f in of["mae_years"].items()]
    rows += [[f"mean absolute error, {g}", f] for g, f in of["mae_years_by_group"].items()]
    return Table(
        "against_" + "_".join(name.replace("-", " ").split()),
        f"agecheck less {name}",
        "On the same bootstrap draws; an interval without zero is beyond chance. Errors are "
        "compared over the faces that both have an estimate of.",
        ["figure", "difference"],
        rows,
    )
