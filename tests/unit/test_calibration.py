"""The calibration: what ships is whole, and what is not whole is refused without a leak."""

from __future__ import annotations

import copy
import json
import math
import os
from itertools import pairwise
from pathlib import Path

import pytest

from agecheck.calibration import (
    MAX_CALIBRATION_BYTES,
    load_calibration,
    parse_calibration,
    shipped_calibration,
)
from agecheck.errors import CalibrationError
from agecheck.models.store import ModelStore
from agecheck.policy import MAX_CHALLENGE_AGE_YEARS
from unit.calibrations import SHIPPED_BYTES, SHIPPED_DOCUMENT, Edit, parsed, put

AGE_LIMITS = (13, 15, 16, 18, 21)
DEFAULT_RATE = 0.02


def edited(edit: Edit) -> bytes:
    """The shipped file with one thing changed."""
    document = copy.deepcopy(SHIPPED_DOCUMENT)
    edit(document)
    return json.dumps(document).encode()


def shorter(name: str) -> Edit:
    """Take the last entry off one of the fusion's lists."""
    return lambda document: document["fusion"][name].pop()


def without(name: str) -> Edit:
    """Take one of the fusion's members away."""
    return lambda document: document["fusion"].pop(name)


class TestShipped:
    def test_it_belongs_to_the_shipped_models(self) -> None:
        """Models replaced without a new calibration would be judged by the old one's ages."""
        assert shipped_calibration().models_digest == ModelStore().digest()

    def test_its_digest_covers_every_byte(self) -> None:
        """Two files that differ at all have two names in a token."""
        digest = parse_calibration(SHIPPED_BYTES).digest
        assert digest == shipped_calibration().digest
        assert parse_calibration(SHIPPED_BYTES + b"\n").digest != digest

    def test_it_answers_for_the_promised_age_limits(self) -> None:
        """The age limits that laws name work without a challenge age of one's own."""
        table = shipped_calibration().challenge_ages_years
        assert all(DEFAULT_RATE in table[limit] for limit in AGE_LIMITS)

    def test_a_stricter_rate_has_a_higher_challenge_age(self) -> None:
        """Asking for fewer minors let through never lowers the gate."""
        for rates in shipped_calibration().challenge_ages_years.values():
            ages_years = [rates[rate] for rate in sorted(rates)]
            assert len(ages_years) >= 2
            assert all(stricter > laxer for stricter, laxer in pairwise(ages_years))

    def test_a_higher_age_limit_has_no_lower_challenge_age(self) -> None:
        """Whoever passes at 21 would also have passed at 18."""
        table = shipped_calibration().challenge_ages_years
        ages_years = [table[limit][DEFAULT_RATE] for limit in AGE_LIMITS]
        assert ages_years == sorted(ages_years)

    def test_every_challenge_age_is_above_its_limit_in_steps_of_a_tenth(self) -> None:
        """Every entry makes a policy that AgePolicy itself would take."""
        for limit, rates in shipped_calibration().challenge_ages_years.items():
            for challenge_age_years in rates.values():
                assert limit < challenge_age_years <= MAX_CHALLENGE_AGE_YEARS
                assert round(challenge_age_years, 1) == challenge_age_years


