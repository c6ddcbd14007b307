"""Decode, exactly one face, fit to be estimated, then an estimate: in this order, or a reason."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agecheck.errors import ImageError, ImageFault, InternalError, ModelError, ModelFault
from agecheck.estimate import AgeEstimate
from agecheck.pipeline import (
    CHIP_EYE_DISTANCE_PX,
    DETECTION_SHORT_SIDE_PX,
)
from agecheck.policy import EffectivePolicy
from agecheck.ports import DetectedFace
from agecheck.verdict import CheckResult, Reason, Verdict
from unit.checkers import make_checker
from unit.fakes import FakeDetector, FakeEstimator, FakePhoto, Parts, face, mesh

POLICY = EffectivePolicy(18, 25.0, 3)
PART_NAMES = ["reader", "detector", "landmarker", "assessor", "estimator"]
EVENTS = ["open", "decode", "detect", "locate", "assess", "align", "estimate"]


def check(parts: Parts, *, max_sd_years: float = 10.0) -> CheckResult:
    return parts.pipeline().check(b"picture", POLICY, max_sd_years)


@pytest.mark.parametrize(
    ("mean_years", "expected"),
    [
        (40.0, CheckResult(Verdict.OVER)),
        (12.0, CheckResult(Verdict.UNDER)),
        (20.0, CheckResult.inconclusive(Reason.WITHIN_BUFFER)),
        (math.nan, CheckResult.inconclusive(Reason.ESTIMATE_INVALID)),
    ],
)
def test_a_usable_face_gets_the_policys_verdict(mean_years: float, expected: CheckResult) -> None:
    """The estimate decides, and every part is asked once and in order."""
    parts = Parts(mean_years=mean_years)
    assert check(parts) == expected
    assert parts.journal == EVENTS


def test_the_spreads_limit_is_handed_to_the_policy() -> None:
    """An estimate wider than the calibration allows is not decided on."""
    parts = Parts(mean_years=40.0, sd_years=5.0)
    assert check(parts, max_sd_years=5.0).verdict is Verdict.OVER
    assert check(parts, max_sd_years=4.9).reason is Reason.ESTIMATE_UNCERTAIN
    assert check(parts, max_sd_years=math.nan).reason is Reason.ESTIMATE_UNCERTAIN


def test_without_a_face_nothing_is_estimated() -> None:
    """No face is never turned into "use the whole picture"."""
    parts = Parts()
    parts.detector.faces = []
    assert check(parts) == CheckResult.inconclusive(Reason.NO_FACE)
    assert parts.journal == EVENTS[:3]


def test_several_faces_are_not_chosen_from() -> None:
    """With two people in the picture nobody's age is estimated."""
    parts = Parts()
    parts.detector.faces = [face(0, 0, 120), face(130, 0, 110)]
    assert check(parts) == CheckResult.inconclusive(Reason.SEVERAL_FACES)
    assert parts.journal == EVENTS[:3]


def test_a_detection_that_is_no_face_after_all_counts_as_no_face() -> None:
    """The second network's doubt is heeded before any estimate."""
    parts = Parts()
    parts.landmarker.answer = None
    assert check(parts) == CheckResult.inconclusive(Reason.NO_FACE)
    assert parts.journal == EVENTS[:4]


@pytest.mark.parametrize("reason", Reason)
def test_a_quality_fault_comes_before_any_estimate(reason: Reason) -> None:
    """An unfit face is refused with the assessor's own reason, and no network reads its age."""
    parts = Parts()
    parts.assessor.reason = reason
    assert check(parts) == CheckResult.inconclusive(reason)
    assert parts.journal == EVENTS[:5]


