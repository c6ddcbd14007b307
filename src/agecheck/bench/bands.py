"""The age bands, challenge ages and distances that the tables are made of."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

OLDEST_YEARS = 120


@dataclass(frozen=True, slots=True)
class Band:
    """Ages from `lowest_years` to `highest_years`, both included, in completed years."""

    name: str
    lowest_years: int
    highest_years: int

    def holds(self, lowest_years: int, highest_years: int) -> bool:
        """Whether a label, which may be a range of ages, lies wholly in the band."""
        return self.lowest_years <= lowest_years and highest_years <= self.highest_years


ALL = Band("all", 0, OLDEST_YEARS)
MINORS = Band("14-17", 14, 17)
ADULTS = (Band("18-24", 18, 24), Band("25-40", 25, 40), Band("30+", 30, OLDEST_YEARS))
BANDS = (
    ALL,
    Band("0-12", 0, 12),
    Band("13-17", 13, 17),
    MINORS,
    Band("13-25", 13, 25),
    *ADULTS,
    Band("41-60", 41, 60),
    Band("61+", 61, OLDEST_YEARS),
)
AGES_13_16 = Band("13-16", 13, 16)
GROUP_BANDS = (ALL, Band("13-17", 13, 17), MINORS, *ADULTS)
"""Bands that are told apart within a group; more would leave few pictures in each."""

AGE_LIMITS_YEARS = tuple(range(13, 22))
MINOR_BAND_YEARS = 4
"""The minors of an age limit are those of the four years below it, as in the calibration."""
REPORTED_RATES = (0.05, 0.02, 0.01, 0.001)
CHALLENGE_AGES_YEARS = tuple(range(18, 36))
SINGLE_YEARS = tuple(range(10, 18))

_EYE_DISTANCES_PX = (24, 40, 60, 80, 120)


def minors_of(age_limit: int) -> Band:
    """Those whom a limit is there for."""
    return Band(f"minors of {age_limit}", age_limit - MINOR_BAND_YEARS, age_limit - 1)


MINORS_18 = minors_of(18)
"""MINORS under the name by which they are kept at the finest step."""


def eye_distance_bands() -> tuple[str, ...]:
    """Names of the bands of InterEyeDistance (ISO/IEC 29794-5), in px of the original picture."""
    edges = _EYE_DISTANCES_PX
    inner = (f"{low}-{high}" for low, high in pairwise(edges))
    return f"under {edges[0]}", *inner, f"from {edges[-1]}"


def eye_distance_band(distance_px: float) -> str:
    """The band of one distance; a band reaches up to, and not including, its upper number."""
    return eye_distance_bands()[sum(distance_px >= edge for edge in _EYE_DISTANCES_PX)]
