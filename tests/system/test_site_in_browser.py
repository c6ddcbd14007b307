"""The example site and its agent in a real browser: every way in, and every way to stay outside."""

from __future__ import annotations

import base64
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import httpx
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from agecheck.challenge import Challenge
from agecheck.ports import Evidence
from agecheck.token import AudienceSigner, DeviceKey, verify_token
from agecheck.web_exchange import agent_form, read_answer
from benchmarks.clips import Look, Pose, render
from examples.sites import free_port
from relying_party.forging import forge
from system.playing import chromium, jpeg
from system.test_kiosk_in_browser import CAMERA as PLAYER
from system.test_kiosk_in_browser import pictures as played

ROOT = Path(__file__).parents[2]
CAMERA = (Path(__file__).parent / "site_camera.js").read_text("utf-8")
START_S = 90.0
CHECK_MS, HELD_MS = 60_000, 45_000
DESK_PX, PHONE_PX = (1280, 800), (390, 844)


@dataclass
class Place:
    """A running site with its agent."""

    origin: str
    agent: str
    folder: Path
    read_lines: int = 0

    def new_lines(self) -> list[str]:
        """What the two wrote since the last call."""
        time.sleep(0.2)
        lines = (self.folder / "log").read_text().splitlines()
        self.read_lines, before = len(lines), self.read_lines
        return lines[before:]

    def device(self) -> AudienceSigner:
        """The enrolled one."""
        return DeviceKey.load(self.folder / "data" / "device.key").signer(self.origin)


@contextmanager
def running(folder: Path, age: str) -> Iterator[Place]:
    """By the one command, as the README has it."""
    port, agent_port = free_port(), free_port()
    place = Place(f"http://localhost:{port}", f"http://127.0.0.1:{agent_port}", folder)
    typed = [sys.executable, "examples/site/run.py", "--data", str(folder / "data")]
    typed += ["--age", age, "--port", str(port), "--agent-port", str(agent_port)]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(  # noqa: S603
            typed,
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path))),
        ) as process,
    ):
        try:
            end_s = time.monotonic() + START_S
            while not all(map(_answers, (place.origin, place.agent))):
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < end_s
                time.sleep(0.2)
            place.new_lines()
            yield place
        finally:
            process.terminate()
            assert process.wait(30) == 0
            assert not _answers(place.agent)  # one command starts both, and ends both


def _answers(origin: str) -> bool:
    try:
        httpx.get(origin, timeout=5)
    except httpx.TransportError:
        return False
    return True


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all tests here."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Over 18, from an estimate of 19 on: the person in the sample portrait is."""
    with running(tmp_path_factory.mktemp("site"), "18=19") as started:
        yield started


@pytest.fixture(scope="module")
def strict_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Over 60: the person in the sample portrait is not."""
    with running(tmp_path_factory.mktemp("strict"), "60=61") as started:
        yield started


@cache
def pictures() -> dict[str, list[str]]:
    """A head at rest, and a blink."""
    look, rng = Look(), np.random.default_rng(3)
    swing = [min(1.0, 1.5 * math.sin(math.pi * i / 18)) for i in range(1, 18, 3)]
    return {
        "REST": [jpeg(render(look, Pose(), rng)) for _ in range(4)],
        "BLINK": [jpeg(render(look, Pose(closed=closed), rng)) for closed in swing],
    }


@contextmanager
def visitor(
    browser: Browser, behaviour: str = "person", size_px: tuple[int, int] = DESK_PX
) -> Iterator[Page]:
    """A browser of its own, whose camera behaves so; nothing may go to its console."""
    context: BrowserContext = browser.new_context(
        viewport={"width": size_px[0], "height": size_px[1]}
    )
    page, said = context.new_page(), list[str]()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    given = {"behaviour": behaviour, "pictures": pictures()}
    page.add_init_script(f"window.cameraGiven = {json.dumps(given)};\n{CAMERA}")
    try:
        yield page
    except Exception as error:
        error.add_note(f"on the page: {page.locator('main').inner_text()}")
        raise
    finally:
        context.close()
    assert said == []


def go_to_agent(page: Page, place: Place) -> None:
    """From the front page through the gate to the agent's page."""
    page.goto(place.origin)
    page.click("text=To the shelf for adults")
    page.click("#ask")
    expect(page.locator("#consent")).to_be_visible()
    assert page.url.startswith(f"{place.agent}/ask/")


