"""Levels of liveness in the policy, and the tracker that a session looks through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest

from agecheck import AgePolicy, EffectivePolicy
from agecheck.adapters.face_tracker import DETECT_EVERY_MS, MeshTracker
from agecheck.bootstrap import build_session
from agecheck.errors import ChallengeError, PolicyError
from agecheck.live_script import Light, LiveScript, Step
from agecheck.policy import LIVENESS_LEVELS, Liveness
from agecheck.ports import DetectedFace, FaceDetector
from agecheck.token.claims import LIVENESS
from agecheck.verdict import Reason
from agecheck.vision import facemesh
from benchmarks.actors import Person
from benchmarks.live_runs import pipeline
from unit.fakes import face

if TYPE_CHECKING:
    from agecheck.ports import Picture

STEP_MS = 40


class Counting:
    """The real detector, and when it was asked; a second face can be put beside what it finds."""

    def __init__(self, inner: FaceDetector) -> None:
        self._inner, self.n_asked, self.company = inner, 0, False

    def detect(self, frame: Picture) -> Sequence[DetectedFace]:
        self.n_asked += 1
        found = list(self._inner.detect(frame))
        return [*found, face(0, 0, 150)] if self.company else found


@pytest.fixture
def detector() -> Counting:
    return Counting(pipeline().detectors[0])


@pytest.fixture
def tracker(detector: Counting) -> MeshTracker:
    return MeshTracker([detector], pipeline().landmarker)


class TestPolicy:
    def test_the_levels_are_those_of_the_token(self) -> None:
        """A level that a token cannot state would be of no use."""
        assert set(LIVENESS_LEVELS) == LIVENESS

    @pytest.mark.parametrize("level", LIVENESS_LEVELS)
    def test_a_level_is_kept_and_changes_no_policy_id(self, level: Liveness) -> None:
        """The token has a claim of its own for it."""
        effective = AgePolicy(challenge_age=25, liveness=level).resolve({})
        assert effective == EffectivePolicy(18, 25.0, 3, level)
        assert effective.policy_id == EffectivePolicy(18, 25.0, 3).policy_id

    @pytest.mark.parametrize("level", ["", "PASSIVE", "some", None, 1])
    def test_another_level_is_refused(self, level: object) -> None:
        """Nobody gets none who mistyped active."""
        with pytest.raises(PolicyError, match="none, passive, active"):
            AgePolicy(liveness=level)  # type: ignore[arg-type]
        with pytest.raises(PolicyError):
            EffectivePolicy(18, 25.0, 3, level)  # type: ignore[arg-type]


class TestTracker:
    def test_the_whole_frame_is_searched_at_intervals(
        self, tracker: MeshTracker, detector: Counting
    ) -> None:
        """Between, a face costs one network."""
        person = Person(1)
        for at_ms in range(0, 2000, STEP_MS):
            assert tracker.look(person.frame(at_ms), at_ms).mesh is not None
        assert detector.n_asked <= 2000 / DETECT_EVERY_MS + 1

    def test_a_second_face_is_noticed_within_the_interval(
        self, tracker: MeshTracker, detector: Counting
    ) -> None:
        """Also while the first one is followed well."""
        person, noticed_at_ms = Person(1), None
        for at_ms in range(0, 1000, STEP_MS):
            detector.company = at_ms >= 400
            sight = tracker.look(person.frame(at_ms), at_ms)
            if sight.reason is Reason.SEVERAL_FACES:
                noticed_at_ms = at_ms
                break
        assert noticed_at_ms is not None
        assert 400 <= noticed_at_ms <= 400 + DETECT_EVERY_MS + STEP_MS

    def test_a_followed_mesh_is_a_detected_one(self, tracker: MeshTracker) -> None:
        """Following moves no landmark by more than the network's own noise."""
        person, parts = Person(1), pipeline()
        off_by = []
        for at_ms in range(0, 1500, STEP_MS):
            frame = person.frame(at_ms)
            followed = tracker.look(frame, at_ms).mesh
            detected = parts.landmarker.locate(frame, parts.detectors[0].detect(frame)[0])
            assert followed is not None
            assert detected is not None
            distance_px = np.hypot(*(followed.points_px - detected.points_px)[:, :2].T).mean()
            off_by.append(distance_px / facemesh.inter_eye_distance_px(detected.points_px))
        assert np.median(off_by) < 0.02
        assert max(off_by) < 0.05

    def test_a_face_that_leaves_is_not_followed_on(self, tracker: MeshTracker) -> None:
        """Where it was, there is a wall."""
        person = Person(1)
        for at_ms in range(0, 400, STEP_MS):
            tracker.look(person.frame(at_ms), at_ms)
        wall = np.full((480, 640, 3), 120, np.uint8)
        sight = tracker.look(wall, 400)
        assert (sight.mesh, sight.reason) == (None, Reason.NO_FACE)


@pytest.mark.parametrize(
    "script",
    [
        LiveScript(),
        LiveScript(steps=(Step.NOD,)),
        LiveScript(lights=(Light(255, 0, 0, 350), Light(0, 0, 255, 350))),
    ],
    ids=["nothing", "no colours", "no movements"],
)
def test_an_active_session_asks_for_something(script: LiveScript) -> None:
    """Nothing asked for would count as all of it done."""
    policy = EffectivePolicy(18, 25.0, 3, "active")
    with pytest.raises(ChallengeError):
        build_session(pipeline(), policy, 10.0, script.to_bytes())
