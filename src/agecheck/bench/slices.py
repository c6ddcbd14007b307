"""The slices of a labelled set that figures are made of: bands of age, groups, distances."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

from agecheck.bench import bands
from agecheck.bench.labels import FaceLabel

Place = tuple[str, str, str]
"""(dimension, value, band)."""
EVERYBODY = ("", "")
"""The slice of all pictures; others are (dimension, value)."""
AGE, EYES = "age", "inter-eye distance"


def group_dimensions(columns: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
    """What is grouped by: each column alone, and all of them together; as indices of columns."""
    single = tuple(combinations(range(len(columns)), 1))
    return single if len(columns) < 2 else (*single, tuple(range(len(columns))))


def joined(parts: tuple[str, ...]) -> str:
    """The name of a dimension, or of a group, made of several."""
    return " / ".join(parts)


def dimension_of(columns: tuple[str, ...]) -> str:
    """What groups by these columns are counted under; a column may have any name, `age` too."""
    return f"column {joined(columns)}"


@lru_cache(maxsize=4096)
def _bands_of(lowest_years: int, highest_years: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of all bands, and of those told apart within a group, that hold a label."""
    of_all = tuple(b.name for b in bands.BANDS if b.holds(lowest_years, highest_years))
    in_groups = tuple(b.name for b in bands.GROUP_BANDS if b.holds(lowest_years, highest_years))
    return of_all, in_groups


def compared_slices(slices: list[Place], columns: tuple[str, ...]) -> list[Place]:
    """Where estimators are compared face by face: the bands of all, and the finest groups."""
    finest = dimension_of(columns) if columns else None
    return [
        (dimension, value, band)
        for dimension, value, band in slices
        if (dimension, value) == EVERYBODY or (dimension == finest and band == bands.ALL.name)
    ]


def slices_of(
    label: FaceLabel, eye_distance_px: float | None, columns: tuple[str, ...]
) -> list[Place]:
    """Every place that a picture belongs to."""
    lowest, highest = label.lowest_age_years, label.highest_age_years
    of_all, in_groups = _bands_of(lowest, highest)
    slices = [(*EVERYBODY, band) for band in of_all]
    slices.append((AGE, age_name(lowest, highest), bands.ALL.name))
    for indices in group_dimensions(columns):
        dimension = dimension_of(tuple(columns[i] for i in indices))
        value = joined(tuple(label.groups[i] for i in indices))
        slices += [(dimension, value, band) for band in in_groups]
    if eye_distance_px is not None:
        value = bands.eye_distance_band(eye_distance_px)
        slices += [(EYES, value, band) for band in in_groups]
    return slices


def age_name(lowest_years: int, highest_years: int) -> str:
    """As a label has it."""
    return str(lowest_years) if lowest_years == highest_years else f"{lowest_years}-{highest_years}"
