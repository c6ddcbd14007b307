"""From an outcome to a token: who gets what, and what an outage does."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from pathlib import Path

import pytest

from agecheck.challenge import Challenge
from agecheck.kiosk.clock import EARLIEST_S
from agecheck.kiosk.config import FallbackSection
from agecheck.kiosk.errors import DeliveryError
from agecheck.kiosk.issuing import Issuer
from agecheck.kiosk.messages import Outcome, Refusal
from agecheck.kiosk.sinks import Fallback, Sink
from agecheck.ports import Evidence
from agecheck.token import DeviceKey, verify_token

SHOP = "https://shop.example"
CHALLENGE = Challenge(SHOP, "n" * 32, 18)
NOW_S = EARLIEST_S + 1e6
EVIDENCE = Evidence(
    18, 25.0, "over-18/challenge-25/attempts-3", 3, "0" * 64, "sealed", "passive", "browser"
)


class Kept(list[tuple[str, bool]]):
    """A sink that keeps what it is sent."""

    def send(self, token: str, *, over: bool) -> None:
        self.append((token, over))


class Broken:
    """A sink that nothing arrives at."""

    def send(self, token: str, *, over: bool) -> None:  # noqa: ARG002
        raise DeliveryError("out of order")


@pytest.fixture
def key(tmp_path: Path) -> DeviceKey:
    """A device's key."""
    return DeviceKey.create(tmp_path / "device.key")


@pytest.fixture
def called(tmp_path: Path) -> Path:
    """A file that grows by one character with every call of the fallback."""
    return tmp_path / "called"


@pytest.fixture
def issuer_of(key: DeviceKey, called: Path) -> Callable[..., Issuer]:
    """Makes an issuer with these sinks."""
    command = ("sh", "-c", f"printf x >> {called}")

    def make(*sinks: Sink, challenge: Challenge | None = CHALLENGE, now_s: float = NOW_S) -> Issuer:
        return Issuer(
            EVIDENCE,
            lambda: challenge,
            lambda audience: key.signer(audience, now=lambda: now_s),
            sinks,
            Fallback(FallbackSection(command=command)),
            lambda: now_s,
        )

    return make


def n_calls(called: Path) -> int:
    """How often the fallback was called."""
    return len(called.read_text()) if called.exists() else 0


@pytest.mark.parametrize("outcome", [Outcome.OVER, Outcome.UNDER])
def test_a_token_says_what_the_session_came_to(
    issuer_of: Callable[..., Issuer], key: DeviceKey, outcome: Outcome
) -> None:
    """It verifies for the challenge that was bound, with this kiosk's evidence."""
    kept = Kept()
    issuer = issuer_of(kept)
    assert issuer.begin(1) is None
    assert issuer.end(1, outcome) is (outcome is Outcome.OVER)
    [(token, over)] = kept
    verified = verify_token(
        token,
        audience=SHOP,
        nonce=CHALLENGE.nonce,
        public_jwk=key.signer(SHOP).public_jwk(),
        now_s=NOW_S,
        age_limit=18,
        accept_inputs={"browser"},
    )
    assert verified.over is over is (outcome is Outcome.OVER)
    claims = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
    assert (claims["seal"], claims["liveness"], claims["input"]) == ("sealed", "passive", "browser")


def test_an_id_needed_has_no_token_and_calls_the_fallback(
    issuer_of: Callable[..., Issuer], called: Path
) -> None:
    """Inconclusive and suspected attacks leave nothing but a call."""
    kept = Kept()
    issuer = issuer_of(kept)
    issuer.begin(1)
    assert not issuer.end(1, Outcome.ID_NEEDED)
    assert kept == []
    assert n_calls(called) == 1


def test_under_calls_the_fallback_as_an_id_needed_does(
    issuer_of: Callable[..., Issuer], called: Path
) -> None:
    """Whoever is called cannot tell the two apart by whether they are called."""
    issuer = issuer_of(Kept())
    issuer.begin(1)
    issuer.end(1, Outcome.UNDER)
    assert n_calls(called) == 1


def test_over_and_cancelled_call_nobody(issuer_of: Callable[..., Issuer], called: Path) -> None:
    """A person who passed, or left, needs no ID looked at."""
    issuer = issuer_of(Kept())
    for outcome in (Outcome.OVER, Outcome.CANCELLED):
        issuer.begin(1)
        issuer.end(1, outcome)
    assert n_calls(called) == 0


def test_an_over_that_does_not_arrive_is_an_id_needed(
    issuer_of: Callable[..., Issuer], called: Path
) -> None:
    """The person is not told to go on when the token is lost, and later sinks are not reached."""
    kept = Kept()
    issuer = issuer_of(Broken(), kept)
    issuer.begin(1)
    assert not issuer.end(1, Outcome.OVER)
    assert kept == []
    assert n_calls(called) == 1


def test_a_door_does_not_open_for_whoever_comes_next(key: DeviceKey) -> None:
    """A reader that hangs for a minute: the sinks behind it get nothing when it goes on."""
    times_s, kept = [0.0], Kept()

    class Hanging(Kept):
        def send(self, token: str, *, over: bool) -> None:
            super().send(token, over=over)
            times_s[0] += 60.0

    slow = Hanging()
    issuer = Issuer(
        EVIDENCE,
        lambda: CHALLENGE,
        key.signer,
        [slow, kept],
        None,
        clock_s=lambda: times_s[0],
    )
    issuer.begin(1)
    assert not issuer.end(1, Outcome.OVER)
    assert (len(slow), len(kept)) == (1, 0)


def test_only_the_bound_session_gets_a_token_and_only_once(
    issuer_of: Callable[..., Issuer],
) -> None:
    """A confused or taken-over capture gets at most one token for one challenge."""
    kept = Kept()
    issuer = issuer_of(kept)
    assert not issuer.end(1, Outcome.OVER)  # nothing is bound
    issuer.begin(1)
    assert not issuer.end(2, Outcome.OVER)
    assert not issuer.end(1, Outcome.OVER)  # given up by the wrong one
    issuer.begin(3)
    assert issuer.end(3, Outcome.OVER)
    assert not issuer.end(3, Outcome.OVER)
    assert len(kept) == 1


def test_nothing_begins_without_a_challenge_or_a_clock(issuer_of: Callable[..., Issuer]) -> None:
    """Nobody asks; or the machine believes it is 1970; or its clock is no number."""
    assert issuer_of(challenge=None).begin(1) is Refusal.NO_CHALLENGE
    for now_s in (0.0, EARLIEST_S - 1, float("nan")):
        assert issuer_of(now_s=now_s).begin(1) is Refusal.CLOCK


def test_a_challenge_for_another_age_is_a_fault(issuer_of: Callable[..., Issuer]) -> None:
    """It is refused before any frame is looked at."""
    assert issuer_of(challenge=Challenge(SHOP, "n" * 32, 21)).begin(1) is Refusal.FAULT
