"""The one value that holds an age shows it to nobody."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback

import pytest

from agecheck.estimate import AgeEstimate

MEAN_YEARS = 31.4159
SD_YEARS = 2.7182
CAUTIOUS_YEARS = 29.9792
SECRETS = ("31.4", "2.71", "29.9")


@pytest.fixture
def estimate() -> AgeEstimate:
    return AgeEstimate(MEAN_YEARS, SD_YEARS, CAUTIOUS_YEARS)


def _shows_an_age(text: str) -> bool:
    return any(secret in text for secret in SECRETS)


def test_printing_shows_nothing(estimate: AgeEstimate) -> None:
    """A print or an f-string left in by mistake does not reveal an age."""
    shown = [repr(estimate), str(estimate), f"{estimate}", f"{estimate!r}", f"{[estimate]}"]
    shown += [f"{estimate!s:>40}", repr({"estimate": estimate})]
    assert not any(_shows_an_age(text) for text in shown)


def test_logging_shows_nothing(estimate: AgeEstimate, caplog: pytest.LogCaptureFixture) -> None:
    """A log line with an estimate in it does not reveal an age."""
    logging.getLogger("test").warning("%s %r %s", estimate, estimate, (estimate,))
    assert "<AgeEstimate>" in caplog.text
    assert not _shows_an_age(caplog.text)


def test_an_exception_with_an_estimate_in_it_shows_nothing(estimate: AgeEstimate) -> None:
    """A traceback, even one with local variables, does not reveal an age."""
    caught = ValueError(estimate)
    shown = traceback.TracebackException.from_exception(caught, capture_locals=True)
    assert not _shows_an_age("".join(shown.format()))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling_is_refused(estimate: AgeEstimate, protocol: int) -> None:
    """An estimate cannot travel to a cache, a queue or another process."""
    for value in (estimate, [estimate], {"estimate": estimate}):
        with pytest.raises(TypeError, match="not pickled or copied") as caught:
            pickle.dumps(value, protocol)
        assert not _shows_an_age(str(caught.value))


def test_copying_is_refused(estimate: AgeEstimate) -> None:
    """There is one estimate a check, and no second one that outlives it."""
    for copying in (copy.copy, copy.deepcopy, lambda e: copy.deepcopy([e])):
        with pytest.raises(TypeError, match="not pickled or copied"):
            copying(estimate)


def test_it_has_no_dictionary_and_is_no_json(estimate: AgeEstimate) -> None:
    """Serialisers that look into any object's attributes find none."""
    with pytest.raises(TypeError):
        vars(estimate)
    with pytest.raises(TypeError):
        json.dumps(estimate)


def test_estimates_are_not_compared_by_value() -> None:
    """Equality or a hash by value would let an age be guessed from outside."""
    twins = [AgeEstimate(MEAN_YEARS, SD_YEARS, CAUTIOUS_YEARS) for _ in range(2)]
    assert twins[0] != twins[1]
    assert hash(twins[0]) != hash(twins[1])


def test_estimates_have_no_order(estimate: AgeEstimate) -> None:
    """Only the policy compares an age with anything."""
    with pytest.raises(TypeError):
        assert estimate < AgeEstimate(90.0, 1.0, 90.0)  # type: ignore[operator]
