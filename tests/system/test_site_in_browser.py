"""The example site and its agent in a real browser: every way in, and every way to stay outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from agecheck.challenge import Challenge
from agecheck.token import DeviceKey, verify_token
from agecheck.web_exchange import agent_form, read_answer
from examples.sites import free_port
from system.example_site import DESK_PX, PHONE_PX, START_S, Place, _answers, running, visitor
from system.test_kiosk_in_browser import CAMERA as PLAYER
from system.test_kiosk_in_browser import pictures as played

CHECK_MS, HELD_MS = 60_000, 45_000


@pytest.fixture(scope="module")
def strict_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Over 60: the person in the sample portrait is not."""
    with running(tmp_path_factory.mktemp("strict"), "60=61") as started:
        yield started


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


def test_a_click_before_the_page_has_its_program_is_not_lost(
    browser: Browser, place: Place
) -> None:
    """Until the script has come there is no button that would do nothing."""
    held, end_s = list[Route](), time.monotonic() + 20
    with visitor(browser) as page:
        page.route("**/frames.js", lambda route: held.append(route))
        go_to_agent(page, place)
        while not held:  # the program that asks for it may not have come yet itself
            assert time.monotonic() < end_s
            page.wait_for_timeout(50)
        for button in page.locator("#consent button").all():
            expect(button).to_be_disabled()
        held[0].continue_()
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
