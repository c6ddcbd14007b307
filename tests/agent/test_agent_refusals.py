"""A running agent: who is turned away, and that nobody else learns anything."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from agent.programs import (
    FORM,
    NONCE,
    SHOP,
    TOP_LEVEL,
    Agent,
    running,
)


@pytest.fixture(scope="module")
def besieged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """One agent for all who are turned away; it writes nothing, and remembers nothing."""
    with running(tmp_path_factory.mktemp("agent")) as started:
        yield started
    assert (started.folder / "errors").read_text() == ""
    assert not (started.folder / "asked").exists()


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