@pytest.mark.parametrize("name", PART_NAMES)
@pytest.mark.parametrize(
    "error",
    [
        ImageError(ImageFault.CORRUPT),
        ModelError(ModelFault.RUN, "age"),
        ValueError("unexpected"),
        ZeroDivisionError(),
        MemoryError(),
        StopIteration(),
        KeyError("unexpected"),
    ],
    ids=repr,
)
def test_a_part_that_fails_stops_the_check(name: str, error: Exception) -> None:
    """No error anywhere in the pipeline is swallowed into a verdict."""
    parts = Parts(mean_years=40.0)
    parts.part(name).error = error
    with pytest.raises(type(error)) as caught:
        check(parts)
    assert caught.value is error
    stopped_at = EVENTS.index(parts.journal[-1])
    assert (
        stopped_at
        == {"reader": 0, "detector": 2, "landmarker": 3, "assessor": 4, "estimator": 6}[name]
    )


@pytest.mark.parametrize("broken", [None, False, 0, "", "OVER", True, 40.0], ids=repr)
def test_an_estimator_that_breaks_its_contract_gets_no_verdict(broken: object) -> None:
    """Only an AgeEstimate is decided on; nothing that merely looks true or old is."""
    parts = Parts()

    class Broken(FakeEstimator):
        def estimate(self, face: object) -> AgeEstimate:  # noqa: ARG002
            self.journal.append("estimate")
            return broken  # type: ignore[return-value]

    parts.estimator = Broken(30.0, 3.0, parts.journal)
    with pytest.raises(InternalError):
        make_checker(parts).check(b"picture")
    assert parts.journal == EVENTS


@pytest.mark.parametrize("broken", [False, 0, "", "fine", True], ids=repr)
def test_an_assessor_that_breaks_its_contract_does_not_pass_a_face(broken: object) -> None:
    """Only None means fit: a falsy answer is not taken for it."""
    parts = Parts()
    parts.assessor.reason = broken  # type: ignore[assignment]
    with pytest.raises(InternalError):
        make_checker(parts).check(b"picture")
    assert parts.journal == EVENTS[:5]


def test_detection_asks_for_no_more_pixels_than_a_detector_can_use() -> None:
    """A large photo is decoded small first; that is where the time goes."""
    parts = Parts()
    check(parts)
    assert parts.photo.asked_px == [DETECTION_SHORT_SIDE_PX]


# --- decoding again at a finer scale ---


def _with_photo(height_px: int, width_px: int, seen: DetectedFace) -> Parts:
    parts = Parts()
    parts.photo = FakePhoto(height_px, width_px, parts.journal)
    parts.reader.photo = parts.photo
    parts.detector.faces = [seen]
    return parts


def test_a_small_face_in_a_large_photo_is_decoded_again() -> None:
    """The age networks get the pixels that the photo has, not a blurred enlargement."""
    # At 1/8 the photo is 900 x 600 and the eyes are 16 px apart; at 1/2 they are 64 px apart.
    parts = _with_photo(7200, 4800, face(80, 100, 40))
    assert check(parts).verdict is Verdict.OVER
    assert parts.journal == ["open", "decode", "detect", "decode", *EVENTS[3:]]
    ((size_px, moved),) = parts.landmarker.asked
    assert size_px == (3600, 2400)
    assert parts.estimator.shown_sizes_px == [size_px]
    assert parts.assessor.shown_sizes_px == [size_px]
    assert moved.box_px == (320, 400, 480, 560)
    assert moved.keypoints_px == face(320, 400, 160).keypoints_px
    assert moved.score == 0.9


def test_a_photo_is_decoded_finely_once_however_many_faces_are_refused() -> None:
    """A picture in which each detector finds something smaller costs no more than another."""
    looks = [face(80, 100, width_px) for width_px in (40, 60, 35)]
    parts = _with_photo(7200, 4800, looks[0])
    parts.landmarker.answer = None
    others = [FakeDetector([seen], parts.journal) for seen in looks[1:]]
    pipeline = replace(parts.pipeline(), detectors=[parts.detector, *others])
    assert pipeline.check(b"picture", POLICY, 10.0).reason is Reason.NO_FACE
    assert parts.journal.count("decode") == 2
    assert [size_px for size_px, _ in parts.landmarker.asked] == [(3600, 2400)] * 3
    for seen, (_, moved) in zip(looks, parts.landmarker.asked, strict=True):
        assert moved.keypoints_px == tuple((4 * x, 4 * y) for x, y in seen.keypoints_px)


