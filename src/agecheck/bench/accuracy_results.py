"""Turns a tally into the results document; docs/reference/bench.md describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agecheck._version import __version__
from agecheck.bench import bands
from agecheck.bench.accuracy_by_age import adults_at_25, by_age_range, by_age_year
from agecheck.bench.faults import Faults
from agecheck.bench.labels import LabelCount
from agecheck.bench.machine import describe_machine
from agecheck.bench.measures import Measures
from agecheck.bench.observe import OWN_SUBJECTS
from agecheck.bench.peer_differences import comparison
from agecheck.bench.policy_results import policy_results
from agecheck.bench.slices import AGE, EVERYBODY, EYES, dimension_of, group_dimensions, joined
from agecheck.bench.spread import spread
from agecheck.bench.statistics import Figure
from agecheck.bench.tally import Tally
from agecheck.calibration import Calibration
from agecheck.policy import EffectivePolicy

SCHEMA = "agecheck-bench-accuracy/1"
Document = dict[str, Any]
_ALL = bands.ALL.name
_RATES = {f"{rate:g}": rate for rate in bands.REPORTED_RATES}
_UNSEALED = (
    "Measured outside the seal: a benchmark has to see ages, which no sealed check gives away."
)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a run was made with, for the head of its results."""

    labels: LabelCount
    split: str | None
    group_by: tuple[str, ...]
    peer_versions: dict[str, str]
    faults: Faults
    calibration: Calibration
    policy: EffectivePolicy
    workers: int
    seconds: float


def results(tally: Tally, made: Circumstances) -> Document:
    """The whole document: agecheck's figures at the top level, others' beside them."""
    own, *others = (
        Measures(tally, name, made.labels.has_subjects)
        for name in (*OWN_SUBJECTS, *made.peer_versions)
    )
    return {
        **head(SCHEMA, tally, made),
        **_subject(own, made),
        "shipped_policy": policy_results(own, made.policy, _group_values(own, made.group_by)),
        "challenge_age_table": _challenge_age_table(own),
        "uncertainty": own.uncertainty(),
        "peers": {
            of.subject: {"version": made.peer_versions.get(of.subject, __version__)}
            | _subject(of, made)
            for of in others
        },
        "comparisons": {of.subject: comparison(own, of, _finest_cells(own, made)) for of in others},
        "run": run_facts(made),
    }


def head(schema: str, tally: Tally, made: Circumstances) -> Document:
    """What every document over labelled pictures begins with."""
    return {
        "schema": schema,
        "seal": "open",
        "note": _UNSEALED,
        "data": _data(tally, made),
        "bundle": {
            "agecheck": __version__,
            "models_digest": made.calibration.models_digest,
            "calibration_digest": made.calibration.digest,
        },
    }


def run_facts(made: Circumstances) -> Document:
    """What every document ends with."""
    return {
        "machine": describe_machine(),
        "workers": made.workers,
        "seconds": round(made.seconds, 1),
    }


def _data(tally: Tally, made: Circumstances) -> Document:
    return {
        "pictures": tally.count("pictures"),
        "split": made.split,
        "labels_digest": made.labels.digest,
        "bad_rows": sum(made.labels.faults.values()),
        "unreadable_files": made.faults.unreadable,
        "undecodable_files": made.faults.undecodable,
        "group_by": list(made.group_by),
        "bootstrap_by": "subject" if made.labels.has_subjects else "picture",
    }


def _subject(of: Measures, made: Circumstances) -> Document:
    """The figures that every estimator has."""
    return {
        "mae_years": _means(of, "absolute error"),
        "bias_years": _means(of, "error"),
        "adult_pass": {
            adults.name: {
                "at_false_over": {
                    name: of.pass_at_rate(adults, bands.MINORS_18, rate)
                    for name, rate in _RATES.items()
                }
            }
            for adults in bands.ADULTS
        },
        "challenge_25_at_17": _at_challenge_age(of, (AGE, "17", _ALL), 25),
        "challenge_ages": [_challenge_row(of, years) for years in bands.CHALLENGE_AGES_YEARS],
        "ages_13_16": of.ages_13_16(),
        "by_age_year": by_age_year(of),
        "by_age_range": by_age_range(of),
        "by_age_range_adults": adults_at_25(of),
        "by_group": {
            joined(columns): _by_value(of, dimension_of(columns), values)
            for columns, values in _group_values(of, made.group_by).items()
        },
        "by_inter_eye_distance_px": _by_value(of, EYES, list(bands.eye_distance_bands())),
        "failure_to_acquire": of.failure_to_acquire(),
    }


