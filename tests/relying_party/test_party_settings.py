"""What a relying party can be set up with, and that it shows none of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from agecheck.errors import AgecheckError
from agecheck.relying_party import RelyingPartyError
from relying_party.conftest import MakeSite, take
from relying_party.devices import POLICY, SECRET, VISITOR


@pytest.mark.parametrize(
    "audience",
    [
        "https://shop.example:8443",
        "https://sub.shop-1.example",
        "http://localhost:8000",
        "http://127.0.0.1:1",
        "http://[::1]:8000",
    ],
)
def test_an_origin_is_an_audience(make_site: MakeSite, audience: str) -> None:
    """As a browser writes it in the Origin header."""
    assert make_site(audience).new_challenge(18, visitor=VISITOR).challenge.audience == audience


@pytest.mark.parametrize(
    "audience",
    [
        "shop.example",
        "http://shop.example",
        "https://shop.example/",
        "https://shop.example/path",
        "https://Shop.example",
        "https://shop.example:443",
        "http://localhost:80",
        "https://user@shop.example",
        "https://shop.example\n",
        "https://shöp.example",
        "https://",
        "https://" + "a" * 250,
        "null",
        "",
        None,
        7,
    ],
    ids=repr,
)
def test_what_is_no_origin_is_no_audience(make_site: MakeSite, audience: Any) -> None:
    """Two spellings of one site would have two keys and two sets of marks."""
    with pytest.raises(RelyingPartyError):
        make_site(audience)


@pytest.mark.parametrize(
    "settings",
    [
        {"secret": b"short"},
        {"secret": "x" * 32},
        {"challenge_ttl_s": 0},
        {"challenge_ttl_s": 3601},
        {"challenge_ttl_s": 60.0},
        {"challenge_ttl_s": True},
        {"leeway_s": -1},
        {"leeway_s": 301},
        {"leeway_s": math.nan},
        {"leeway_s": True},
        {"policy": None},
        {"policy": {}},
    ],
    ids=str,
)
def test_an_unusable_setting_is_refused_at_once(
    make_site: MakeSite, settings: dict[str, Any]
) -> None:
    """A site that is set up wrongly does not start, rather than accept something."""
    with pytest.raises(RelyingPartyError) as caught:
        make_site(**settings)
    assert isinstance(caught.value, AgecheckError)


@pytest.mark.parametrize("visitor", ["", None, 7, "x" * 1025])
def test_a_visitor_has_a_name(make_site: MakeSite, visitor: Any) -> None:
    """An empty session id would bind all visitors to one."""
    site = make_site()
    ticket = site.new_challenge(18, visitor=VISITOR).ticket
    calls: list[Callable[[], object]] = [
        lambda: site.new_challenge(18, visitor=visitor),
        lambda: site.new_enrolment(visitor=visitor),
        lambda: take(site, "", ticket, visitor=visitor),
        lambda: site.enrol("", ticket=ticket, visitor=visitor),
    ]
    for call in calls:
        with pytest.raises(RelyingPartyError):
            call()


@pytest.mark.parametrize("now_s", [math.nan, math.inf, -1.0, 1e12, None])
def test_a_clock_that_gives_no_time_stops_the_site(make_site: MakeSite, now_s: Any) -> None:
    """With NaN every comparison is false, and a false comparison must not be a pass."""
    site = make_site(clock=lambda: now_s)
    with pytest.raises(RelyingPartyError):
        site.new_challenge(18, visitor=VISITOR)
    with pytest.raises(RelyingPartyError):
        take(site, "", "")


def test_nothing_printed_holds_a_secret(make_site: MakeSite) -> None:
    """Sites log their objects; a ticket or the secret in a log is a key left in the door."""
    site = make_site()
    asked, enrolment = site.new_challenge(18, visitor=VISITOR), site.new_enrolment(visitor=VISITOR)
    shown = repr([site, asked, enrolment, POLICY])
    for hidden in (asked.ticket, enrolment.ticket, VISITOR, SECRET.hex(), repr(SECRET)):
        assert hidden not in shown
