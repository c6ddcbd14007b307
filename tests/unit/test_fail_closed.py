"""What is broken, unforeseen or merely similar ends in a typed error, never in an answer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from agecheck.checker import AgeChecker, Attestation
from agecheck.errors import ChallengeError, InternalError, PolicyError
from agecheck.policy import EffectivePolicy
from agecheck.seal_state import OPEN
from agecheck.verdict import Reason, Verdict
from agecheck.vision import age
from agecheck.vision.blazeface import SHORT_RANGE, Letterbox
from unit.checkers import AUDIENCE, DIGEST, POLICY, make_checker
from unit.fakes import FakeSigner, Parts
from unit.test_blazeface import NetworkOutput, keypoints


@pytest.mark.parametrize("verdict", [Verdict.OVER, Verdict.UNDER])
def test_an_attestation_has_no_truth_value(verdict: Verdict) -> None:
    """`if checker.attest(...):` would let every answer pass as OVER."""
    with pytest.raises(TypeError, match="no truth value"):
        bool(Attestation(verdict, None, "token"))


@pytest.mark.parametrize(
    ("verdict", "reason", "token"),
    [
        (Verdict.INCONCLUSIVE, Reason.NO_FACE, "token"),
        (Verdict.INCONCLUSIVE, None, None),
        (Verdict.OVER, None, None),
        (Verdict.UNDER, Reason.NO_FACE, "token"),
    ],
)
def test_an_attestation_cannot_contradict_itself(
    verdict: Verdict, reason: Reason | None, token: str | None
) -> None:
    """There is a token exactly for an answer, and a reason exactly without one."""
    with pytest.raises(ValueError, match="INCONCLUSIVE"):
        Attestation(verdict, reason, token)


class LooseChallenge:
    """Has a challenge's attributes, but went through none of its checks."""

    audience, nonce, age_limit = AUDIENCE, "", 18


def test_something_like_a_challenge_is_refused() -> None:
    """Only a Challenge has had its audience and nonce checked."""
    parts = Parts()
    signer = FakeSigner(AUDIENCE, parts.journal)
    with pytest.raises(ChallengeError):
        make_checker(parts).attest(b"picture", LooseChallenge(), signer)  # type: ignore[arg-type]
    assert parts.journal == []


@pytest.mark.parametrize("name", ["reader", "detector", "landmarker", "assessor", "estimator"])
def test_an_unforeseen_error_is_replaced_by_a_typed_one(name: str) -> None:
    """Its message, its context and the frames that held the picture are not handed on."""
    parts = Parts()
    parts.part(name).error = ValueError("31.4 years")
    with pytest.raises(InternalError) as caught:
        make_checker(parts).check(b"picture")
    error = caught.value
    assert (error.__context__, error.__cause__) == (None, None)
    assert "31.4" not in str(error)
    assert all("fakes" not in str(entry.path) for entry in caught.traceback)


def test_a_run_that_breaks_its_contract_is_a_typed_error() -> None:
    """A caller never sees something else in a result's place."""
    checker = AgeChecker(
        lambda image: "OVER",  # type: ignore[arg-type, return-value]  # noqa: ARG005
        POLICY,
        bundle_digest=DIGEST,
        seal=OPEN,
    )
    with pytest.raises(InternalError):
        checker.check(b"picture")


@pytest.mark.parametrize(
    "arguments",
    [(-5, 1.0, 3), (0, 1.0, 3), (17.5, 18.0, 3), (True, 1.5, 3), (18, 25.0, 0), (18, 25.0, -1)],
    ids=repr,
)
def test_an_effective_policy_is_checked_like_any_other(arguments: tuple[Any, Any, Any]) -> None:
    """The way around AgePolicy leads to no gate that AgePolicy would refuse."""
    with pytest.raises(PolicyError):
        EffectivePolicy(*arguments)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", range(16))
def test_a_box_or_keypoint_at_no_place_is_no_face(bad: float, place: int) -> None:
    """One broken anchor hides no other face, and its NaN upsets no comparison of sizes."""
    output = NetworkOutput(SHORT_RANGE, Letterbox(1.0, 0, 0))
    box_px = (20.0, 20.0, 60.0, 60.0)
    output.add(3, box_px, keypoints(0, box_px), 0.8)
    output.add(4, box_px, keypoints(0, box_px), 0.9)
    output.regressors[4, place] = bad
    (found,) = output.faces()
    assert found.box_px == pytest.approx(box_px, abs=1e-3)


@pytest.mark.parametrize("size_px", [(0.0, 0.0), (0.0, 40.0), (-40.0, 40.0), (-40.0, -40.0)])
def test_a_box_without_an_inside_is_no_face(size_px: tuple[float, float]) -> None:
    """A box turned inside out would turn the face upside down in the next crop."""
    width_px, height_px = size_px
    box_px = (60.0, 60.0, 60.0 + width_px, 60.0 + height_px)
    output = NetworkOutput(SHORT_RANGE, Letterbox(1.0, 0, 0))
    output.add(3, box_px, keypoints(0, box_px), 0.9)
    assert output.faces() == []


def test_a_plausible_network_output_is_estimated() -> None:
    """The check for nonsense refuses no ordinary answer, at either end."""
    for years in (0, 16, 80):
        probabilities = np.eye(100, dtype=np.float32)[years]
        vector = age.features(probabilities, np.array([years, years], dtype=np.float32))
        assert np.isfinite(vector).all()