def _means(of: Measures, what: str) -> dict[str, Figure]:
    return {band.name: of.mean((*EVERYBODY, band.name), what) for band in bands.BANDS}


def _refused(of: Measures, challenge_age_years: int) -> dict[str, Figure]:
    return {
        adults.name: of.over((*EVERYBODY, adults.name), challenge_age_years, refused=True)
        for adults in bands.ADULTS
    }


def _at_challenge_age(of: Measures, where: tuple[str, str, str], years: int) -> Document:
    """Minors passed, never without the adults refused beside them."""
    return {
        "challenge_age_years": years,
        "false_over": of.over(where, years),
        "false_over_of_acquired": of.over_of_acquired(where, years),
        "adults_refused": _refused(of, years),
    }


def _challenge_row(of: Measures, years: int) -> Document:
    single = {str(age): of.over((AGE, str(age), _ALL), years) for age in bands.SINGLE_YEARS}
    minors = {bands.MINORS.name: of.over((*EVERYBODY, bands.MINORS.name), years)}
    return {
        "challenge_age_years": years,
        "false_over": single | minors,
        "adults_refused": _refused(of, years),
    }


def _group_values(of: Measures, columns: tuple[str, ...]) -> dict[tuple[str, ...], list[str]]:
    """Each column, and all of them together, with the values that occur."""
    dimensions = [tuple(columns[i] for i in ids) for ids in group_dimensions(columns)]
    found: dict[str, set[str]] = {dimension_of(names): set() for names in dimensions}
    for key in of.tally.counts:
        if key[0] == of.subject and key[1] in found:
            found[str(key[1])].add(str(key[2]))
    return {names: sorted(found[dimension_of(names)]) for names in dimensions}


def _finest_cells(of: Measures, made: Circumstances) -> list[tuple[str, str, str]]:
    """The groups by all columns together, as slices."""
    by_name = list(_group_values(of, made.group_by).items())[-1:]
    return [(dimension_of(names), value, _ALL) for names, values in by_name for value in values]


def _by_value(of: Measures, dimension: str, values: list[str]) -> Document:
    """Figures of each group, and how far the groups are apart."""
    rows = [_group_row(of, dimension, value) for value in values]
    return {
        "groups": [row for row in rows if row["pictures"]],
        "spread": {
            "mae_years": spread([row["mae_years"] for row in rows]),
            "false_over_14_17_at_25": spread([row["false_over_14_17_at_25"] for row in rows]),
            "adults_25_40_refused_at_25": spread(
                [row["adults_refused_at_25"]["25-40"] for row in rows]
            ),
        },
    }


def _group_row(of: Measures, dimension: str, value: str) -> Document:
    everybody = (dimension, value, _ALL)
    return {
        "group": value,
        "pictures": of.shown(everybody),
        "mae_years": of.mean(everybody, "absolute error"),
        "bias_years": of.mean(everybody, "error"),
        "bias_years_13_17": of.mean((dimension, value, "13-17"), "error"),
        "failure_to_acquire": of.not_acquired(everybody),
        "false_over_14_17_at_25": of.over((dimension, value, bands.MINORS.name), 25),
        "adults_refused_at_25": {
            adults.name: of.over((dimension, value, adults.name), 25, refused=True)
            for adults in bands.ADULTS
        },
    }


def _challenge_age_table(own: Measures) -> Document:
    """Age limit x target rate -> the challenge age that these pictures ask for."""
    adults = bands.ADULTS[1]
    return {
        str(limit): {
            name: own.challenge_age(bands.minors_of(limit), rate)
            | {"adults_25_40_passed": own.pass_at_rate(adults, bands.minors_of(limit), rate)}
            for name, rate in _RATES.items()
        }
        for limit in bands.AGE_LIMITS_YEARS
    }