def agree(page: Page) -> None:
    """The button is there for use only after a moment."""
    page.click("#consent [data-say=agree]", timeout=5000)


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


# The ways through


def test_over_comes_in_and_a_passkey_serves_later(browser: Browser, place: Place) -> None:
    """A face, once; then a passkey on a second visit, with no camera and no agent."""
    with visitor(browser) as page:
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        session.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal",
                    "hasResidentKey": True,
                    "hasUserVerification": True,
                    "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )
        go_to_agent(page, place)
        assert place.origin in page.locator("#consent h1").inner_text()
        agree(page)
        expect(page.locator("#answered")).to_be_visible(timeout=CHECK_MS)
        expect(page.locator("#welcome")).to_be_visible(timeout=10_000)
        assert page.url == f"{place.origin}/shelf"
        page.click("#keep-passkey")
        expect(page.locator("#passkey-said")).to_contain_text("Kept")

        page.context.clear_cookies()  # another day
        page.goto(f"{place.origin}/shelf")
        assert page.url == f"{place.origin}/gate"
        page.click("#use-passkey")
        expect(page.locator("#welcome")).to_be_visible(timeout=10_000)
        assert page.evaluate("window.cameraOpened") is None
        assert page.locator("#offer").count() == 0
    assert place.new_lines() == []


def test_a_strangers_passkey_opens_nothing(browser: Browser, place: Place) -> None:
    """No passkey of this site on the device: the gate stays shut, and says so kindly."""
    with visitor(browser) as page:
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable", {"enableUI": False})
        page.goto(f"{place.origin}/gate")
        page.evaluate(
            "Object.defineProperty(navigator.credentials, 'get', { value: () => "
            "Promise.reject(new DOMException('none', 'NotAllowedError')) })"
        )
        page.click("#use-passkey")
        expect(page.locator("#passkey-said")).to_contain_text("did not work")
        refused = page.request.post(
            f"{place.origin}/passkey/use", data="{}", headers={"Origin": place.origin}
        )
        assert refused.status == 403
        page.goto(f"{place.origin}/shelf")
        assert page.url == f"{place.origin}/gate"


def test_under_is_told_kindly(browser: Browser, strict_place: Place) -> None:
    """The person, by their own device and by the site; the shelf stays shut; no second try."""
    with visitor(browser, size_px=PHONE_PX) as page:
        go_to_agent(page, strict_place)
        agree(page)
        expect(page.locator("#said")).to_contain_text("not over 60", timeout=CHECK_MS)
        expect(page.locator("#under")).to_be_visible(timeout=10_000)
        page.goto(f"{strict_place.origin}/shelf")
        assert page.url == f"{strict_place.origin}/gate"
        page.click("#ask")
        expect(page.locator("#why")).to_contain_text("enough attempts")
    assert strict_place.new_lines() == []


def test_declined_leads_to_the_other_way(browser: Browser, place: Place) -> None:
    """No camera is opened; after the wait, the stub of an ID provider lets the person in."""
    with visitor(browser) as page:
        go_to_agent(page, place)
        page.click("#consent [data-say=decline]")
        expect(page.locator("#leaving")).to_be_visible()
        expect(page.locator("#another-way")).to_be_visible(timeout=HELD_MS)
        expect(page.locator(".stub")).to_contain_text("stand-in")
        page.click("button[value=over]")
        expect(page.locator("#welcome")).to_be_visible()
    assert place.new_lines() == []


SLOW_SOCKET = """(() => {
  const Real = window.WebSocket;
  window.WebSocket = class extends Real {
    // Opened for the page only two seconds later, as on a busy machine.
    set onopen(hear) { this.addEventListener("open", () => setTimeout(hear, 2000)); }
    get readyState() { return performance.now() < 2000 ? Real.CONNECTING : super.readyState; }
  };
})()"""


