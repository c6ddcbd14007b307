"""The agent's page in a real browser: a click that was meant for something else is no consent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from agecheck.web_exchange import KeyKind
from agent.programs import Agent, running
from system.playing import chromium

SHOWN_FIRST_MS = 900
AGREE = "#consent [data-say=agree]"
# Headless Chromium says of every page that it has the focus.
FOCUS = "document.hasFocus = () => !window.isCovered;"
SOCKET = """window.WebSocket = class extends WebSocket {
  constructor(...given) { super(...given); window.agent = this; }
};"""
COVER = (
    "(covered) => { isCovered = covered; dispatchEvent(new Event(covered ? 'blur' : 'focus')); }"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with running(tmp_path_factory.mktemp("agent")) as started:
        yield started


def asked(browser: Browser, agent: Agent, key: KeyKind = KeyKind.ENROLLED) -> Page:
    """The page, in a window that can be covered by another one."""
    page = browser.new_context().new_page()
    page.add_init_script(FOCUS + SOCKET)
    page.goto(agent.origin + agent.ask(key=key).path)
    return page


def wait_disabled_ms(page: Page) -> float:
    """How long the button stays out of use from now on."""
    return float(
        page.evaluate(
            """(selector) => new Promise((resolve) => {
              const [button, beganMs] = [document.querySelector(selector), performance.now()];
              const look = () => button.ariaDisabled === "true"
                ? setTimeout(look, 10) : resolve(performance.now() - beganMs);
              look();
            })""",
            AGREE,
        )
    )


def test_the_button_waits_anew_whenever_the_page_was_out_of_view(
    browser: Browser, agent: Agent
) -> None:
    """A page that lay ready behind another window takes no click that was aimed at that one."""
    page = asked(browser, agent)
    expect(page.locator(AGREE)).to_be_enabled(timeout=5000)
    page.evaluate(COVER, True)
    expect(page.locator(AGREE)).to_be_disabled(timeout=1000)
    page.evaluate(COVER, False)
    assert wait_disabled_ms(page) >= SHOWN_FIRST_MS - 100
    page.context.close()


def test_looks_that_are_too_short_do_not_add_up(browser: Browser, agent: Agent) -> None:
    """The time in view is one piece: a page that flashes up again and again is not agreed to."""
    page = asked(browser, agent)
    for _ in range(4):
        page.evaluate(COVER, True)
        page.evaluate(COVER, False)
        page.wait_for_timeout(SHOWN_FIRST_MS / 3)
    assert page.locator(AGREE).is_disabled()
    page.evaluate(COVER, True)
    page.wait_for_timeout(2 * SHOWN_FIRST_MS)
    assert page.locator(AGREE).is_disabled()
    page.evaluate(COVER, False)
    expect(page.locator(AGREE)).to_be_enabled(timeout=5000)
    page.context.close()


WATCH_PAUSES = """() => {
  let lastMs = performance.now();
  window.longestPauseMs = 0;
  for (const what of ["pointerdown", "keydown"]) {
    addEventListener(what, (event) => {
      window.longestPauseMs = Math.max(window.longestPauseMs, event.timeStamp - lastMs);
      lastMs = event.timeStamp;
    }, true);
  }
}"""


@pytest.mark.parametrize("how", ["clicks", "held", "keys"])
def test_what_was_meant_for_another_page_agrees_to_nothing(
    browser: Browser, agent: Agent, how: str
) -> None:
    """A site that has the person click, or press a key, again and again, and opens this page
    meanwhile, gets no consent by it; nor does a button that was held until the page was ready."""
    page = asked(browser, agent)
    box = page.locator(AGREE).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.evaluate(COVER, True)
    page.evaluate(COVER, False)
    page.locator(AGREE).focus()
    if how == "held":
        page.mouse.down()
        page.wait_for_timeout(2 * SHOWN_FIRST_MS)
        page.mouse.up()
    page.evaluate(WATCH_PAUSES)
    for _ in range(0 if how == "held" else 16):
        page.wait_for_timeout(SHOWN_FIRST_MS / 6)
        if how == "keys":
            page.keyboard.press("Enter")
        else:
            page.mouse.click(x, y)
    if page.evaluate("window.longestPauseMs") >= SHOWN_FIRST_MS - 100:
        page.context.close()  # a machine so busy that nobody pressed again and again: once more
        test_what_was_meant_for_another_page_agrees_to_nothing(browser, agent, how)
        return
    expect(page.locator("#consent")).to_be_visible()
    page.wait_for_timeout(1.5 * SHOWN_FIRST_MS)
    page.mouse.click(x, y)
    expect(page.locator("#consent")).to_be_hidden()
    page.context.close()


def test_who_can_be_known_again_is_told_so(browser: Browser, tmp_path: Path) -> None:
    """The lasting key's thumbprint stands in each token: "all they learn" would be untrue."""
    with running(tmp_path) as agent:
        for key in KeyKind:
            page, lasts = asked(browser, agent, key), key is KeyKind.ENROLLED
            assert ("this device again" in page.locator("#consent").inner_text()) == lasts
            for answered in ("over", "under"):
                answer = json.dumps({"answered": answered, "go": "#"})
                page.evaluate("(data) => agent.onmessage({ data })", answer)
                said = page.locator("#said").inner_text()
                assert ("this device again" in said) == lasts
                assert ("That is all they learn." in said) != lasts
            page.context.close()
