"""Pictures drawn at random, through the whole check: a result or an ImageError, nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from agecheck import AgeChecker, AgePolicy, ImageError, ImageSource, Verdict, load_checker
from long.budget import LongRun
from long.damage import damaged
from long.pictures import CAT, encoded_portraits, framed, opened, without_a_face
from unit.picture_makers import PORTRAIT, encode

MAX_CAT_SHARE = 0.01
"""Measured: 3 of 1,900. Nothing here tells a cat from a person but the face detector."""
CHANCE_CATS = 2  # in a short run one cat is already more than a hundredth


def outcome(checker: AgeChecker, picture: ImageSource) -> str:
    """What a caller sees; any other exception fails the test."""
    try:
        result = checker.check(picture)
    except ImageError as error:
        return f"ImageError {error.fault.name}"
    return str(result.reason or result.verdict)


# Pillow warns of odd metadata; as an error the warning would hide what comes after it.
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.long_share("damaged bytes")
def test_damaged_bytes(long_run: LongRun) -> None:
    """No bytes bring out another exception, or keep a core busy for long."""
    pictures = encoded_portraits()
    # Coarse encodings of the portrait read as about 25; here they have to be clear of the gate.
    with load_checker(AgePolicy(age_limit=18, challenge_age=22)) as checker:
        assert {outcome(checker, picture) for picture in pictures} == {"OVER"}
        for rng in long_run.cases():
            long_run.outcomes[outcome(checker, damaged(rng, pictures))] += 1


@pytest.mark.long_share("framings")
def test_framings(checker: AgeChecker, long_run: LongRun) -> None:
    """However a face is taken there is one result, the same for pixels and for a file of them."""
    assert outcome(checker, opened(PORTRAIT)) == str(Verdict.OVER)
    for rng in long_run.cases():
        picture = framed(rng, opened(PORTRAIT))
        found = outcome(checker, np.asarray(picture))
        long_run.outcomes[found] += 1
        assert not found.startswith("ImageError")
        assert outcome(checker, encode(picture, "PNG", compress_level=1)) == found


@pytest.mark.long_share("no face")
def test_pictures_without_a_face(checker: AgeChecker, long_run: LongRun) -> None:
    """Nobody is nobody: noise, patterns, shapes, pieces and surroundings have no verdict."""
    for rng in long_run.cases():
        found = outcome(checker, without_a_face(rng))
        long_run.outcomes[found] += 1
        assert found not in {str(Verdict.OVER), str(Verdict.UNDER)}


@pytest.mark.long_share("cats")
def test_a_cat_hardly_ever_passes(checker: AgeChecker, long_run: LongRun) -> None:
    """BlazeFace takes a cat from close by for a face now and then; that stays below a hundredth."""
    for rng in long_run.cases():
        found = outcome(checker, np.asarray(framed(rng, opened(CAT))))
        long_run.outcomes[found] += 1
    passed = long_run.outcomes[str(Verdict.OVER)]
    assert passed <= CHANCE_CATS + MAX_CAT_SHARE * long_run.count