def test_a_click_before_the_connection_is_not_lost(browser: Browser, place: Place) -> None:
    """Who goes back at once goes back, however slow the machine is."""
    with visitor(browser) as page:
        page.add_init_script(SLOW_SOCKET)
        go_to_agent(page, place)
        page.click("#consent [data-say=decline]")
        expect(page.locator("#leaving")).to_be_visible(timeout=10_000)


def test_no_camera_leads_to_the_other_way(browser: Browser, place: Place) -> None:
    """The reason is on the agent's page; the site shows what it shows to whoever declined."""
    with visitor(browser, "no-camera", PHONE_PX) as page:
        go_to_agent(page, place)
        agree(page)
        expect(page.locator("#why")).to_contain_text("No picture came", timeout=CHECK_MS)
        page.click("#nothing [data-say=decline]")
        expect(page.locator("#another-way")).to_be_visible(timeout=HELD_MS)
        assert page.url == f"{place.origin}/other-way"
    assert place.new_lines() == []


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


def test_movements_and_lights_are_asked_for(browser: Browser, tmp_path: Path) -> None:
    """`--liveness active`: the person is told of the light, does as asked; the token says so."""
    shop, key_file, port = "https://shop.example", tmp_path / "device.key", free_port()
    key = DeviceKey.create(key_file)
    typed = [sys.executable, "-m", "agecheck", "agent", "--key", str(key_file)]
    typed += ["--age", "18=19", "--liveness", "active", "--port", str(port)]
    form = agent_form(Challenge(shop, "n" * 32, 18), f"{shop}/answer")
    fields = "".join(f"<input name={name} value='{value}'>" for name, value in form.items())
    agent = f"http://127.0.0.1:{port}"
    body = f"<form method=post action={agent}/ask>{fields}<button>Ask</button></form>"
    headers = {"Referrer-Policy": "origin", "Content-Type": "text/html"}
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path)))
    with subprocess.Popen(typed, env=environment, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            end_s = time.monotonic() + START_S
            while not _answers(agent):
                assert time.monotonic() < end_s
                time.sleep(0.2)
            context = browser.new_context()
            page = context.new_page()
            given = json.dumps({"behaviour": "person", "pictures": played()})
            page.add_init_script(f"window.cameraGiven = {given};\n{PLAYER.read_text('utf-8')}")
            page.route(f"{shop}/**", partial(Route.fulfill, body=body, headers=headers))
            page.goto(f"{shop}/gate")
            page.click("button")
            expect(page.locator("#consent")).to_contain_text("changing colours")
            agree(page)
            page.wait_for_selector("body.lit", timeout=CHECK_MS)
            for _ in range(2):  # on a busy machine the canvas may answer too late, as people do
                page.wait_for_selector("#answered:not([hidden]), #retry:visible", timeout=CHECK_MS)
                if page.locator("#retry").is_visible():
                    page.click("#retry")
            page.wait_for_url(f"{shop}/answer*", timeout=CHECK_MS)
            answer = read_answer(page.url.partition("#")[2])
            context.close()
        finally:
            process.terminate()
            assert process.wait(20) == 0
    verified = verify_token(
        answer.token or "",
        audience=shop,
        nonce="n" * 32,
        public_jwk=key.signer(shop).public_jwk(),
        now_s=time.time(),
        age_limit=18,
    )
    assert (verified.over, verified.liveness, verified.input) == (True, "active", "browser")


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


@pytest.mark.parametrize("size_px", [DESK_PX, PHONE_PX, (320, 640)])
def test_every_page_fits(browser: Browser, place: Place, size_px: tuple[int, int]) -> None:
    """On a desk, on a phone and on a small one nothing is cut off at the side."""
    with visitor(browser, size_px=size_px) as page:
        for path in ("", "gate", "under", "other-way"):
            page.goto(f"{place.origin}/{path}")
            _fits(page, size_px[0])
        page.goto(f"{place.origin}/gate")
        page.click("#ask")
        for screen in page.locator("section.screen").all():
            name = screen.get_attribute("id")
            page.evaluate(
                "(name) => { for (const s of document.querySelectorAll('section.screen'))"
                " s.hidden = s.id !== name }",
                name,
            )
            _fits(page, size_px[0])


def _fits(page: Page, width_px: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width_px
