"""A running agent: what it answers, and what it does not do whoever asks."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from agecheck.challenge import Challenge
from agecheck.token import DeviceKey, verify_token
from agecheck.web_exchange import KeyKind, agent_form
from agent.programs import (
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

FORM = agent_form(Challenge(SHOP, NONCE, 18), f"{SHOP}/answer")


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    """An agent of the test's own: attempts and questions are counted for the whole of one."""
    with running(tmp_path) as started:
        yield started
    assert (tmp_path / "errors").read_text() == ""


@pytest.fixture(scope="module")
def besieged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """One agent for all who are turned away; it writes nothing, and remembers nothing."""
    with running(tmp_path_factory.mktemp("agent")) as started:
        yield started
    assert (started.folder / "errors").read_text() == ""
    assert not (started.folder / "asked").exists()


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


# Turned away


def test_a_page_cannot_ask_in_anothers_name(besieged: Agent) -> None:
    """The browser says whose page sends the form; nothing else counts."""
    for origin in ("https://evil.example", "null", "https://shop.example:8443", f"{SHOP}/"):
        answer = besieged.post(FORM, Origin=origin)
        assert answer.status_code == 403
        assert "in the name of another site" in answer.text
    assert besieged.post(FORM).status_code == 403


@pytest.mark.parametrize(
    "callback",
    [
        "https://evil.example/answer",
        "https://shop.example.evil.example/answer",
        "https://shop.example@evil.example/answer",
        "https://shop.example:8443/answer",
        "http://shop.example/answer",
        "https://shop.example",
        "https://shop.example/answer#already",
        "https://shop.example/a\\b",
        "https://shop.example/" + "a" * 500,
        "javascript:alert(1)",
        "//shop.example/answer",
    ],
)
def test_an_answer_goes_to_the_asker_alone(besieged: Agent, callback: str) -> None:
    """No other host, port or scheme, however it is spelled."""
    answer = besieged.post(FORM | {"callback": callback}, Origin=SHOP)
    assert answer.status_code == 403
    assert "another site" in answer.text


@pytest.mark.parametrize(
    "changed",
    [
        {"audience": "shop.example"},
        {"nonce": "short"},
        {"age_limit": "018"},
        {"age_limit": "81"},
        {"age_limit": "18.5"},
        {"key": "stolen"},
        {"extra": "field"},
        {"nonce": "n" * 5000},
        {"nonce": "\u00fc" * 20},
    ],
)
def test_a_malformed_question_is_refused(besieged: Agent, changed: dict[str, str]) -> None:
    """Whatever it is, there is a page that says so, and it repeats nothing."""
    answer = besieged.post(FORM | changed, Origin=SHOP)
    assert answer.status_code == 400
    assert "nnnnn" not in answer.text


def test_a_form_is_one_form(besieged: Agent) -> None:
    """A second field of the same name, another encoding and a missing field are refused."""
    url, headers = f"{besieged.origin}/ask", {**TOP_LEVEL, "Origin": SHOP}
    kind = "application/x-www-form-urlencoded"
    twice = str(httpx.QueryParams([*FORM.items(), ("nonce", NONCE)]))
    bodies = [(twice, kind), (json.dumps(FORM), "application/json"), ("", kind), ("a=1", kind)]
    for body, content_type in bodies:
        sent = {**headers, "Content-Type": content_type}
        assert httpx.post(url, content=body, headers=sent).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "object"},
    ],
)
def test_what_is_not_a_tab_of_its_own_is_refused(besieged: Agent, headers: dict[str, str]) -> None:
    """A hostile page cannot ask silently: no fetch, no frame, no browser that does not say."""
    answer = httpx.post(f"{besieged.origin}/ask", data=FORM, headers={**headers, "Origin": SHOP})
    assert answer.status_code == 403
    assert httpx.get(f"{besieged.origin}/", headers=headers).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "evil.example", "127.0.0.1", "127.0.0.1.nip.io"])
def test_another_name_is_refused(besieged: Agent, host: str) -> None:
    """DNS rebinding brings its own name along."""
    headers = {**TOP_LEVEL, "Host": f"{host}:{besieged.port}" if host != "127.0.0.1" else host}
    for path in ("/", "/agent.js", "/ask/x"):
        assert httpx.get(besieged.origin + path, headers=headers).status_code == 403


def test_no_answer_can_be_read_by_another_page(besieged: Agent) -> None:
    """No CORS header on anything, preflight included; nobody frames it, keeps it or opens it."""
    url = f"{besieged.origin}/ask"
    asked = {"Origin": SHOP, "Access-Control-Request-Method": "POST"}
    answers = [
        httpx.options(url, headers=asked),
        httpx.options(url, headers={**asked, **TOP_LEVEL}),
        httpx.get(f"{besieged.origin}/agent.js", headers={"Sec-Fetch-Site": "cross-site"}),
        besieged.post(FORM, Origin="https://evil.example"),
        httpx.get(f"{besieged.origin}/", headers=TOP_LEVEL),
    ]
    assert [answer.status_code for answer in answers] == [403, 405, 403, 403, 200]
    for answer in answers:
        assert not [name for name in answer.headers if name.startswith("access-control")]
    policy = answers[-1].headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answers[-1].headers["cross-origin-opener-policy"] == "same-origin"
    assert answers[-1].headers["cache-control"] == "no-store"
    assert "server" not in answers[-1].headers


def test_the_conversation_needs_the_pages_secret(besieged: Agent) -> None:
    """Who knows the address but has not read the page gets no further, nor another page."""
    page = besieged.ask()
    for changed in (
        {"secret": "x" * 32},
        {"origin": SHOP},
        {"origin": f"http://localhost:{besieged.port}"},
    ):
        with pytest.raises(InvalidStatus) as refused, besieged.visit(page, **changed):
            pass
        assert refused.value.response.status_code == 403


def test_what_a_site_sends_is_text_on_the_page(besieged: Agent) -> None:
    """The page shows the origin and the age, and both have a form that cannot be markup."""
    form = FORM | {"audience": "https://<script>alert(1)</script>"}
    assert besieged.post(form, Origin=form["audience"]).status_code == 400
