"""A visit with a scripted session: every way to no token looks the same from outside."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from agecheck.agent import session, visit
from agecheck.agent.asked_ages import AskedAges
from agecheck.agent.desk import Desk
from agecheck.agent.questions import Pending
from agecheck.agent.visit import Visit, Word, seconds_to_hold
from agecheck.challenge import Challenge
from agecheck.errors import WorkerError, WorkerFault
from agecheck.guidance import LiveCode
from agecheck.live_page import frames
from agecheck.live_script import Light
from agecheck.policy import AgePolicy, EffectivePolicy
from agecheck.seal_state import OPEN, SealState
from agecheck.token import DeviceKey
from agecheck.verdict import CheckResult, Reason, Verdict
from agecheck.web_exchange import KeyKind, Question, read_answer

SHOP = "https://shop.example"
FRAME = (64).to_bytes(2, "little") * 2 + bytes(64 * 64 * 3)
TO_NOTHING: list[CheckResult | Exception] = [
    *map(CheckResult.inconclusive, Reason),
    WorkerError(WorkerFault.DIED),
    RuntimeError("27 years"),
]


class Session:
    """A live session that ends at its first tick, as it is told."""

    lights: Sequence[Light] = ()

    def __init__(self, ending: CheckResult | Exception) -> None:
        self._ending, self.is_done = ending, False

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.is_done = True

    def lights_began(self, at_ms: int) -> None: ...

    def show(self, frame: object, at_ms: int) -> bool:  # noqa: ARG002
        assert isinstance(frame, np.ndarray)
        return True

    def tick(self) -> LiveCode:
        self.is_done = True
        return LiveCode.DONE

    def finish(self) -> CheckResult:
        if isinstance(self._ending, Exception):
            raise self._ending
        return self._ending


class ScriptedChecker:
    """A checker whose sessions end as they are told."""

    policy = EffectivePolicy(18, 25.0, 3, "passive")
    seal: SealState = OPEN
    bundle_digest = "61" * 32

    def __init__(self, ending: CheckResult | Exception) -> None:
        self._ending = ending

    def live_session(self) -> Session:
        return Session(self._ending)

    def close(self) -> None: ...


def desk_with(folder: Path, ending: CheckResult | Exception) -> Desk:
    """A desk with a real key and a real file."""
    key = DeviceKey._from_root(b"\x01" * 32)
    asked = AskedAges(folder / "asked", time.time)
    return Desk(key, {18: AgePolicy(18)}, asked, lambda _policy: ScriptedChecker(ending))


@pytest.fixture(autouse=True)
def _hasten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holds nobody for 20 seconds."""
    monkeypatch.setattr(visit, "NO_TOKEN_EVERY_S", 0.8)
    monkeypatch.setattr(session, "RELEASE_QUANTUM_MS", 0)
    monkeypatch.setattr(frames, "TICK_S", 0.15)


def visited(desk: Desk, words: Sequence[str]) -> list[dict[str, Any]]:
    """All that the page is told when a person touches this, with a camera that works."""
    said: list[dict[str, Any]] = []

    async def walk() -> None:
        async def say(message: dict[str, Any]) -> None:
            said.append(message)

        question = Question(Challenge(SHOP, "n" * 32, 18), f"{SHOP}/answer", KeyKind.ENROLLED)
        visiting = Visit(desk, Pending(question, time.monotonic(), desk.block(question)), say)
        for word in words:
            await visiting.hear(word)
            for _ in range(200):
                await visiting.see(FRAME)
                await asyncio.sleep(0.01)
                if said and {"nothing", "go"} & said[-1].keys():
                    break
        await visiting.left()

    asyncio.run(walk())
    return [message for message in said if "more" not in message]


@pytest.mark.parametrize("ending", TO_NOTHING, ids=repr)
def test_whatever_came_to_nothing_goes_back_the_same(
    tmp_path: Path, ending: CheckResult | Exception
) -> None:
    """The person reads the reason; the site gets one answer, which a decline gets, too."""
    said = visited(desk_with(tmp_path, ending), [Word.AGREE, Word.DECLINE])
    (told,) = [message for message in said if "nothing" in message]
    if isinstance(ending, CheckResult):
        assert ending.reason is not None
        assert told["nothing"] == ending.reason.explanation
    else:
        assert told["nothing"] == "Something went wrong on this device."
    declined = visited(desk_with(tmp_path, ending), [Word.DECLINE])
    assert said[-1] == declined[-1] == {"go": f"{SHOP}/answer#agecheck=no_token"}


