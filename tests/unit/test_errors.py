"""Errors say which of a few fixed things went wrong, and survive the way between processes."""

from __future__ import annotations

import copy
import pickle

import pytest

from agecheck.errors import (
    AgecheckError,
    CalibrationError,
    ChallengeError,
    ImageError,
    ImageFault,
    InternalError,
    KeyFileError,
    MissingExtraError,
    ModelError,
    ModelFault,
    PolicyError,
    SealError,
    TokenError,
    TokenFault,
    WorkerError,
    WorkerFault,
)

ERRORS: list[AgecheckError] = [
    *map(ImageError, ImageFault),
    *(ModelError(fault, "age-model") for fault in ModelFault),
    *map(TokenError, TokenFault),
    *map(WorkerError, WorkerFault),
    *(kind("text") for kind in (CalibrationError, ChallengeError, InternalError, KeyFileError)),
    *(kind("text") for kind in (PolicyError, SealError, MissingExtraError)),
]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize("through", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy])  # noqa: S301
def test_an_error_crosses_the_border_of_a_process(error: AgecheckError, through: object) -> None:
    """A batch program with a process pool sees the real fault, and its pool stays whole."""
    twin = through(error)  # type: ignore[operator]
    assert type(twin) is type(error)
    assert str(twin) == str(error)
    assert vars(twin) == vars(error)


def test_an_error_says_its_fault_and_nothing_else() -> None:
    """In words that were written beforehand: neither the message nor an attribute adds a value."""
    told = [error for error in ERRORS if isinstance(error, ImageError | TokenError | WorkerError)]
    assert len(told) == len(ImageFault) + len(TokenFault) + len(WorkerFault)
    for error in told:
        assert (str(error), vars(error)) == (error.fault.value, {"fault": error.fault})


def test_a_model_error_names_the_model_and_the_fault_only() -> None:
    """Which model and what is wrong with it: no path and no value."""
    error = ModelError(ModelFault.DIGEST, "age-model")
    assert str(error) == f"model age-model: {ModelFault.DIGEST.value}"
    assert vars(error) == {"fault": ModelFault.DIGEST, "model_id": "age-model"}
