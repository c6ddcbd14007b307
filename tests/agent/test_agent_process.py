"""A running agent: what it answers, and when."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from agecheck.token import DeviceKey, verify_token
from agecheck.web_exchange import KeyKind
from agent.programs import (
    FORM,
    NONCE,
    SHOP,
    TOP_LEVEL,
    Agent,
    grey_frame,
    play,
    portrait_frames,
    running,
    sent_back,
    until,
)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    """An agent of the test's own: attempts and questions are counted for the whole of one."""
    with running(tmp_path) as started:
        yield started
    assert (tmp_path / "errors").read_text() == ""


def test_a_person_is_told_who_asks_and_answers_over(agent: Agent) -> None:
    """The whole way on a real face: page, consent, frames, a token by the site's own key."""
    page = agent.ask()
    assert f"{SHOP}</span> asks: are you over 18?" in page.text
    with agent.visit(page) as socket:
        said = play(socket, portrait_frames())
    assert said["answered"] == "over"
    answer = sent_back(said)
    assert answer.public_jwk is None
    assert answer.token is not None
    signer = DeviceKey.load(agent.folder / "device.key").signer(SHOP)
    verified = verify_token(
        answer.token,
        audience=SHOP,
        nonce=NONCE,
        public_jwk=signer.public_jwk(),
        now_s=time.time(),
        age_limit=18,
    )
    assert (verified.over, verified.input, verified.seal) == (True, "browser", "sealed")
    assert verified.liveness == "none"  # what ran, whatever a site would like
    again = httpx.get(agent.origin + page.path, headers=TOP_LEVEL)
    assert again.status_code == 404
    kept = json.loads((agent.folder / "asked").read_text())["asked"]
    assert kept == {signer.key_id: [18, int(time.time() // 86400)]}
    assert (agent.folder / "asked").stat().st_mode & 0o777 == 0o600


def test_under_is_an_answer_and_ends_the_attempts(agent: Agent) -> None:
    """A face below the limit; and who was under does not try again, on this site or another."""
    with agent.visit(agent.ask(age_limit=60)) as socket:
        said = play(socket, portrait_frames())
    assert said["answered"] == "under"
    page = agent.ask("https://other.example", 60)
    assert "enough attempts" in page.text
    with agent.visit(page) as socket:
        socket.send("agree")
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.5)


def test_a_fresh_key_is_sent_along_and_used_once(agent: Agent) -> None:
    """For a site that pins no key: two answers to it have nothing in common."""
    keys = []
    for _ in range(2):
        with agent.visit(agent.ask(key=KeyKind.FRESH)) as socket:
            answer = sent_back(play(socket, portrait_frames()))
        assert answer.token is not None
        assert answer.public_jwk is not None
        keys.append(answer.public_jwk["x"])
        verify_token(
            answer.token,
            audience=SHOP,
            nonce=NONCE,
            public_jwk=answer.public_jwk,
            now_s=time.time(),
            age_limit=18,
        )
    assert keys[0] != keys[1]


def test_declined_and_stopped_are_one_answer_at_one_moment(agent: Agent) -> None:
    """Whether the camera ran or not: the same address, as long after the question."""
    ends = []
    for uses_camera in (False, True):
        asked_s = time.monotonic()
        with agent.visit(agent.ask()) as socket:
            if uses_camera:
                socket.send("agree")
                until(socket, "camera")
                socket.send(grey_frame())
                until(socket, "prompt")
                socket.send("stop")
                assert until(socket, "nothing")["nothing"] == "You stopped it."
            socket.send("decline")
            assert 0 < until(socket, "hold_ms")["hold_ms"] <= 20_000
            ends.append((socket.recv(timeout=30), round(time.monotonic() - asked_s)))
    assert ends == [(f'{{"go":"{SHOP}/answer#agecheck=no_token"}}', 20)] * 2


def test_a_second_age_is_not_answered_to_the_same_site(agent: Agent) -> None:
    """A site that asks 18 and then 25 would learn more than it was allowed; another site may."""
    with agent.visit(agent.ask()) as socket:
        play(socket, portrait_frames())
    blocked = agent.ask(age_limit=25)
    assert "another age" in blocked.text
    with agent.visit(blocked) as socket:
        socket.send("agree")
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.5)
    assert "another age" not in agent.ask("https://other.example", 25).text


def test_an_unknown_age_is_not_answered(agent: Agent) -> None:
    """A limit that nobody set this device up for."""
    assert "not set up" in agent.ask(age_limit=21).text


def test_only_a_few_questions_a_minute(agent: Agent) -> None:
    """A page that floods the agent gets a refusal, and so does the next one."""
    statuses = [agent.post(FORM, Origin=SHOP).status_code for _ in range(8)]
    assert statuses == [303] * 6 + [429] * 2


def test_nothing_begins_before_the_click(agent: Agent) -> None:
    """Frames before consent are dropped, and stray words do nothing."""
    with agent.visit(agent.ask()) as socket:
        for stray in (portrait_frames()[0], "stop", "lights", "no-camera", "nonsense", "x" * 999):
            socket.send(stray)
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.5)
    assert not (agent.folder / "asked").exists()


def test_no_camera_can_be_tried_again(agent: Agent) -> None:
    """Without a camera no attempt is used up, and nothing is sent."""
    with agent.visit(agent.ask()) as socket:
        for _ in range(4):
            socket.send("agree")
            until(socket, "camera")
            socket.send("no-camera")
            said = until(socket, "nothing")
            assert said == {"nothing": "No picture came from a camera.", "may_retry": True}


def test_one_page_at_a_time(agent: Agent) -> None:
    """A second page does not get at the camera session of the first."""
    first, second = agent.ask(), agent.ask("https://other.example")
    with agent.visit(first), agent.visit(second) as socket:
        assert json.loads(socket.recv(timeout=5)) == {"busy": True}
    time.sleep(0.3)
    with agent.visit(second) as socket, pytest.raises(TimeoutError):
        socket.recv(timeout=0.5)
