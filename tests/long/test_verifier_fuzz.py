"""A slice of the verifiers' fuzz; `python -m long.verifier_fuzz` runs them by the million."""

from __future__ import annotations

import random

import pytest

from long.budget import SEED, LongRun
from long.verifier_fuzz import FORMATS, Subject, fuzz

PER_CASE = 100


@pytest.mark.long_share("verifiers")
def test_damaged_tokens_in_every_format(long_run: LongRun) -> None:
    """Nothing is taken that may not be, and nothing is raised that is no refusal."""
    subjects = [Subject(name) for name in (*FORMATS, "site")]
    for _ in long_run.cases():
        chance = random.Random(f"{SEED} {long_run.count}")  # noqa: S311
        for subject in subjects:
            long_run.outcomes += fuzz(subject, chance, PER_CASE)
    assert long_run.outcomes["BAD_CLAIMS"] > 0
    assert long_run.outcomes["BAD_SIGNATURE"] > 0
