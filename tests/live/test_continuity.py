"""Continuity: one face, filmed without a break, at times that a camera has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agecheck.liveness.continuity import (
    BURST_FRAMES,
    FROZEN_FRAMES,
    FROZEN_MS,
    MAX_ABSENCE_MS,
    MAX_COMPANY_MS,
    MAX_REPEATS,
    MIN_REPLACED,
    REMEMBERED_FRAMES,
    ContinuityCue,
    jumps_between,
)
from agecheck.liveness.light import MAX_LAG_MS
from agecheck.liveness.reading import FaceReading
from agecheck.ports import Sight
from agecheck.verdict import Reason
from benchmarks.actors import Person
from benchmarks.live_runs import pipeline
from live.readings import FRAME_MS, OTHER_LOOK, at_rest, reading, times

ATTACK = Reason.PRESENTATION_ATTACK
SIZE_PX = (8, 8)


def numbered(number: int) -> np.ndarray:
    """A small frame; those with different numbers differ."""
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[0, 0] = (number % 256, number // 256 % 256, 1)
    return pixels


def watch_bytes(numbers: list[int], step_ms: int = FRAME_MS) -> ContinuityCue:
    """A cue that has seen frames of these numbers."""
    cue = ContinuityCue()
    for index, number in enumerate(numbers):
        cue.is_new(numbered(number), index * step_ms)
    return cue


def watch_faces(readings: list[FaceReading], cue: ContinuityCue | None = None) -> ContinuityCue:
    """A cue that has seen these faces."""
    cue = cue or ContinuityCue()
    for one in readings:
        cue.see(Sight(one.at_ms, SIZE_PX, None, None), one)
    return cue


class TestFrames:
    def test_new_frames_are_new(self) -> None:
        """For longer than is remembered."""
        cue = ContinuityCue()
        for index in range(REMEMBERED_FRAMES + 50):
            assert cue.is_new(numbered(index), index * FRAME_MS)
        assert cue.ended_by is None
        assert len(cue._known) == REMEMBERED_FRAMES

    def test_a_frozen_picture_ends_the_session(self) -> None:
        """But a browser that repeats a frame a few times does not."""
        n = FROZEN_MS // FRAME_MS
        assert watch_bytes([1] * n).ended_by is None
        assert watch_bytes([1] * (n + 1)).ended_by is ATTACK
        assert watch_bytes([1] * (FROZEN_FRAMES - 1), step_ms=400).ended_by is None

    def test_doubled_frames_are_only_left_out(self) -> None:
        """A page that samples at twice the camera's rate."""
        cue = ContinuityCue()
        new = [cue.is_new(numbered(index // 2), index * FRAME_MS) for index in range(100)]
        assert new == [True, False] * 50
        assert cue.ended_by is None

    def test_a_loop_ends_the_session(self) -> None:
        """Forwards, and to and fro."""
        once = list(range(30))
        assert watch_bytes(once + once[: MAX_REPEATS - 1]).ended_by is None
        assert watch_bytes(once + once[:MAX_REPEATS]).ended_by is ATTACK
        assert watch_bytes(once + once[-2::-1][:MAX_REPEATS]).ended_by is ATTACK

    def test_without_a_face_a_repetition_means_nothing(self) -> None:
        """A camera that starts shows black for a while."""
        cue = ContinuityCue()
        for index in range(100):
            cue.is_new(numbered(index % 3 if index > 40 else 0), 50 * index, with_face=False)
        assert cue.ended_by is None

    def test_time_does_not_run_backwards(self) -> None:
        """No camera's does."""
        cue = ContinuityCue()
        assert cue.is_new(numbered(0), 1000)
        assert not cue.is_new(numbered(1), 999)
        assert cue.ended_by is ATTACK

    def test_no_camera_is_so_fast(self) -> None:
        """A few frames may arrive at once; thirty a tenth of a second may not."""
        assert watch_bytes(list(range(BURST_FRAMES)), step_ms=3).ended_by is ATTACK
        assert watch_bytes(list(range(60)), step_ms=8).ended_by is None


class TestPresence:
    def lost_for(self, absence_ms: int, reason: Reason) -> ContinuityCue:
        cue = watch_faces(list(at_rest(20)))
        for at_ms in range(20 * FRAME_MS, 20 * FRAME_MS + absence_ms, FRAME_MS):
            cue.see(Sight(at_ms, SIZE_PX, None, reason), None)
        return cue

    def test_who_leaves_begins_anew(self) -> None:
        """And whoever looks away for a moment does not."""
        assert self.lost_for(MAX_ABSENCE_MS, Reason.NO_FACE).ended_by is None
        assert self.lost_for(MAX_ABSENCE_MS + FRAME_MS, Reason.NO_FACE).ended_by is Reason.NO_FACE

    def test_a_second_face_that_stays_ends_the_session(self) -> None:
        """One that the detector sees for a frame or two does not."""
        reason = Reason.SEVERAL_FACES
        assert self.lost_for(MAX_COMPANY_MS, reason).ended_by is None
        assert self.lost_for(MAX_COMPANY_MS + FRAME_MS, reason).ended_by is reason

    def test_a_pause_in_the_frames_ends_the_session(self) -> None:
        """What was shown in between nobody knows."""
        after = reading(19 * FRAME_MS + MAX_ABSENCE_MS + 1)
        assert watch_faces([*at_rest(20), after]).ended_by is Reason.NO_FACE

    def test_before_a_face_is_followed_nobody_has_left(self) -> None:
        """People walk past a kiosk."""
        cue = watch_faces(list(at_rest(3)))
        cue.see(Sight(5000, SIZE_PX, None, Reason.NO_FACE), None)
        assert cue.ended_by is None


CHANGES: dict[str, dict[str, Any]] = {
    "place": {"centre_px": (480.0, 200.0)},
    "size": {"height_px": 260.0},
    "turn": {"asymmetry": 0.8},
    "exposure": {"skin_rgb": (100.0, 82.0, 70.0)},
    "tint": {"skin_rgb": (180.0, 165.0, 160.0)},
    "look": {"thumbnail": OTHER_LOOK},
}


class TestJumps:
    @pytest.mark.parametrize("name", CHANGES)
    def test_each_measure_jumps_alone(self, name: str) -> None:
        """A test of one is a test of no other."""
        jumps = jumps_between(reading(0), reading(FRAME_MS, **CHANGES[name]))
        assert (jumps.count(is_lit=False), getattr(jumps, name)) == (1, True)

    @pytest.mark.parametrize("name", CHANGES)
    def test_one_jump_is_forgiven(self, name: str) -> None:
        """A camera sets its exposure; a mesh slips for a frame."""
        jumped = reading(20 * FRAME_MS, **CHANGES[name])
        readings = [*at_rest(20), jumped, *at_rest(20, 21 * FRAME_MS)]
        assert watch_faces(readings).ended_by is None

    @pytest.mark.parametrize("name", sorted(set(CHANGES) - {"place"}))
    def test_two_at_once_are_not(self, name: str) -> None:
        """A cut to another picture changes several things."""
        changed = {**CHANGES["place"], **CHANGES[name]}
        jumped = reading(20 * FRAME_MS, **changed)
        assert watch_faces([*at_rest(20), jumped]).ended_by is ATTACK

    @pytest.mark.parametrize("name", sorted(set(CHANGES) - {"place"}))
    def test_under_the_screens_lights_the_skins_colour_says_nothing(self, name: str) -> None:
        """It changes whenever they do, and a face that is found anew moves by a step; whatever else
        jumps with that still tells."""
        jumped = reading(20 * FRAME_MS, **CHANGES["place"] | CHANGES[name])
        is_forgiven = name in ("exposure", "tint")
        for began_ms, ended_by in (
            (15 * FRAME_MS, None if is_forgiven else ATTACK),
            (21 * FRAME_MS, ATTACK),  # not yet
            (20 * FRAME_MS - MAX_LAG_MS - 501, ATTACK),  # no longer
        ):
            cue = ContinuityCue()
            cue.lights_began(began_ms, 500)
            cue.lights_began(0, 60_000)  # a second beginning
            assert watch_faces([*at_rest(20), jumped], cue).ended_by is ended_by

    def test_another_face_in_the_same_place_is_noticed(self) -> None:
        """Nothing but the face has changed; it takes a few frames to be sure."""
        before = list(at_rest(20))
        after = [reading(at_ms, thumbnail=OTHER_LOOK) for at_ms in times(8, 20 * FRAME_MS)]
        assert watch_faces(before + after[: MIN_REPLACED - 1]).ended_by is None
        assert watch_faces(before + after[:MIN_REPLACED]).ended_by is ATTACK

    def test_a_hand_before_the_face_is_no_other_face(self) -> None:
        """Afterwards it is the same one."""
        hand = [reading(at_ms, thumbnail=OTHER_LOOK) for at_ms in times(2, 20 * FRAME_MS)]
        readings = [*at_rest(20), *hand, *at_rest(20, 22 * FRAME_MS)]
        assert watch_faces(readings).ended_by is None

    def test_a_face_that_turns_away_and_back_is_the_same(self) -> None:
        """It looks different on the way."""
        away = [
            replace(reading(at_ms, asymmetry=0.5, nod=0.39), thumbnail=OTHER_LOOK)
            for at_ms in times(10, 21 * FRAME_MS)
        ]
        half = reading(20 * FRAME_MS, asymmetry=0.3)
        back = reading(31 * FRAME_MS, asymmetry=0.3)
        readings = [*at_rest(20), half, *away, back, *at_rest(20, 32 * FRAME_MS)]
        assert watch_faces(readings).ended_by is None


@pytest.mark.parametrize("seed", [2, 5])
def test_a_rendered_person_never_jumps(seed: int) -> None:
    """The limits leave room for people who turn, nod and come closer."""
    from agecheck.adapters.face_tracker import MeshTracker
    from agecheck.guidance import LiveCode
    from agecheck.liveness.reading import read_face

    person, parts = Person(seed), pipeline()
    tracker, last = MeshTracker(parts.detectors, parts.landmarker), None
    asked = {500: LiveCode.TURN_LEFT, 2500: LiveCode.NOD, 4000: LiveCode.COME_CLOSER}
    for at_ms in range(0, 5500, 66):
        for from_ms, code in asked.items():
            if from_ms <= at_ms < from_ms + 66:
                person.hear(code, at_ms)
        sight = tracker.look(person.frame(at_ms), at_ms)
        if sight.mesh is not None:
            now = read_face(sight.mesh, at_ms)
            if last is not None:
                assert jumps_between(last, now).count(is_lit=False) <= 1
            last = now
    assert last is not None
