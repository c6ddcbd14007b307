"""All cues of one live session, and what they say together.

Passive: nothing may speak against a living person, and either a blink or a turning head that is no
plane must have been seen. Active: also the script's movements, and its colours on the face.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agecheck.live_script import LiveScript, Step
from agecheck.liveness.blink import BlinkCue
from agecheck.liveness.continuity import ContinuityCue
from agecheck.liveness.flatness import FlatnessCue, Shape
from agecheck.liveness.light import LightAnswer, LightCue
from agecheck.liveness.lit import LitFace
from agecheck.liveness.reading import FaceReading, read_face
from agecheck.liveness.steps import Answer, StepCue
from agecheck.liveness.texture import MIN_PATCH_SIDE_PX, PATCH_SIDE_PX, TextureCue
from agecheck.verdict import Reason

if TYPE_CHECKING:
    from agecheck.ports import RgbFrame, Sight

MIN_WATCH_MS = 2200
"""So long a face is watched before anything is concluded from having seen nothing wrong."""
HINT_AFTER_MS = 1000
"""In passive: whoever has shown no sign of life by then is asked to turn the head."""
TEXTURE_EVERY = 4
THUMBNAIL_SHORT_SIDE = 96
SMOOTHED = 3


class LivenessWatch:
    """The default AttackDetector.

    Args:
        script: what is asked of the person; None for passive.
    """

    def __init__(self, script: LiveScript | None) -> None:
        self._is_active = script is not None
        self._steps = StepCue(script.steps if script else ())
        lights = script.lights if script else ()
        self._lights_ms = sum(light.duration_ms for light in lights)
        self._light = LightCue(lights)
        self._lit = LitFace(self._lights_ms)
        self._continuity = ContinuityCue()
        self._flatness = FlatnessCue()
        self._blinks = BlinkCue()
        self._texture = TextureCue()
        self._recent: deque[FaceReading] = deque(maxlen=SMOOTHED)
        self._watched_ms = self._n_readings = 0
        self._ended_by: Reason | None = None

    @property
    def ended_by(self) -> Reason | None:
        return self._ended_by

    @property
    def life_shown(self) -> bool:
        return self._watched_ms >= MIN_WATCH_MS and self.signs_of_life

    @property
    def signs_of_life(self) -> bool:
        """The same, however short the clip was."""
        if self._ended_by is not None:
            return False
        solid = self._flatness.shape is Shape.SOLID
        if not self._is_active:
            return solid or bool(self._blinks.blinked_at_ms)
        return (
            solid
            and self._steps.answer is Answer.DONE
            and self._light.result is LightAnswer.ANSWERED
        )

    def lights_began(self, at_ms: int) -> None:
        self._light.began(at_ms)
        self._lit.began(at_ms)
        self._continuity.lights_began(at_ms, self._lights_ms)

    def ask(self) -> Step | None:
        if self._is_active:
            return self._steps.ask()
        if self._watched_ms >= HINT_AFTER_MS and not self.life_shown:
            return Step.TURN_LEFT
        return None

    def see(self, frame: RgbFrame, sight: Sight) -> bool:
        if self._ended_by is not None:
            return False
        with_face = sight.mesh is not None
        if not self._continuity.is_new(frame, sight.at_ms, with_face=with_face):
            self._ended_by = self._continuity.ended_by
            return False
        reading = None if sight.mesh is None else read_face(sight.mesh, sight.at_ms)
        is_followed = self._continuity.see(sight, reading)
        self._ended_by = self._continuity.ended_by
        if reading is None or not is_followed:
            return False
        self._watched_ms = sight.at_ms - self._continuity.since_ms
        self._n_readings += 1
        self._recent.append(reading)
        if len(self._recent) == SMOOTHED:
            self._flatness.see(list(self._recent))
        self._blinks.see(reading)
        self._light.see(reading.at_ms, reading.skin_rgb)
        self._steps.see(reading, self._blinks.blinked_at_ms)
        if self._n_readings % TEXTURE_EVERY == 0:
            self._see_texture(frame, reading)
        self._ended_by = self._suspicion()
        if self._ended_by is None and self._is_active:
            self._lit.see(reading)
        return self._ended_by is None

    def showed_life(self, index: int) -> bool:
        return not self._is_active or self._lit.looks_like(index)

    def _suspicion(self) -> Reason | None:
        if (
            self._flatness.shape is Shape.FLAT
            or self._texture.is_suspicious
            or self._steps.answer is Answer.WRONG
            or self._light.result is LightAnswer.WRONG
        ):
            return Reason.PRESENTATION_ATTACK
        if self._steps.answer is Answer.LATE or self._light.result is LightAnswer.UNANSWERED:
            return Reason.LIVENESS_NOT_SHOWN
        return None

    def _see_texture(self, frame: RgbFrame, reading: FaceReading) -> None:
        step = max(1, min(frame.shape[:2]) // THUMBNAIL_SHORT_SIDE)
        thumbnail = frame[::step, ::step, 1].astype(np.float64)
        x, y = reading.centre_px
        unit_px = reading.eye_distance_px
        box_px = (x - 1.3 * unit_px, y - 1.1 * unit_px, x + 1.3 * unit_px, y + 2.0 * unit_px)
        left, top, right, bottom = (round(value / step) for value in box_px)
        self._texture.see(face_patch(frame, reading), thumbnail, (left, top, right, bottom))


def face_patch(frame: RgbFrame, reading: FaceReading) -> NDArray[np.float32] | None:
    """The face's middle at full resolution: float32 (side, side, 3); None when it is too small."""
    x, y = reading.centre_px
    face_px = 2.2 * reading.eye_distance_px
    side = PATCH_SIDE_PX if face_px >= PATCH_SIDE_PX else MIN_PATCH_SIDE_PX
    if face_px < side:
        return None
    left = round(x - side / 2)
    top = round(y + 0.45 * reading.eye_distance_px - side / 2)
    height, width = frame.shape[:2]
    if left < 0 or top < 0 or left + side > width or top + side > height:
        return None
    return frame[top : top + side, left : left + side].astype(np.float32)