def test_a_face_that_is_large_enough_is_not_decoded_again() -> None:
    """A second decode costs time and would bring nothing."""
    seen = face(20, 20, CHIP_EYE_DISTANCE_PX / 0.4)
    parts = _with_photo(7200, 4800, seen)
    check(parts)
    assert parts.journal.count("decode") == 1
    assert parts.landmarker.asked == [((900, 600), seen)]


def test_a_photo_that_has_no_more_pixels_is_used_as_it_is() -> None:
    """A small photo of a small face reaches the assessor, which says that it is too small."""
    seen = face(80, 100, 40)
    parts = _with_photo(300, 200, seen)
    check(parts)
    assert parts.landmarker.asked == [((300, 200), seen)]


def test_eyes_in_one_point_ask_for_a_bounded_decode() -> None:
    """A degenerate detection does not divide by zero, and asks for no endless picture."""
    parts = _with_photo(7200, 4800, face(80, 100, 40, eye_distance_share=0.0))
    check(parts)
    asked_px = parts.photo.asked_px[-1]
    assert asked_px is not None
    assert asked_px <= 600 * CHIP_EYE_DISTANCE_PX


@given(
    st.integers(200, 6000),
    st.integers(200, 6000),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0.02, 0.5),
)
def test_the_second_decode_keeps_the_face_in_its_place(
    height_px: int, width_px: int, x_share: float, y_share: float, size_share: float
) -> None:
    """Whatever the scale, the box covers the same share of the picture before and after."""
    first = FakePhoto(height_px, width_px, []).decode(DETECTION_SHORT_SIDE_PX)
    small_width_px, small_height_px = first.size
    seen = face(
        x_share * small_width_px,
        y_share * small_height_px,
        size_share * min(small_height_px, small_width_px),
    )
    parts = _with_photo(height_px, width_px, seen)
    check(parts)
    (((seen_height_px, seen_width_px), moved),) = parts.landmarker.asked
    for axis, (before_px, after_px) in enumerate(
        [(small_width_px, seen_width_px), (small_height_px, seen_height_px)]
    ):
        points = [*seen.keypoints_px, seen.box_px[:2], seen.box_px[2:]]
        moved_points = [*moved.keypoints_px, moved.box_px[:2], moved.box_px[2:]]
        for point, moved_point in zip(points, moved_points, strict=True):
            share = point[axis] / before_px
            assert moved_point[axis] / after_px == pytest.approx(share, abs=1e-9)


@given(st.integers(400, 6000), st.integers(400, 6000), st.floats(0.05, 0.5))
def test_the_second_decode_shows_the_eyes_as_far_apart_as_the_photo_can(
    height_px: int, width_px: int, size_share: float
) -> None:
    """After it the eyes are far enough apart for the sharpest chip, or the photo is at its end."""
    first = FakePhoto(height_px, width_px, []).decode(DETECTION_SHORT_SIDE_PX)
    parts = _with_photo(height_px, width_px, face(0, 0, size_share * min(first.size)))
    check(parts)
    ((size_px, moved),) = parts.landmarker.asked
    eye_distance_px = math.dist(*moved.keypoints_px[:2])
    at_full_size = size_px == (height_px, width_px)
    assert at_full_size or eye_distance_px >= CHIP_EYE_DISTANCE_PX * 0.99


def test_nothing_internal_is_shown_by_printing() -> None:
    """Boxes and meshes do not reach a log through repr."""
    assert repr(face(1, 2, 3)) == "<DetectedFace>"
    assert repr(mesh()) == "<FaceMesh>"
    assert "box" not in repr([face(1, 2, 3)])
