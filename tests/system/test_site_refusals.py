"""Tokens that the example site does not take, and pages that get nothing from an agent."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser, Page, Route, expect

from agecheck.challenge import Challenge
from agecheck.ports import Evidence
from agecheck.token import AudienceSigner, DeviceKey
from agecheck.web_exchange import agent_form
from relying_party.forging import forge
from system.example_site import Place, visitor


def asked_on(page: Page, place: Place) -> Challenge:
    """The question in the gate's form."""
    page.goto(f"{place.origin}/gate")
    fields = {
        name: page.locator(f"input[name={name}]").get_attribute("value") or ""
        for name in ("audience", "nonce", "age_limit")
    }
    return Challenge(fields["audience"], fields["nonce"], int(fields["age_limit"]))


def hand_in(page: Page, place: Place, token: str) -> None:
    """What a hostile program would do: straight to the callback."""
    page.goto(f"{place.origin}/answer#agecheck={token}")
    page.wait_for_url(lambda url: "/answer" not in url)


def issued(challenge: Challenge, signer: AudienceSigner, *, over: bool = True) -> str:
    """A token as the agent would issue it."""
    evidence = Evidence(
        challenge.age_limit,
        19.0,
        "over-18/challenge-19/attempts-3",
        3,
        "61" * 32,
        "sealed",
        "passive",
        "browser",
    )
    return signer._begin(challenge, evidence)(over)


# Refused


def expired(place: Place, asked: Challenge) -> str:
    key = DeviceKey.load(place.folder / "data" / "device.key")
    return issued(asked, key.signer(place.origin, now=lambda: time.time() - 600))


def anothers(place: Place, asked: Challenge) -> str:
    signer = AudienceSigner("https://other.example", place.device()._private_key)
    return issued(Challenge("https://other.example", asked.nonce, 18), signer)


def tampered(place: Place, asked: Challenge) -> str:
    head, payload, signature = issued(asked, place.device(), over=False).split(".")
    text = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    changed = text.replace(b"false", b"true ")
    return f"{head}.{base64.urlsafe_b64encode(changed).rstrip(b'=').decode()}.{signature}"


def unsigned(place: Place, asked: Challenge) -> str:
    _, payload, _ = issued(asked, place.device()).split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"agecheck+jwt"}').rstrip(b"=").decode()
    return f"{head}.{payload}.AA"


def swapped(place: Place, asked: Challenge) -> str:
    _, payload, _ = issued(asked, place.device()).split(".")
    text = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    return forge(text, key=Ed25519PrivateKey.generate())


def strangers(place: Place, asked: Challenge) -> str:
    return issued(asked, AudienceSigner(place.origin, Ed25519PrivateKey.generate()))


def misdirected(place: Place, asked: Challenge) -> str:
    return issued(Challenge(asked.audience, "n" * 32, asked.age_limit), place.device())


REFUSED: dict[str, Callable[[Place, Challenge], str]] = {
    "EXPIRED": expired,
    "WRONG_AUDIENCE": anothers,
    "BAD_SIGNATURE": tampered,
    "WRONG_ALGORITHM": unsigned,
    "KEY_NOT_ENROLLED": strangers,
    "WRONG_NONCE": misdirected,
}


@pytest.mark.parametrize(("fault", "forged"), [*REFUSED.items(), ("BAD_SIGNATURE", swapped)])
def test_a_bad_token_is_refused_with_its_reason(
    browser: Browser, place: Place, fault: str, forged: Callable[[Place, Challenge], str]
) -> None:
    """The site's log names the fault and nothing else; the visitor reads of another way."""
    with visitor(browser) as page:
        token = forged(place, asked_on(page, place))
        hand_in(page, place, token)
        assert page.url == f"{place.origin}/other-way"
        page.goto(f"{place.origin}/shelf")
        assert page.url == f"{place.origin}/gate"
    assert place.new_lines() == [f"refused: {fault}"]


