"""Capture's end of the channel and outputs' real one: whose result answers whose challenge."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import numpy as np

from agecheck.challenge import Challenge
from agecheck.kiosk.issuing import Issuer
from agecheck.kiosk.link import OutputsLink
from agecheck.kiosk.messages import receive, send
from agecheck.kiosk.outputs import _answer
from agecheck.kiosk.visit import Ending, VisitEnd, run_visit
from agecheck.live_page.frames import Frames
from agecheck.seal.channel import pair
from agecheck.token import DeviceKey
from agecheck.verdict import CheckResult, Verdict
from kiosk.scripted import ScriptedLive
from kiosk.test_kiosk_issuing import EVIDENCE, SHOP, Kept
from kiosk.test_kiosk_visit import Screen


class SlowLive(ScriptedLive):
    """Comes to its result when it is let."""

    def __init__(self, may_end: threading.Event) -> None:
        super().__init__()
        self.may_end, self.is_ending = may_end, threading.Event()

    def finish(self) -> CheckResult:
        self.is_ending.set()
        self.may_end.wait(20)
        return super().finish()


@contextmanager
def outputs(folder: Path, kept: Kept) -> Iterator[OutputsLink]:
    """A link to an issuer with a real key, which draws a new nonce for each session."""
    key = DeviceKey.create(folder / "device.key")
    nonces = iter("abcdefgh")
    issuer = Issuer(
        EVIDENCE,
        lambda: Challenge(SHOP, next(nonces) * 32, 18),
        key.signer,
        [kept],
        None,
    )
    ours, theirs = pair()

    def serve() -> None:
        with suppress(OSError):  # whoever is not OVER does not wait to hear what became of it
            while (message := receive(theirs)) is not None:
                if (answer := _answer(issuer, message)) is not None:
                    send(theirs, answer)

    with ours, theirs:
        serving, gone = threading.Thread(target=serve), threading.Event()
        serving.start()
        try:
            yield OutputsLink(ours, lambda: None, gone.set)
        finally:
            theirs.shutdown(socket.SHUT_RDWR)
            serving.join(20)
            gone.wait(20)


def visit(link: OutputsLink, live: ScriptedLive, ends: list[VisitEnd]) -> threading.Thread:
    """A visit in a thread of its own, as the page server runs it."""
    frames = Frames()
    for at_ms in (0, 40, 80):
        frames.put(np.zeros((64, 64, 3), np.uint8), at_ms)
    thread = threading.Thread(
        target=lambda: ends.append(run_visit(lambda: nullcontext(live), link, frames, Screen()))
    )
    thread.start()
    return thread


def test_a_late_result_is_not_the_next_persons(tmp_path: Path) -> None:
    """Somebody leaves while their result is being made: it answers no question put after them."""
    kept, may_end, ends = Kept(), threading.Event(), list[VisitEnd]()
    with outputs(tmp_path, kept) as link:
        first = SlowLive(may_end)
        late = visit(link, first, ends)
        assert first.is_ending.wait(20)
        second = SlowLive(threading.Event())
        second.end = CheckResult(Verdict.UNDER)
        next_one = visit(link, second, ends)
        assert second.is_ending.wait(20)
        may_end.set()
        late.join(30)
        assert kept == []
        assert [end.ending for end in ends] == [Ending.ID_NEEDED]
        second.may_end.set()
        next_one.join(30)
    assert not any(over for _, over in kept)


def test_one_after_the_other_each_gets_their_own(tmp_path: Path) -> None:
    """What keeps late results away does not keep those that are in time."""
    kept, ends, ready = Kept(), list[VisitEnd](), threading.Event()
    ready.set()
    with outputs(tmp_path, kept) as link:
        for verdict in (Verdict.OVER, Verdict.UNDER, Verdict.OVER):
            live = SlowLive(ready)
            live.end = CheckResult(verdict)
            visit(link, live, ends).join(30)
    assert [over for _, over in kept] == [True, False, True]
    assert [end.ending for end in ends] == [Ending.PASSED, Ending.ID_NEEDED, Ending.PASSED]