def test_no_token_goes_at_whole_multiples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every 20 seconds after the question came, and never at once."""
    monkeypatch.setattr(visit, "NO_TOKEN_EVERY_S", 20.0)
    assert [seconds_to_hold(100.0, now_s) for now_s in (100.0, 103.5, 119.0, 120.0, 141.0)] == [
        20.0,
        16.5,
        1.0,
        20.0,
        19.0,
    ]


@pytest.mark.parametrize("verdict", [Verdict.OVER, Verdict.UNDER])
def test_over_and_under_are_sent_at_once(tmp_path: Path, verdict: Verdict) -> None:
    """The two that are answers; nothing else on the way says which it will be."""
    said = visited(desk_with(tmp_path, CheckResult(verdict)), [Word.AGREE])
    assert said[-1]["answered"] == verdict.value.lower()
    assert read_answer(said[-1]["go"].partition("#")[2]).token is not None
    assert [list(message) for message in said[:-1]] == [
        ["prompt"],
        ["camera"],
        ["lights"],
        ["prompt"],
    ]


def test_attempts_are_counted_across_questions(tmp_path: Path) -> None:
    """Three inconclusive tries, whoever asks; then there is a pause, and the camera stays off."""
    desk = desk_with(tmp_path, CheckResult.inconclusive(Reason.NO_FACE))
    for turn in (1, 2, 3):
        said = visited(desk, [Word.AGREE])
        assert said[-1]["may_retry"] is (turn < 3)
    assert visited(desk, [Word.AGREE, Word.DECLINE])[-1]["go"].endswith("#agecheck=no_token")


def test_an_age_is_judged_once(tmp_path: Path) -> None:
    """Of several estimates the most favourable must not count: the pause comes at once."""
    desk = desk_with(tmp_path, CheckResult.inconclusive(Reason.WITHIN_BUFFER))
    assert visited(desk, [Word.AGREE])[-1]["may_retry"] is False


def test_a_file_that_cannot_be_written_answers_nothing(tmp_path: Path) -> None:
    """Without a memory of the ages that were asked about there is no answer, and no camera."""
    desk = desk_with(tmp_path / "missing", CheckResult(Verdict.OVER))
    said = visited(desk, [Word.AGREE])
    assert said[-1]["nothing"] == "Something went wrong on this device."
    assert not [message for message in said if "camera" in message]


def test_a_page_that_has_gone_gets_nothing(tmp_path: Path) -> None:
    """Closed while it waits: nothing is sent later."""
    desk, said = desk_with(tmp_path, CheckResult(Verdict.OVER)), []

    async def walk() -> None:
        async def say(message: dict[str, Any]) -> None:
            said.append(message)

        question = Question(Challenge(SHOP, "n" * 32, 18), f"{SHOP}/answer", KeyKind.ENROLLED)
        visiting = Visit(desk, Pending(question, time.monotonic(), None), say)
        await visiting.hear(Word.DECLINE)
        await asyncio.sleep(0.1)
        await visiting.left()
        await asyncio.sleep(1.0)

    asyncio.run(walk())
    assert [list(message) for message in said] == [["hold_ms"]]


@pytest.mark.parametrize("way", ["stop", "no-camera", "decline", "left"])
@pytest.mark.parametrize("verdict", [Verdict.OVER, Verdict.UNDER])
def test_whoever_stops_while_the_answer_is_made_sends_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verdict: Verdict, way: str
) -> None:
    """Stop is on the screen until the answer goes, and means none until then."""
    desk, said = desk_with(tmp_path, CheckResult(verdict)), list[dict[str, Any]]()
    is_ending = threading.Event()

    def finish(_session: Session) -> CheckResult:
        is_ending.set()
        time.sleep(0.3)
        return CheckResult(verdict)

    monkeypatch.setattr(Session, "finish", finish)

    async def walk() -> None:
        async def say(message: dict[str, Any]) -> None:
            said.append(message)

        question = Question(Challenge(SHOP, "n" * 32, 18), f"{SHOP}/answer", KeyKind.ENROLLED)
        visiting = Visit(desk, Pending(question, time.monotonic(), None), say)
        await visiting.hear(Word.AGREE)
        while not is_ending.is_set():
            await visiting.see(FRAME)
            await asyncio.sleep(0.01)
        await (visiting.left() if way == "left" else visiting.hear(way))
        await asyncio.sleep(1.2)
        assert visiting.is_done is (way == "decline")

    asyncio.run(walk())
    last = [message for message in said if "more" not in message][-1]
    if way == "decline":
        assert last == {"go": f"{SHOP}/answer#agecheck=no_token"}
    elif way != "left":
        may_retry = verdict is Verdict.OVER  # an age that was judged UNDER is not judged again
        assert last == {"nothing": "You stopped it.", "may_retry": may_retry}
    assert not [message for message in said if "answered" in message]


@pytest.mark.parametrize("text", ["", "Agree", "agree ", "over", "x" * 40])
def test_only_known_words_are_heard(tmp_path: Path, text: str) -> None:
    """No word says what the verdict is, and none but one opens the camera."""
    assert visited(desk_with(tmp_path, CheckResult(Verdict.OVER)), [text]) == []


def test_a_mistake_is_told_and_answers_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person is not left waiting before the camera, and reads nothing of what went wrong."""

    def bind(_desk: Desk, _question: Question) -> NoReturn:
        raise ZeroDivisionError("27 years")

    monkeypatch.setattr(Desk, "bind", bind)
    said = visited(desk_with(tmp_path, CheckResult(Verdict.OVER)), [Word.AGREE])
    assert said[-1] == {"nothing": "Something went wrong on this device.", "may_retry": True}