def test_a_token_is_taken_once(browser: Browser, place: Place) -> None:
    """Again in the same visit, and by somebody else who saw it."""
    with visitor(browser) as page:
        asked = asked_on(page, place)
        token = issued(asked, place.device(), over=False)
        hand_in(page, place, token)
        expect(page.locator("#under")).to_be_visible()
        hand_in(page, place, token)
        assert page.url == f"{place.origin}/other-way"
        with visitor(browser) as other:
            asked_on(other, place)
            hand_in(other, place, token)
            assert other.url == f"{place.origin}/other-way"
    assert place.new_lines() == ["refused: ALREADY_ANSWERED", "refused: WRONG_NONCE"]


def test_the_answer_leaves_no_trace_in_the_address(browser: Browser, place: Place) -> None:
    """Neither the history nor the next page's Referer holds a token."""
    with visitor(browser) as page:
        asked = asked_on(page, place)
        hand_in(page, place, issued(asked, place.device()))
        expect(page.locator("#welcome")).to_be_visible()
        page.go_back()
        assert "agecheck=" not in page.url
    assert place.new_lines() == []


# The agent and pages of others


def test_a_site_on_https_is_known_by_its_origin(browser: Browser, place: Place) -> None:
    """With the referrer policy that the reference asks for, Chromium says who asks; without it, a
    site on HTTPS is nobody to an agent on loopback."""
    shop = "https://shop.example"
    form = agent_form(Challenge(shop, "n" * 32, 18), f"{shop}/answer")
    fields = "".join(f"<input name={name} value='{value}'>" for name, value in form.items())
    body = f"<form method=post action={place.agent}/ask>{fields}<button>Ask</button></form>"
    policies = {"origin": "asks: are you over 18?", "no-referrer": "in the name of another site"}
    for policy, says in policies.items():
        context = browser.new_context()
        page = context.new_page()
        headers = {"Referrer-Policy": policy, "Content-Type": "text/html"}
        page.route(f"{shop}/**", partial(Route.fulfill, body=body, headers=headers))
        page.goto(f"{shop}/gate")
        page.click("button")
        expect(page.locator("h1").first).to_contain_text(says)
        context.close()


TRY_SILENTLY = """async ([agent, form]) => {
  const read = async (options) => {
    try { return (await fetch(`${agent}/ask`, options)).type; } catch { return "blocked"; }
  };
  const socket = (url) => new Promise((resolve) => {
    const one = new WebSocket(url, ["agecheck-agent", "x"]);
    one.onopen = () => resolve("open");
    one.onerror = () => resolve("blocked");
  });
  const frame = document.body.appendChild(document.createElement("iframe"));
  frame.src = agent;
  await new Promise((resolve) => { frame.onload = resolve; setTimeout(resolve, 2000); });
  return [
    await read({ method: "POST", body: new URLSearchParams(form) }),
    await read({}),
    await socket(`${agent.replace("http", "ws")}/ask/x`),
    frame.contentDocument === null ? "hidden" : "readable",
  ];
}"""
SEND_FORM = """([url, form]) => {
  const made = Object.assign(document.createElement("form"), { method: "post", action: url });
  for (const [name, value] of Object.entries(form)) {
    made.append(Object.assign(document.createElement("input"), { name, value }));
  }
  document.body.append(made);
  made.submit();
}"""


def test_a_hostile_page_gets_nothing_from_the_agent(browser: Browser, place: Place) -> None:
    """Fetches, frames, sockets and forms in another's name, from a page on another origin."""
    evil = "https://evil.example"
    form = agent_form(Challenge(place.origin, "n" * 32, 18), f"{place.origin}/answer")
    context = browser.new_context()
    page = context.new_page()
    page.route(f"{evil}/**", lambda route: route.fulfill(body="<p>", content_type="text/html"))
    page.goto(evil)
    tried = page.evaluate(TRY_SILENTLY, [place.agent, form])
    assert tried == ["blocked", "blocked", "blocked", "hidden"]
    page.evaluate(SEND_FORM, [f"{place.agent}/ask", form])
    expect(page.locator("h1")).to_contain_text("in the name of another site")
    assert page.evaluate("window.opener") is None
    context.close()
    assert place.new_lines() == []
