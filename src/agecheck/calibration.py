"""The calibration: how two networks' outputs become an age, and which challenge age holds.

A calibration is a JSON file of parameters measured on labelled faces. It holds no picture and
nothing about a person.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path
from typing import Any

from agecheck.errors import CalibrationError
from agecheck.policy import MAX_CHALLENGE_AGE_YEARS, MIN_AGE_LIMIT_YEARS
from agecheck.strict_json import parse_json_object

SCHEMA = 1
SHIPPED_FILE = "calibration.json"
MAX_CALIBRATION_BYTES = 1 << 20
_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Fusion:
    """An ordinal regression on the networks' outputs.

    Each row of `coefficients` is a logistic head that says how likely the person is at least
    `thresholds_years` old; together the heads are an age distribution.

    Attributes:
        features: name of the feature set that the parameters were fitted on.
        thresholds_years: ascending ages (heads,).
        feature_mean, feature_scale: standardisation of the features (features,).
        coefficients: (heads, features), on standardised features.
        intercepts: (heads,).
        caution_sds: standard deviations that the mean is lowered by before a decision.
        caution_knots_years: (lowered mean, age) pairs, ascending in both, that put a lowered
            mean back on the scale of years.
    """

    features: str
    thresholds_years: tuple[float, ...]
    feature_mean: tuple[float, ...]
    feature_scale: tuple[float, ...]
    coefficients: tuple[tuple[float, ...], ...]
    intercepts: tuple[float, ...]
    caution_sds: float
    caution_knots_years: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a checker needs besides the models.

    Attributes:
        models_digest: digest of the model bundle that it was measured with.
        fusion: parameters of the age distribution.
        max_sd_years: a wider distribution than this is not decided on.
        challenge_ages_years: age limit -> false-over rate -> challenge age.
        digest: sha256 in hex over the file's bytes, which name the models in turn.
    """

    models_digest: str
    fusion: Fusion
    max_sd_years: float
    challenge_ages_years: Mapping[int, Mapping[float, float]]
    digest: str


def shipped_calibration() -> Calibration:
    """The calibration that comes with the package.

    Raises:
        CalibrationError: it is missing or malformed.
    """
    content = _read(files("agecheck.models") / "data" / SHIPPED_FILE)
    if content is None:
        raise CalibrationError("the shipped calibration cannot be read")
    return parse_calibration(content)


def load_calibration(path: Path) -> Calibration:
    """A calibration from a deployer's own file.

    Raises:
        CalibrationError: it cannot be read or is malformed.
    """
    content = _read(path)
    if content is None:
        raise CalibrationError("the calibration file cannot be read")
    return parse_calibration(content)


def _read(path: Traversable) -> bytes | None:
    """At most one byte more than is taken, or None. The system's error would name the path."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_CALIBRATION_BYTES + 1)
    except (OSError, ValueError):
        return None


def parse_calibration(content: bytes) -> Calibration:
    """Read a calibration and check that it is whole.

    Raises:
        CalibrationError: it is too large, not JSON, of another schema, or inconsistent.
    """
    if len(content) > MAX_CALIBRATION_BYTES:
        raise CalibrationError("the calibration is larger than any that agecheck writes")
    calibration = _parse(content)
    if calibration is None:
        raise CalibrationError("the calibration is malformed")
    return calibration


def _parse(content: bytes) -> Calibration | None:
    document: Mapping[str, Any] | None = parse_json_object(content)
    if document is None:
        return None
    try:
        if type(document["schema"]) is not int or document["schema"] != SCHEMA:
            return None
        models_digest = document["models_digest"]
        if not _HEX_DIGEST.fullmatch(models_digest):
            return None
        return Calibration(
            models_digest=models_digest,
            fusion=_parse_fusion(document["fusion"]),
            max_sd_years=_positive(document["max_sd_years"]),
            challenge_ages_years=_parse_challenge_ages(document["challenge_ages_years"]),
            digest=hashlib.sha256(content).hexdigest(),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _parse_fusion(table: Mapping[str, Any]) -> Fusion:
    fusion = Fusion(
        features=str(table["features"]),
        thresholds_years=_numbers(table["thresholds_years"]),
        feature_mean=_numbers(table["feature_mean"]),
        feature_scale=tuple(_positive(scale) for scale in table["feature_scale"]),
        coefficients=tuple(_numbers(row) for row in table["coefficients"]),
        intercepts=_numbers(table["intercepts"]),
        caution_sds=_not_negative(table["caution_sds"]),
        caution_knots_years=tuple(
            (_finite(lowered), _finite(years)) for lowered, years in table["caution_knots_years"]
        ),
    )
    heads, features = len(fusion.thresholds_years), len(fusion.feature_mean)
    if heads < 2 or sorted(set(fusion.thresholds_years)) != list(fusion.thresholds_years):
        raise ValueError("thresholds_years")
    if len(fusion.intercepts) != heads or len(fusion.coefficients) != heads:
        raise ValueError("heads")
    if len(fusion.feature_scale) != features or any(
        len(row) != features for row in fusion.coefficients
    ):
        raise ValueError("features")
    knots = fusion.caution_knots_years
    if len(knots) < 2 or any(
        not (low[0] < high[0] and low[1] < high[1]) for low, high in pairwise(knots)
    ):
        raise ValueError("caution_knots_years")
    return fusion


def _parse_challenge_ages(table: Mapping[str, Any]) -> dict[int, dict[float, float]]:
    parsed = {int(text): _parse_rates(int(text), entries) for text, entries in table.items()}
    if [str(age_limit) for age_limit in parsed] != list(table):
        raise ValueError("an age limit is not written as a whole number")
    return parsed


def _parse_rates(age_limit: int, entries: Mapping[str, Any]) -> dict[float, float]:
    """False-over rate -> challenge age, checked: who wants fewer false overs waits longer."""
    rates = {float(text): _positive(challenge_age) for text, challenge_age in entries.items()}
    if [f"{rate:g}" for rate in rates] != list(entries):
        raise ValueError("a rate is not written in its shortest form")
    if age_limit < MIN_AGE_LIMIT_YEARS or any(not 0 < rate < 1 for rate in rates):
        raise ValueError("age limit or rate")
    ages_by_falling_rate = [rates[rate] for rate in sorted(rates, reverse=True)]
    if ages_by_falling_rate != sorted(ages_by_falling_rate):
        raise ValueError("a smaller rate has a lower challenge age")
    for challenge_age_years in ages_by_falling_rate:
        if not age_limit < challenge_age_years <= MAX_CHALLENGE_AGE_YEARS:
            raise ValueError("challenge age")
        if round(challenge_age_years, 1) != challenge_age_years:
            raise ValueError("challenge age is not in steps of 0.1 years")
    return rates


def _numbers(values: Any) -> tuple[float, ...]:
    return tuple(_finite(value) for value in values)


def _positive(value: object) -> float:
    number = _finite(value)
    if number <= 0:
        raise ValueError("not positive")
    return number


def _not_negative(value: object) -> float:
    number = _finite(value)
    if number < 0:
        raise ValueError("negative")
    return number


def _finite(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not a number")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError("not a finite number") from None
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number
