"""The bytes that a worker may say: a closed set, each with one meaning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agecheck.errors import (
    AgecheckError,
    ImageError,
    ImageFault,
    InternalError,
    ModelError,
    ModelFault,
)
from agecheck.guidance import LiveCode
from agecheck.seal import codes
from agecheck.seal_state import Wall
from agecheck.verdict import CheckResult, Reason, Verdict

BYTES = range(256)
RESULTS = [
    CheckResult(Verdict.OVER),
    CheckResult(Verdict.UNDER),
    *(CheckResult.inconclusive(reason) for reason in Reason),
]


def test_every_result_comes_through_as_itself() -> None:
    """No two results share a byte."""
    said = [codes.code_of_result(result) for result in RESULTS]
    assert len(set(said)) == len(RESULTS)
    assert [codes.outcome_of_code(code) for code in said] == RESULTS


@pytest.mark.parametrize("fault", ImageFault)
def test_every_image_fault_comes_through_as_itself(fault: ImageFault) -> None:
    """The caller learns what is wrong with the picture as it would without a wall."""
    outcome = codes.outcome_of_code(codes.code_of_error(ImageError(fault)))
    assert isinstance(outcome, ImageError)
    assert outcome.fault is fault


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("17 years"),
        MemoryError(),
        ModelError(ModelFault.RUN, "age-mobilenet"),
        InternalError("words"),
        ValueError(b"pixels"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_other_error_looks_the_same(error: Exception) -> None:
    """What a check raises, and in which words, stays inside."""
    outcome = codes.outcome_of_code(codes.code_of_error(error))
    assert isinstance(outcome, InternalError)
    assert str(outcome) == "the check failed; there is no answer"


def test_the_set_is_closed_and_its_size_is_known() -> None:
    """log2 of this number is what one check can tell; the threat model states it."""
    known = [code for code in BYTES if codes.outcome_of_code(code) is not None]
    assert len(known) == codes.N_OUTCOMES == 2 + len(Reason) + len(ImageFault) + 1
    assert codes.outcome_of_code(0) is None


def test_only_one_byte_means_over() -> None:
    """One flipped bit in any other answer does not make it an OVER by a second door."""
    over = [code for code in BYTES if codes.outcome_of_code(code) == CheckResult(Verdict.OVER)]
    assert over == [codes.code_of_result(CheckResult(Verdict.OVER))]


def test_each_byte_belongs_to_one_kind_of_answer() -> None:
    """A live code is no verdict, and the word about the walls is neither."""
    for code in BYTES:
        kinds = (codes.outcome_of_code(code), codes.live_of_code(code), codes.walls_of_code(code))
        assert sum(kind is not None for kind in kinds) <= 1


@pytest.mark.parametrize("live", LiveCode)
def test_every_live_code_comes_through_as_itself(live: LiveCode) -> None:
    """What the person is told is what the worker meant."""
    assert codes.live_of_code(codes.code_of_live(live)) is live


def test_live_codes_are_few() -> None:
    """Four bits a tick at most."""
    assert len([code for code in BYTES if codes.live_of_code(code) is not None]) == len(LiveCode)
    assert len(LiveCode) <= 16


@given(st.frozensets(st.sampled_from(Wall)))
def test_every_set_of_walls_comes_through_as_itself(standing: frozenset[Wall]) -> None:
    """No wall is reported in another's place."""
    code = codes.code_of_walls(standing)
    assert code in BYTES
    assert codes.walls_of_code(code) == frozenset(standing)


@given(st.integers(0, 255))
def test_a_byte_means_the_same_every_time_and_never_an_error_of_its_own(code: int) -> None:
    """Whatever comes out of a worker can be read: there is no byte that breaks the caller."""
    outcome = codes.outcome_of_code(code)
    assert outcome is None or isinstance(outcome, CheckResult | AgecheckError)
    if isinstance(outcome, CheckResult):
        assert codes.code_of_result(outcome) == code
    if isinstance(outcome, ImageError):
        assert codes.code_of_error(outcome) == code
