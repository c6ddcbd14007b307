"""Which face is meant, and which of several detectors is believed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agecheck.pipeline import COMPARABLE_FACE_SHARE, FoundFace, find_face, select_face
from agecheck.ports import DetectedFace, FaceMesh
from agecheck.verdict import Reason
from unit.fakes import FakeDetector, Journal, face, mesh

FRAME = np.zeros((40, 30, 3), dtype=np.uint8)
RIGHT = face(100, 100, 15)
WRONG = face(95, 95, 20)
"""Where RIGHT is, but too wide and off its centre."""


@given(
    st.floats(1, 1e4),
    st.lists(st.floats(0, COMPARABLE_FACE_SHARE, exclude_max=True), max_size=5),
    st.randoms(),
)
def test_small_faces_in_the_background_do_not_count(
    width_px: float, shares: list[float], random: object
) -> None:
    """People far behind do not stop a check, in whichever order they were found."""
    meant = face(0, 0, width_px)
    faces = [meant, *(face(500, 0, width_px * share * 0.999) for share in shares)]
    random.shuffle(faces)  # type: ignore[attr-defined]
    assert select_face(faces) is meant


@given(st.floats(1, 1e4), st.floats(COMPARABLE_FACE_SHARE * 1.001, 1.0))
def test_a_comparable_second_face_stops_the_check(width_px: float, share: float) -> None:
    """From half the width on, either face may be the one that is meant."""
    faces = [face(0, 0, width_px), face(500, 0, width_px * share)]
    for order in itertools.permutations(faces):
        assert select_face(order) is Reason.SEVERAL_FACES


def test_exactly_half_the_width_is_comparable() -> None:
    """The boundary itself falls on the cautious side."""
    assert select_face([face(0, 0, 100), face(500, 0, 50)]) is Reason.SEVERAL_FACES
    assert select_face([face(0, 0, 100), face(500, 0, 49)]) != Reason.SEVERAL_FACES


def test_no_faces_are_no_face() -> None:
    """An empty detection has a reason of its own."""
    assert select_face([]) is Reason.NO_FACE
    assert select_face(()) is Reason.NO_FACE


@dataclass
class Landmarker:
    """Finds a mesh on one face only."""

    on: DetectedFace

    def locate(self, frame: object, face: DetectedFace) -> FaceMesh | None:  # noqa: ARG002
        return mesh() if face is self.on else None


def found_among(*looks: Sequence[DetectedFace]) -> tuple[object, int]:
    """What is found when each detector sees what one look holds, and how many were asked."""
    journal: Journal = []
    detectors = [FakeDetector(faces, journal) for faces in looks]
    return find_face(detectors, Landmarker(RIGHT), FRAME), len(journal)


@pytest.mark.parametrize("first", [[], [WRONG]], ids=["nothing", "no face"])
def test_the_next_detector_is_asked_where_the_first_has_no_face(
    first: Sequence[DetectedFace],
) -> None:
    """A far face was lost when the quick detector took something else for one."""
    found, n_asked = found_among(first, [RIGHT])
    assert isinstance(found, FoundFace)
    assert found.face is RIGHT
    assert n_asked == 2


def test_nobody_is_asked_who_need_not_be() -> None:
    """The others cost time, and nearly every selfie is found by the first."""
    assert found_among([RIGHT], [WRONG])[1] == 1


def test_what_no_mesh_lies_on_is_no_face() -> None:
    """However many detectors fire on it."""
    assert found_among([WRONG], [], [WRONG]) == (Reason.NO_FACE, 3)
    assert found_among() == (Reason.NO_FACE, 0)


@pytest.mark.parametrize(
    ("refused", "is_another"),
    [
        (face(0, 0, 20), True),  # elsewhere: somebody turned away, and RIGHT stands behind
        (face(0, 0, 7.5), True),  # from half the width on
        (face(0, 0, 7), False),  # a passer-by
        (face(85, 85, 40), True),  # around RIGHT, and more than twice as wide
        (face(92, 92, 30), False),  # around it and at most twice as wide: the same one, misplaced
    ],
)
def test_a_refused_face_may_be_the_one_that_is_meant(
    refused: DetectedFace, is_another: bool
) -> None:
    """An adult behind a minor whose face is half covered must not answer for the minor."""
    expected = Reason.SEVERAL_FACES if is_another else RIGHT
    for looks in ([[refused], [RIGHT]], [[refused], [], [WRONG], [RIGHT]]):
        found, n_asked = found_among(*looks)
        assert (found.face if isinstance(found, FoundFace) else found) == expected
        assert n_asked == len(looks)


def test_nobody_in_a_refused_look_is_forgotten() -> None:
    """Beside the widest there may be one that is comparable only with who is found later."""
    far = face(0, 0, 10)
    assert found_among([face(90, 90, 29), far], [RIGHT])[0] is Reason.SEVERAL_FACES


@pytest.mark.parametrize("first", [[], [WRONG]])
def test_several_faces_stop_whoever_sees_them(first: Sequence[DetectedFace]) -> None:
    """No later detector is asked until one sees a single face."""
    two = [face(0, 0, 20), face(22, 0, 20)]
    assert found_among(first, two, [RIGHT]) == (Reason.SEVERAL_FACES, 2)


def test_a_finer_frame_is_asked_for_each_face_and_handed_on() -> None:
    """Mesh and chips come from the frame in which the face was looked for."""
    finer = np.zeros((80, 60, 3), dtype=np.uint8)
    asked: list[DetectedFace] = []

    def sharpen(seen: DetectedFace) -> tuple[np.ndarray, DetectedFace]:
        asked.append(seen)
        return finer, seen

    detectors = [FakeDetector(faces, []) for faces in ([WRONG], [RIGHT])]
    found = find_face(detectors, Landmarker(RIGHT), FRAME, sharpen)
    assert isinstance(found, FoundFace)
    assert found.frame is finer
    assert asked == [WRONG, RIGHT]
    assert repr(found) == "<FoundFace>"
