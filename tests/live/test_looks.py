"""Looks: a face that was put in another's place is unlike what was seen in poses near to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from agecheck.liveness.looks import POSE_TURN, Looks
from agecheck.liveness.reading import FaceReading
from live.readings import LOOK, OTHER_LOOK, reading


def posed(poses: float, *, other: bool = False) -> FaceReading:
    """A face turned by so many poses."""
    return reading(0, thumbnail=OTHER_LOOK if other else LOOK, asymmetry=poses * POSE_TURN)


def seen(readings: Sequence[FaceReading]) -> Looks:
    looks = Looks()
    for one in readings:
        looks.add(one)
    return looks


@pytest.mark.parametrize("poses", [0.0, 0.6, 1.9, -1.9])
def test_another_face_near_a_known_pose_is_told(poses: float) -> None:
    """In a pose that is not quite the same, too: no two faces are held alike."""
    looks = seen([posed(0.0)])
    assert looks.is_other(posed(poses, other=True)) is True
    assert looks.is_other(posed(poses)) is False


def test_far_from_all_known_poses_nothing_is_said() -> None:
    """A turned head looks unlike itself."""
    assert seen([posed(0.0)]).is_other(posed(2.2, other=True)) is None


def test_what_turns_slowly_into_another_is_unlike_its_first_looks() -> None:
    """Its last look, which has joined them, does not vouch for it."""
    looks = seen([posed(-1.0), posed(0.0), posed(1.0, other=True)])
    assert looks.is_other(posed(0.6, other=True)) is True


def test_a_look_with_a_hand_before_it_accuses_nobody() -> None:
    """One odd look among those near by."""
    looks = seen([posed(-1.0), posed(0.0), posed(1.0, other=True)])
    assert looks.is_other(posed(0.4)) is False


def test_memory_is_bounded() -> None:
    """However much somebody turns."""
    looks = seen([posed(float(poses)) for poses in np.arange(-60, 60)])
    assert looks.is_familiar(posed(0.0))
    assert looks.is_other(posed(59.0, other=True)) is None
