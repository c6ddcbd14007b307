"""Steps: the movements that were asked for, in their order and in time."""

from __future__ import annotations

from itertools import permutations

import pytest

from agecheck.live_script import Step
from agecheck.liveness.steps import (
    CLOSER_RATIO,
    MAX_ANSWER_MS,
    MIN_REACTION_MS,
    NOD_CHANGE,
    TURN_CHANGE,
    WRONG_TURN_CHANGE,
    Answer,
    StepCue,
)
from live.readings import FRAME_MS, reading

HEIGHT_PX = 190.0
MOVES = {
    Step.TURN_LEFT: {"asymmetry": TURN_CHANGE + 0.1},
    Step.TURN_RIGHT: {"asymmetry": -TURN_CHANGE - 0.1},
    Step.NOD: {"nod": 0.39 + NOD_CHANGE + 0.01},
    Step.COME_CLOSER: {"height_px": HEIGHT_PX * (CLOSER_RATIO + 0.02)},
}


class Face:
    """A face in front of a cue: it moves, and time passes."""

    def __init__(self, *steps: Step) -> None:
        self.cue, self.now_ms, self.blinks_ms = StepCue(steps), 0, list[int]()
        self.height_px = HEIGHT_PX
        self.rest()

    def show(self, n: int = 1, **changed: float) -> None:
        for _ in range(n):
            self.now_ms += FRAME_MS
            shown = {"height_px": self.height_px, **changed}
            self.cue.see(reading(self.now_ms, **shown), self.blinks_ms)  # type: ignore[arg-type]

    def rest(self, n: int = 10) -> None:
        self.show(n)

    def do(self, step: Step) -> None:
        if step is Step.BLINK:
            self.show(4, eye_opening=0.2)
            self.blinks_ms.append(self.now_ms)
            self.show()
        else:
            self.show(5, **MOVES[step])
        if step is Step.COME_CLOSER:
            self.height_px = MOVES[step]["height_px"]


@pytest.mark.parametrize(
    "steps", [s for s in permutations(Step, 3) if Step.COME_CLOSER not in s[1:]], ids=str
)
def test_the_right_steps_in_the_right_order_are_done(steps: tuple[Step, ...]) -> None:
    """Each is asked for when the one before is done and the head is back at rest."""
    face = Face(*steps)
    for step in steps:
        assert face.cue.answer is Answer.PENDING
        assert face.cue.ask() is step
        face.rest(5)
        assert face.cue.ask() is step
        face.do(step)
        face.rest()
    assert face.cue.answer is Answer.DONE
    assert face.cue.ask() is None


@pytest.mark.parametrize(
    ("asked", "done"),
    [
        (Step.TURN_LEFT, Step.TURN_RIGHT),
        (Step.TURN_RIGHT, Step.TURN_LEFT),
        (Step.NOD, Step.TURN_LEFT),
        (Step.BLINK, Step.TURN_RIGHT),
        (Step.COME_CLOSER, Step.TURN_LEFT),
    ],
)
def test_another_turn_than_the_one_asked_for_is_wrong(asked: Step, done: Step) -> None:
    """A recording does what was asked for in another session."""
    face = Face(asked, Step.BLINK if asked is not Step.BLINK else Step.NOD)
    assert face.cue.ask() is asked
    face.rest(5)
    face.do(done)
    assert face.cue.answer is Answer.WRONG


def test_a_small_turn_to_the_other_side_is_forgiven() -> None:
    """People swing out before they turn."""
    face = Face(Step.TURN_LEFT)
    face.cue.ask()
    face.show(3, asymmetry=-WRONG_TURN_CHANGE + 0.02)
    face.rest(5)
    face.do(Step.TURN_LEFT)
    assert face.cue.answer is Answer.DONE


def test_an_answer_that_comes_before_it_can_is_wrong() -> None:
    """Nobody turns within a tenth of a second of being asked."""
    face = Face(Step.TURN_LEFT)
    face.cue.ask()
    face.show(2, asymmetry=0.5)
    assert 2 * FRAME_MS < MIN_REACTION_MS
    assert face.cue.answer is Answer.WRONG


def test_who_does_nothing_is_late() -> None:
    """A photograph can be held for ever."""
    face = Face(Step.TURN_LEFT)
    face.cue.ask()
    answers = []
    for n in (MAX_ANSWER_MS // FRAME_MS, 1):
        face.rest(n)
        answers.append(face.cue.answer)
    assert answers == [Answer.PENDING, Answer.LATE]


def test_nothing_counts_that_was_done_before_it_was_asked_for() -> None:
    """Blinks and turns on the way are nobody's answer."""
    face = Face(Step.BLINK)
    face.do(Step.BLINK)
    face.rest()
    assert face.cue.ask() is Step.BLINK
    face.rest(5)
    assert face.cue.answer is Answer.PENDING


def test_a_blink_that_was_under_way_is_neither_an_answer_nor_wrong() -> None:
    """People blink every few seconds, so that some lids are down at the moment of asking."""
    face = Face(Step.BLINK)
    face.cue.ask()
    face.blinks_ms.append(face.now_ms + MIN_REACTION_MS - 1)
    face.rest()
    answers = [face.cue.answer]
    face.do(Step.BLINK)
    assert [*answers, face.cue.answer] == [Answer.PENDING, Answer.DONE]


def test_a_moving_head_is_asked_for_nothing() -> None:
    """It has no pose to be judged against."""
    face = Face(Step.TURN_LEFT)
    face.show(5, asymmetry=0.3)
    assert face.cue.ask() is None
    face.rest()
    assert face.cue.ask() is Step.TURN_LEFT


def test_after_a_turn_the_head_has_to_come_back() -> None:
    """Otherwise the next turn would start from the side, and end in the middle."""
    face = Face(Step.TURN_LEFT, Step.TURN_RIGHT)
    face.cue.ask()
    face.rest(5)
    face.do(Step.TURN_LEFT)
    face.show(20, asymmetry=0.4)
    assert face.cue.ask() is None


def test_one_frame_is_no_movement() -> None:
    """A mesh slips now and then, to either side."""
    face = Face(Step.TURN_LEFT)
    face.cue.ask()
    face.rest(5)
    face.show(1, asymmetry=0.6)
    face.rest(3)
    face.show(1, asymmetry=-0.6)
    face.rest(3)
    assert face.cue.answer is Answer.PENDING


def test_without_steps_it_is_done() -> None:
    """Passive asks for nothing."""
    assert StepCue(()).answer is Answer.DONE