FUSION_LISTS = ("thresholds_years", "feature_mean", "feature_scale", "coefficients", "intercepts")
BROKEN: dict[str, Edit] = {
    "schema 2": put(2, "schema"),
    "schema as text": put("1", "schema"),
    "no schema": lambda document: document.pop("schema"),
    "digest too short": put("ab" * 31, "models_digest"),
    "digest in capitals": put("AB" * 32, "models_digest"),
    "digest with a line end": put("ab" * 32 + "\n", "models_digest"),
    "digest is a number": put(7, "models_digest"),
    "digest is a list": put(["ab" * 32], "models_digest"),
    "no fusion": lambda document: document.pop("fusion"),
    "fusion is a list": put([], "fusion"),
    "fusion is text": put("fusion", "fusion"),
    "table is a list": put([[18, 25.0]], "challenge_ages_years"),
    "rates are a list": put([25.0], "challenge_ages_years", "18"),
    "max sd of zero": put(0, "max_sd_years"),
    "max sd negative": put(-1.0, "max_sd_years"),
    "max sd true": put(True, "max_sd_years"),
    "max sd as text": put("10", "max_sd_years"),
    "max sd null": put(None, "max_sd_years"),
    "max sd huge": put(10**400, "max_sd_years"),
    "max sd NaN": put(math.nan, "max_sd_years"),
    "max sd infinite": put(math.inf, "max_sd_years"),
    "caution negative": put(-0.5, "fusion", "caution_sds"),
    "caution NaN": put(math.nan, "fusion", "caution_sds"),
    "threshold twice": put(
        SHIPPED_DOCUMENT["fusion"]["thresholds_years"][1], "fusion", "thresholds_years", 0
    ),
    "thresholds descending": lambda document: document["fusion"]["thresholds_years"].reverse(),
    "one head": lambda document: document["fusion"].update(
        thresholds_years=[18.0], coefficients=[[0.0] * 13], intercepts=[0.0]
    ),
    "scale of zero": put(0.0, "fusion", "feature_scale", 3),
    "scale negative": put(-1.0, "fusion", "feature_scale", 3),
    "mean NaN": put(math.nan, "fusion", "feature_mean", 0),
    "intercept infinite": put(-math.inf, "fusion", "intercepts", 0),
    "coefficient NaN": put(math.nan, "fusion", "coefficients", 0, 0),
    "coefficient as text": put("0.5", "fusion", "coefficients", 0, 0),
    "coefficient true": put(True, "fusion", "coefficients", 0, 0),
    "coefficient huge": put(10**400, "fusion", "coefficients", 0, 0),
    "a short row": lambda document: document["fusion"]["coefficients"][4].pop(),
    "rows are text": put("0" * 13, "fusion", "coefficients", 0),
    "one knot": put([[0.0, 0.0]], "fusion", "caution_knots_years"),
    "knots level in x": put([[1.0, 1.0], [1.0, 2.0]], "fusion", "caution_knots_years"),
    "knots level in y": put([[1.0, 1.0], [2.0, 1.0]], "fusion", "caution_knots_years"),
    "knots descending": put([[1.0, 2.0], [2.0, 1.0]], "fusion", "caution_knots_years"),
    "a knot of three": put([[0, 0], [1, 1, 1]], "fusion", "caution_knots_years"),
    "knots are numbers": put([0.0, 1.0], "fusion", "caution_knots_years"),
    "limit with a zero": put({"0.02": 25.0}, "challenge_ages_years", "018"),
    "limit with a sign": put({"0.02": 25.0}, "challenge_ages_years", "+18"),
    "limit with a space": put({"0.02": 25.0}, "challenge_ages_years", " 18"),
    "limit with a fraction": put({"0.02": 25.0}, "challenge_ages_years", "18.0"),
    "limit in other digits": put({"0.02": 25.0}, "challenge_ages_years", "\u0661\u0668"),
    "limit of many digits": put({"0.02": 25.0}, "challenge_ages_years", "1" * 5000),
    "rate of zero": put(25.0, "challenge_ages_years", "18", "0"),
    "rate negative": put(25.0, "challenge_ages_years", "18", "-0.02"),
    "rate NaN": put(25.0, "challenge_ages_years", "18", "nan"),
    "rate infinite": put(25.0, "challenge_ages_years", "18", "1e999"),
    "rate is a word": put(25.0, "challenge_ages_years", "18", "low"),
    "challenge age at the limit": put(18, "challenge_ages_years", "18", "0.02"),
    "challenge age below the limit": put(17.9, "challenge_ages_years", "18", "0.02"),
    "challenge age too high": put(80.1, "challenge_ages_years", "18", "0.02"),
    "challenge age true": put(True, "challenge_ages_years", "18", "0.02"),
    "challenge age NaN": put(math.nan, "challenge_ages_years", "18", "0.02"),
    **{f"{name} is one shorter": shorter(name) for name in FUSION_LISTS},
    **{f"{name} is missing": without(name) for name in FUSION_LISTS},
}


class TestRefused:
    def test_the_document_is_whole_before_it_is_broken(self) -> None:
        """What the next test sees refused is refused for its one change."""
        assert parsed(edited(lambda document: document)) is not None

    @pytest.mark.parametrize("name", BROKEN)
    def test_a_document_that_is_not_whole(self, name: str) -> None:
        """No gate is ever set by a file that contradicts itself or lacks a part."""
        assert parsed(edited(BROKEN[name])) is None

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"null",
            b"[]",
            b"18",
            b'"text"',
            b"{}",
            SHIPPED_BYTES[:-3],
            SHIPPED_BYTES + b"}",
            SHIPPED_BYTES.replace(b'"schema": 1', b'"schema": 1, "schema": 1'),
            SHIPPED_BYTES.replace(b'"caution_sds"', b'"caution_sds": 0, "caution_sds"'),
            SHIPPED_BYTES.replace(b'"schema": 1', b'"schema": ' + b"1" * 5000),
            SHIPPED_BYTES.replace(b'"name": "', b'"name": "\xe9'),
            b"[" * 200_000,
            b'{"a":' * 150_000,
            b"\xff\xfe\x00",
            bytes(100),
        ],
        ids=range(16),
    )
    def test_bytes_that_are_no_such_document(self, content: bytes) -> None:
        """Not JSON, not UTF-8, a member twice, or nested to exhaust the parser."""
        assert parsed(content) is None

    def test_a_file_larger_than_any_that_is_written(self, tmp_path: Path) -> None:
        """A calibration cannot be used to fill the memory; one byte over is refused."""
        room_bytes = MAX_CALIBRATION_BYTES - len(SHIPPED_BYTES)
        assert parsed(SHIPPED_BYTES + b" " * room_bytes) is not None
        assert parsed(SHIPPED_BYTES + b" " * (room_bytes + 1)) is None
        path = tmp_path / "large.json"
        path.write_bytes(SHIPPED_BYTES)
        os.truncate(path, 1 << 40)
        with pytest.raises(CalibrationError, match="larger"):
            load_calibration(path)


@pytest.mark.parametrize("kind", ["missing", "directory", "null byte", "too long", "malformed"])
def test_an_unreadable_file_does_not_name_its_path(kind: str, tmp_path: Path) -> None:
    """A path can hold a person's name; neither the error nor what caused it repeats it."""
    (tmp_path / "jane-directory").mkdir()
    (tmp_path / "jane-malformed").write_text("jane")
    names = {"null byte": "jane\0", "too long": "jane" * 500}
    with pytest.raises(CalibrationError) as caught:
        load_calibration(tmp_path / names.get(kind, f"jane-{kind}"))
    error = caught.value
    assert (error.__cause__, error.__context__) == (None, None)
    assert "jane" not in repr(error)
    assert str(tmp_path) not in repr(error)


def test_a_file_of_ones_own_is_read_like_the_shipped_one(tmp_path: Path) -> None:
    """A deployer's file goes through the same parser."""
    path = tmp_path / "own.json"
    path.write_bytes(SHIPPED_BYTES)
    assert load_calibration(path) == shipped_calibration()
