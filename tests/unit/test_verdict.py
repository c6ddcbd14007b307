"""The verdict cannot be mistaken for a boolean, and a result cannot contradict itself."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re
from typing import Any

import pytest

from agecheck.verdict import CheckResult, Reason, Verdict

RESULTS = [
    CheckResult(Verdict.OVER),
    CheckResult(Verdict.UNDER),
    *(CheckResult.inconclusive(reason) for reason in Reason),
]


@pytest.mark.parametrize("verdict", Verdict)
def test_a_verdict_has_no_truth_value(verdict: Verdict) -> None:
    """`if verdict:` would let UNDER and INCONCLUSIVE pass as OVER."""
    for ask in (bool, lambda v: not v, lambda v: v and True, lambda v: list(filter(None, [v]))):
        with pytest.raises(TypeError, match="no truth value"):
            ask(verdict)


@pytest.mark.parametrize("result", RESULTS, ids=repr)
def test_a_result_has_no_truth_value(result: CheckResult) -> None:
    """`if checker.check(x):` would let every answer pass as OVER."""
    for ask in (bool, lambda r: not r, lambda r: r or False, lambda r: any([r])):
        with pytest.raises(TypeError, match="no truth value"):
            ask(result)


def test_the_verdicts_are_exactly_three() -> None:
    """A fourth verdict would be read as "not UNDER" somewhere."""
    assert [str(verdict) for verdict in Verdict] == ["OVER", "UNDER", "INCONCLUSIVE"]


def test_a_verdict_equals_no_string() -> None:
    """Text from elsewhere never compares equal to a verdict, so only the enum can say OVER."""
    values: list[object] = [verdict.value for verdict in Verdict]
    assert all(verdict not in values for verdict in Verdict)


@pytest.mark.parametrize("verdict", [Verdict.OVER, Verdict.UNDER])
@pytest.mark.parametrize("reason", Reason)
def test_a_conclusive_result_has_no_reason(verdict: Verdict, reason: Reason) -> None:
    """A reason beside OVER or UNDER would say more than the one allowed bit."""
    with pytest.raises(ValueError, match="INCONCLUSIVE"):
        CheckResult(verdict, reason)


def test_an_inconclusive_result_needs_a_reason() -> None:
    """An unexplained refusal leaves the person with nothing to correct."""
    with pytest.raises(ValueError, match="INCONCLUSIVE"):
        CheckResult(Verdict.INCONCLUSIVE)


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [("OVER", None), (None, None), (True, None), (Verdict.INCONCLUSIVE, "31 years")],
)
def test_a_result_holds_only_members_of_the_closed_set(verdict: Any, reason: Any) -> None:
    """Free text, and with it a measured value, has no way into a result."""
    with pytest.raises(TypeError):
        CheckResult(verdict, reason)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_explained_in_one_sentence_without_a_number(reason: Reason) -> None:
    """A reason tells the person what to do and never carries a measured value."""
    assert re.fullmatch(r"[A-Z][^.0-9]*\.", reason.explanation)
    assert str(reason) == reason.name


@pytest.mark.parametrize("result", RESULTS, ids=repr)
def test_a_result_cannot_be_changed(result: CheckResult) -> None:
    """An answer stays the answer that the check gave."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.verdict = Verdict.OVER  # type: ignore[misc]
    with pytest.raises((dataclasses.FrozenInstanceError, AttributeError, TypeError)):
        result.age_years = 18  # type: ignore[attr-defined]
    assert not hasattr(result, "__dict__")


@pytest.mark.parametrize("result", RESULTS, ids=repr)
def test_a_result_holds_a_verdict_and_a_reason_and_nothing_else(result: CheckResult) -> None:
    """Whatever is printed, copied or stored of a result is one code out of a closed set."""
    assert dataclasses.asdict(result) == {"verdict": result.verdict, "reason": result.reason}
    assert not re.search(r"\d\.\d", repr(result))


@pytest.mark.parametrize("result", RESULTS, ids=repr)
def test_a_result_survives_pickling_and_copying(result: CheckResult) -> None:
    """Results cross process borders in batch programs, and the enum members stay themselves."""
    for twin in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):  # noqa: S301
        assert twin == result
        assert twin.verdict is result.verdict
        assert hash(twin) == hash(result)
