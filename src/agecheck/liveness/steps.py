"""Were the movements made that were asked for, in their order and in time?

Each movement is judged against the pose that the person had when it was asked for, and the next one
is asked for only when the head is back at rest.

Stops: a recorded video, which does other things or does them at other times. Does not stop: a
puppet that is rendered while it is asked; against that stand the lights.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from enum import Enum
from statistics import median

from agecheck.live_script import Step
from agecheck.liveness.reading import FaceReading

MIN_REST_READINGS = 6
MIN_REACTION_MS = 150
"""People take 200 ms and more to act on what they read."""
MAX_ANSWER_MS = 6000
TURN_CHANGE = 0.28
"""Of asymmetry: a turn by about 15 degrees. No tilt of a photograph reaches half of it."""
WRONG_TURN_CHANGE = 0.34
NOD_CHANGE = 0.055
CLOSER_RATIO, WRONG_CLOSER_RATIO = 1.20, 1.35
REST_TURN, REST_NOD = 0.14, 0.04
N_AGREEING = 2
"""Readings in a row that must show a movement."""


class Answer(Enum):
    """How far the script is."""

    PENDING = "pending"
    DONE = "done"
    WRONG = "wrong"
    LATE = "late"


class StepCue:
    """Asks for the script's steps one after the other, and checks each."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = tuple(steps)
        self._n_done = 0
        self._recent: deque[FaceReading] = deque(maxlen=MIN_REST_READINGS)
        self._rest: tuple[float, float, float] | None = None  # asymmetry, nod, height_px
        self._first_rest: tuple[float, float, float] | None = None
        self._asked_at_ms: int | None = None
        self._n_right = self._n_wrong = 0
        self.answer = Answer.PENDING if steps else Answer.DONE

    def ask(self) -> Step | None:
        """The step to ask for now, if the head is at rest or the step was asked for already."""
        if self.answer is not Answer.PENDING:
            return None
        if self._asked_at_ms is None:
            rest = self._pose_at_rest()
            if rest is None:
                return None
            self._rest, self._asked_at_ms = rest, self._recent[-1].at_ms
            self._first_rest = self._first_rest or rest
            self._n_right = self._n_wrong = 0
        return self._steps[self._n_done]

    def see(self, reading: FaceReading, blinked_at_ms: Sequence[int]) -> None:
        """Take in one reading, and when blinks ended so far."""
        self._recent.append(reading)
        if self._asked_at_ms is None or self._rest is None or self.answer is not Answer.PENDING:
            return
        step, since_ms = self._steps[self._n_done], reading.at_ms - self._asked_at_ms
        turn = reading.asymmetry - self._rest[0]
        nod = abs(reading.nod - self._rest[1])
        closer = reading.height_px / max(self._rest[2], 1.0)
        earliest_ms = self._asked_at_ms + MIN_REACTION_MS  # sooner, it was under way already
        blinked = any(at_ms >= earliest_ms for at_ms in blinked_at_ms)
        right = {
            Step.TURN_LEFT: turn >= TURN_CHANGE,
            Step.TURN_RIGHT: turn <= -TURN_CHANGE,
            Step.NOD: nod >= NOD_CHANGE and abs(turn) < TURN_CHANGE,
            Step.COME_CLOSER: closer >= CLOSER_RATIO,
            Step.BLINK: blinked,
        }[step]
        wrong = {
            Step.TURN_LEFT: turn <= -WRONG_TURN_CHANGE,
            Step.TURN_RIGHT: turn >= WRONG_TURN_CHANGE,
        }.get(step, abs(turn) >= WRONG_TURN_CHANGE)
        wrong = wrong or (step is not Step.COME_CLOSER and closer >= WRONG_CLOSER_RATIO)
        self._n_right = self._n_right + 1 if right else 0
        self._n_wrong = self._n_wrong + 1 if wrong else 0
        if self._n_wrong >= N_AGREEING:
            self.answer = Answer.WRONG
        elif self._n_right >= (1 if step is Step.BLINK else N_AGREEING):
            if since_ms < MIN_REACTION_MS:
                self.answer = Answer.WRONG
                return
            self._n_done += 1
            self._asked_at_ms = None
            self._recent.clear()
            if self._n_done == len(self._steps):
                self.answer = Answer.DONE
        elif since_ms > MAX_ANSWER_MS:
            self.answer = Answer.LATE

    def _pose_at_rest(self) -> tuple[float, float, float] | None:
        if len(self._recent) < MIN_REST_READINGS:
            return None
        turns = [reading.asymmetry for reading in self._recent]
        nods = [reading.nod for reading in self._recent]
        heights_px = [reading.height_px for reading in self._recent]
        calm = (
            max(turns) - min(turns) <= REST_TURN
            and max(nods) - min(nods) <= REST_NOD
            and math.log(max(heights_px) / max(min(heights_px), 1.0)) <= 0.08
        )
        pose = (median(turns), median(nods), median(heights_px))
        first = self._first_rest
        is_back = first is None or (
            abs(pose[0] - first[0]) <= REST_TURN and abs(pose[1] - first[1]) <= REST_NOD
        )
        return pose if calm and is_back else None
