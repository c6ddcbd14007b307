"""The calibration: no bytes at all end in half of one."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agecheck.calibration import (
    Calibration,
)
from agecheck.policy import MAX_CHALLENGE_AGE_YEARS
from unit.calibrations import SHIPPED_BYTES, SHIPPED_DOCUMENT, parsed, put

Path_ = tuple[str | int, ...]


def places(value: object, path: Path_ = ()) -> Iterator[Path_]:
    """Every place of the document that a value stands at."""
    members: Iterator[tuple[str | int, object]] = iter(())
    if isinstance(value, dict):
        members = iter(value.items())
    elif isinstance(value, list):
        members = iter(enumerate(value))
    for key, member in members:
        yield (*path, key)
        yield from places(member, (*path, key))


PLACES = [place for place in places(SHIPPED_DOCUMENT) if place[0] != "measured_on"]
NUMBERS = st.integers() | st.floats() | st.sampled_from([10**400, -0.0, 5e-324, 1e308])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)


def assert_whole(calibration: Calibration) -> None:
    """What a checker relies on without asking again."""
    fusion = calibration.fusion
    shape = len(fusion.thresholds_years), len(fusion.feature_mean)
    assert len(fusion.intercepts) == len(fusion.coefficients) == shape[0] >= 2
    assert {len(row) for row in (*fusion.coefficients, fusion.feature_scale)} == {shape[1]}
    rows = [fusion.thresholds_years, fusion.feature_mean, fusion.feature_scale, fusion.intercepts]
    rows += [*fusion.coefficients, *fusion.caution_knots_years]
    assert all(math.isfinite(number) for row in rows for number in row)
    assert min(fusion.feature_scale) > 0
    assert math.isfinite(fusion.caution_sds)
    assert fusion.caution_sds >= 0
    assert 0 < calibration.max_sd_years < math.inf
    for axis in (0, 1):
        knots = [knot[axis] for knot in fusion.caution_knots_years]
        assert all(low < high for low, high in pairwise(knots))
    for limit, rates in calibration.challenge_ages_years.items():
        assert all(limit < years <= MAX_CHALLENGE_AGE_YEARS for years in rates.values())


class TestSearch:
    """The hypothesis: bytes end in a calibration that is whole or in CalibrationError."""

    @given(document=VALUES)
    def test_any_document(self, document: object) -> None:
        """No other document is taken for a calibration."""
        assert parsed(json.dumps(document).encode()) is None

    @given(
        changes=st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=2),
        remove=st.booleans(),
    )
    def test_the_shipped_document_with_members_changed(
        self, changes: list[tuple[Path_, object]], remove: bool
    ) -> None:
        """Whatever stands in a member's place, the parser forgets to check none."""
        document = copy.deepcopy(SHIPPED_DOCUMENT)
        for place, value in changes:
            try:
                put(value, *place)(document)
            except (KeyError, IndexError, TypeError):
                continue  # the change before this one took the place away
        if remove:
            document.pop(str(changes[0][0][0]))
        calibration = parsed(json.dumps(document).encode())
        assert calibration is None or not remove
        if calibration is not None:
            assert_whole(calibration)

    @given(
        cut=st.integers(0, len(SHIPPED_BYTES)),
        length_bytes=st.integers(0, 40),
        replacement=st.binary(max_size=6) | st.sampled_from([b"NaN", b"-Infinity", b'"', b"1e999"]),
    )
    def test_the_shipped_file_with_bytes_changed(
        self, cut: int, length_bytes: int, replacement: bytes
    ) -> None:
        """A file damaged on disk is whole or refused, never half taken."""
        content = SHIPPED_BYTES[:cut] + replacement + SHIPPED_BYTES[cut + length_bytes :]
        calibration = parsed(content)
        if calibration is not None:
            assert_whole(calibration)
