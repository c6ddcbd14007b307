"""A challenge's ticket: one site's, one visitor's, for one purpose and in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agecheck.errors import TokenFault
from agecheck.relying_party import (
    AnswerFault,
)
from relying_party.conftest import MakeSite, fault_of, take
from relying_party.devices import (
    NOW_S,
    VISITOR,
    Clock,
    answer,
    signer_of,
)


def test_a_ticket_is_this_sites_and_this_visitors(make_site: MakeSite) -> None:
    """An answer cannot be carried to another visitor, site, or a site with another secret."""
    site = make_site()
    asked = site.new_challenge(18, visitor=VISITOR)
    token = answer(asked.challenge)
    others: list[Callable[[], object]] = [
        lambda: take(site, token, asked.ticket, visitor="somebody else"),
        lambda: take(make_site("https://evil.example"), token, asked.ticket),
        lambda: take(make_site(secret=bytes(32)), token, asked.ticket),
    ]
    assert [fault_of(call) for call in others] == [AnswerFault.CHALLENGE_UNKNOWN] * 3
    assert take(site, token, asked.ticket).over


def test_no_character_of_a_ticket_can_be_changed(make_site: MakeSite) -> None:
    """A visitor who holds the ticket cannot lower the age, put off the end, or swap the nonce."""
    site = make_site()
    ticket = site.new_challenge(18, visitor=VISITOR).ticket
    for at, character in enumerate(ticket):
        for other in {"1", "9", "A", "."} - {character}:
            forged = ticket[:at] + other + ticket[at + 1 :]
            assert fault_of(take, site, "", forged) is (AnswerFault.CHALLENGE_UNKNOWN)


@pytest.mark.parametrize(
    "ticket",
    [
        None,
        7,
        b"18.1.a.b",
        "",
        ".",
        "18",
        "x" * 1_000_000,
        "18.1." + "A" * 32 + "." + "é" * 43,
        "\ud800",
    ],
    ids=lambda ticket: repr(ticket)[:12],
)
def test_what_is_no_ticket_is_unknown(make_site: MakeSite, ticket: Any) -> None:
    """The ticket may come back from a browser, so it is hostile until its tag is checked."""
    assert fault_of(lambda: take(make_site(), "", ticket)) is AnswerFault.CHALLENGE_UNKNOWN


def test_an_enrolment_ticket_asks_no_age(make_site: MakeSite) -> None:
    """A ticket for one purpose is none for the other, and a proof is no answer."""
    site, signer = make_site(), signer_of()
    asked, enrolment = site.new_challenge(18, visitor=VISITOR), site.new_enrolment(visitor=VISITOR)
    proof = signer.prove_possession(enrolment.nonce)
    unknown = AnswerFault.CHALLENGE_UNKNOWN
    assert fault_of(lambda: take(site, answer(asked.challenge), enrolment.ticket)) is unknown
    assert fault_of(lambda: site.enrol(proof, ticket=asked.ticket, visitor=VISITOR)) is unknown
    as_answer = signer.prove_possession(asked.challenge.nonce)
    assert fault_of(lambda: take(site, as_answer, asked.ticket)) is TokenFault.WRONG_TYPE


def test_an_answer_comes_in_time(make_site: MakeSite, clock: Clock) -> None:
    """A challenge ends when it says so, to the second, and a token by its own times."""
    site = make_site(challenge_ttl_s=60)
    asked = site.new_challenge(18, visitor=VISITOR)
    clock.now_s = asked.expires_at_s
    token = answer(asked.challenge)
    assert fault_of(lambda: take(site, token, asked.ticket)) is AnswerFault.CHALLENGE_EXPIRED
    clock.now_s = asked.expires_at_s - 0.001
    assert take(site, token, asked.ticket).over


def test_a_devices_clock_may_be_ahead_by_the_leeway(make_site: MakeSite) -> None:
    """Clocks differ; how far is the site's to say. Times in a token are whole minutes."""
    ahead = signer_of(now_s=NOW_S + 60)  # its minute begins 9.25 s from now
    for leeway_s, expected in ((10, None), (9, TokenFault.NOT_YET_VALID)):
        site = make_site(leeway_s=leeway_s)
        asked = site.new_challenge(18, visitor=VISITOR)
        token = answer(asked.challenge, ahead)
        if expected is None:
            assert take(site, token, asked.ticket).over
        else:
            assert fault_of(take, site, token, asked.ticket) is expected


def test_an_old_token_is_refused(make_site: MakeSite, clock: Clock) -> None:
    """A challenge that lives longer than a token does not lengthen the token's life."""
    site = make_site(challenge_ttl_s=3600)
    asked = site.new_challenge(18, visitor=VISITOR)
    token = answer(asked.challenge)
    clock.now_s = NOW_S + 300
    assert fault_of(lambda: take(site, token, asked.ticket)) is TokenFault.EXPIRED
