"""A site's question and its one answer: every way in which an answer is not taken."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from agecheck.errors import AgecheckError, TokenFault
from agecheck.relying_party import (
    AcceptUnattestedDevices,
    AnswerFault,
    MemoryReplayStore,
    PinnedKeys,
    RelyingParty,
    RelyingPartyError,
    ReplayStoreError,
    ReplayStoreFault,
)
from agecheck.token import VerifiedToken
from relying_party import forging
from relying_party.conftest import MakeSite, fault_of
from relying_party.devices import (
    NOW_S,
    POLICY,
    SECRET,
    SITE,
    VISITOR,
    Clock,
    answer,
    signer_of,
)


def take(site: RelyingParty, token: Any, ticket: Any, **more: Any) -> VerifiedToken:
    return site.verify(token, ticket=ticket, **{"visitor": VISITOR} | more)


@pytest.mark.parametrize("over", [True, False])
def test_an_answer_is_taken(make_site: MakeSite, over: bool) -> None:
    """The whole way: a question, the real signer, an answer; "under" is an answer too."""
    site = make_site()
    asked = site.new_challenge(18, visitor=VISITOR)
    taken = take(site, answer(asked.challenge, over=over), asked.ticket)
    assert taken.over is over
    assert taken.age_limit == 18


def test_a_challenge_is_fresh_and_says_what_is_asked(make_site: MakeSite, clock: Clock) -> None:
    """No nonce occurs twice, and the time to answer is the one that was set."""
    site = make_site(challenge_ttl_s=90)
    issued = [site.new_challenge(21, visitor=VISITOR) for _ in range(100)]
    assert len({asked.challenge.nonce for asked in issued}) == 100
    assert {asked.challenge.audience for asked in issued} == {SITE}
    assert {asked.challenge.age_limit for asked in issued} == {21}
    assert {asked.expires_at_s for asked in issued} == {int(clock.now_s) + 90}


@pytest.mark.parametrize("age_limit", [0, 16, 19, 80, -18, True, 18.0, "18", None])
def test_only_the_policys_ages_are_asked_about(make_site: MakeSite, age_limit: Any) -> None:
    """An age limit that nobody measured a challenge age for is not asked about."""
    with pytest.raises(RelyingPartyError):
        make_site().new_challenge(age_limit, visitor=VISITOR)


# One answer


def test_a_second_answer_is_refused(make_site: MakeSite) -> None:
    """A token is used once, and the first answer to a question is the only one."""
    site = make_site()
    asked = site.new_challenge(18, visitor=VISITOR)
    under, over = answer(asked.challenge, over=False), answer(asked.challenge)
    assert take(site, under, asked.ticket).over is False
    for again in (under, over):
        assert fault_of(take, site, again, asked.ticket) is (AnswerFault.ALREADY_ANSWERED)


def test_an_answer_that_the_policy_refuses_was_the_answer(make_site: MakeSite) -> None:
    """Nobody tries seals and inputs out until one passes."""
    site = make_site()
    asked = site.new_challenge(18, visitor=VISITOR)
    open_seal = answer(asked.challenge, seal="open")
    assert fault_of(lambda: take(site, open_seal, asked.ticket)) is AnswerFault.SEAL_REFUSED
    again = answer(asked.challenge)
    assert fault_of(lambda: take(site, again, asked.ticket)) is AnswerFault.ALREADY_ANSWERED


def test_rubbish_does_not_spend_a_challenge(make_site: MakeSite) -> None:
    """Whoever has no key cannot take the question away, nor fill the store."""
    store = MemoryReplayStore(max_entries=1)
    site = make_site(replay_store=store)
    asked = site.new_challenge(18, visitor=VISITOR)
    stranger = answer(asked.challenge, signer_of(b"\x02" * 32))
    for token in ("", "a.b.c", stranger, None):
        fault_of(take, site, token, asked.ticket)
    assert len(store) == 0
    assert take(site, answer(asked.challenge), asked.ticket).over


@pytest.mark.parametrize("fault", ReplayStoreFault)
def test_a_store_that_cannot_tell_accepts_nothing(
    make_site: MakeSite, fault: ReplayStoreFault
) -> None:
    """A database that is down shuts the gate; it does not open it."""

    class Broken:
        def spend(self, key: str, *, until_s: float, now_s: float) -> bool:  # noqa: ARG002
            raise ReplayStoreError(fault)

    site = make_site(replay_store=Broken())
    asked = site.new_challenge(18, visitor=VISITOR)
    with pytest.raises(ReplayStoreError) as caught:
        take(site, answer(asked.challenge), asked.ticket)
    assert caught.value.fault is fault


@pytest.mark.parametrize("says", [None, 1, "OK", False])
def test_a_store_says_yes_with_true_alone(make_site: MakeSite, says: Any) -> None:
    """A store of somebody's own that forgets to return anything accepts nothing."""

    class Vague:
        def spend(self, key: str, *, until_s: float, now_s: float) -> Any:  # noqa: ARG002
            return says

    site = make_site(replay_store=Vague())
    asked = site.new_challenge(18, visitor=VISITOR)
    token = answer(asked.challenge)
    assert fault_of(lambda: take(site, token, asked.ticket)) is AnswerFault.ALREADY_ANSWERED


def test_what_is_stored_shows_nothing(make_site: MakeSite) -> None:
    """A mark is a digest: not the nonce, the site, the visitor, the key or the answer."""
    kept: list[str] = []

    class Noting:
        def spend(self, key: str, *, until_s: float, now_s: float) -> bool:
            kept.append(f"{key} {until_s - now_s:.0f}")
            return True

    site = make_site(replay_store=Noting())
    asked = site.new_challenge(18, visitor=VISITOR)
    take(site, answer(asked.challenge), asked.ticket)
    assert asked.challenge.nonce not in kept[0]
    assert len(kept[0].split()[0]) == 43


def test_a_mark_outlives_its_challenge(make_site: MakeSite) -> None:
    """By the margin that the clocks of a site's servers may differ by: no gap to slip through."""
    kept_s: list[float] = []

    class Noting:
        def spend(self, key: str, *, until_s: float, now_s: float) -> bool:  # noqa: ARG002
            kept_s.append(until_s)
            return True

    site = make_site(replay_store=Noting(), challenge_ttl_s=60)
    asked = site.new_challenge(18, visitor=VISITOR)
    take(site, answer(asked.challenge), asked.ticket)
    assert kept_s == [asked.expires_at_s + 300]


# The ticket


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


# The token


def test_an_answer_to_another_challenge_is_refused(make_site: MakeSite) -> None:
    """Another nonce, another age, another site: each with its own reason."""
    site = make_site()
    asked, other = (site.new_challenge(18, visitor=VISITOR) for _ in range(2))
    older = site.new_challenge(21, visitor=VISITOR)
    faults = [
        fault_of(lambda: take(site, answer(other.challenge), asked.ticket)),
        fault_of(lambda: take(site, answer(asked.challenge), older.ticket)),
    ]
    assert faults == [TokenFault.WRONG_NONCE, TokenFault.WRONG_NONCE]
    downgraded = type(older.challenge)(SITE, older.challenge.nonce, 18)
    assert fault_of(lambda: take(site, answer(downgraded), older.ticket)) is (
        TokenFault.WRONG_AGE_LIMIT
    )
    signer = signer_of(site="https://evil.example")
    both = make_site(trust=PinnedKeys([signer.public_jwk()]))
    elsewhere = type(asked.challenge)("https://evil.example", asked.challenge.nonce, 18)
    assert fault_of(lambda: take(both, answer(elsewhere, signer), asked.ticket)) is (
        TokenFault.WRONG_AUDIENCE
    )


@pytest.mark.parametrize(
    ("token", "fault"),
    [
        (None, TokenFault.MALFORMED),
        (7, TokenFault.MALFORMED),
        ("A" * 10_000_000, TokenFault.TOO_LARGE),
        (forging.forge(header={"alg": "none", "typ": "agecheck+jwt"}), TokenFault.WRONG_ALGORITHM),
        (forging.forge("{}"), AnswerFault.KEY_MISSING),
        (forging.forge("[]"), AnswerFault.KEY_MISSING),
        (forging.forge(forging.claims(iss=None)), AnswerFault.KEY_MISSING),
        (forging.forge(forging.claims(iss="\ud800")), AnswerFault.KEY_NOT_ENROLLED),
        (forging.forge(), AnswerFault.KEY_NOT_ENROLLED),
        (forging.forge(forging.claims(iss=signer_of().key_id)), TokenFault.BAD_SIGNATURE),
    ],
    ids=range(10),
)
def test_a_token_that_is_none_has_its_fault(make_site: MakeSite, token: Any, fault: object) -> None:
    """Whatever a visitor sends, there is one kind of error, and it names the cause."""
    site = make_site()
    asked = site.new_challenge(18, visitor=VISITOR)
    assert fault_of(lambda: take(site, token, asked.ticket)) is fault


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"challenge_age_years": 24.9}, AnswerFault.CHALLENGE_AGE_TOO_LOW),
        ({"max_attempts": 4}, AnswerFault.TOO_MANY_ATTEMPTS),
        ({"seal": "partial"}, AnswerFault.SEAL_REFUSED),
        ({"seal": "open"}, AnswerFault.SEAL_REFUSED),
        ({"liveness": "none"}, AnswerFault.LIVENESS_REFUSED),
        ({"input": "file"}, TokenFault.INPUT_REFUSED),
        ({"input": "browser"}, TokenFault.INPUT_REFUSED),
    ],
    ids=str,
)
def test_what_the_policy_does_not_accept_is_refused(
    make_site: MakeSite, changed: dict[str, Any], fault: object
) -> None:
    """A signed "over" that came about in a weaker way than agreed is no answer."""
    site = make_site()
    asked = site.new_challenge(18, visitor=VISITOR)
    token = answer(asked.challenge, **changed)
    assert fault_of(lambda: take(site, token, asked.ticket)) is fault


# Trust


def test_an_unattested_device_brings_its_key(make_site: MakeSite) -> None:
    """The key that came with the answer must be the one that signed it, and a sound one."""
    site = make_site(trust=AcceptUnattestedDevices())
    signer, stranger = signer_of(b"\x07" * 32), signer_of(b"\x08" * 32)
    asked = site.new_challenge(18, visitor=VISITOR)
    token = answer(asked.challenge, signer)
    neutral = {"kty": "OKP", "crv": "Ed25519", "x": forging.encoded(bytes([1]) + bytes(31))}
    for presented, fault in (
        (None, AnswerFault.KEY_MISSING),
        ("text", AnswerFault.KEY_UNUSABLE),
        ({}, AnswerFault.KEY_UNUSABLE),
        (neutral, AnswerFault.KEY_UNUSABLE),
        (signer.public_jwk() | {"d": "A" * 43}, AnswerFault.KEY_UNUSABLE),
        (stranger.public_jwk(), TokenFault.BAD_SIGNATURE),
    ):
        assert fault_of(take, site, token, asked.ticket, public_jwk=presented) is fault
    assert take(site, token, asked.ticket, public_jwk=signer.public_jwk()).over


def test_a_pinned_site_does_not_look_at_a_key_that_comes_along(make_site: MakeSite) -> None:
    """An attacker who signs with a key of their own and sends it is not enrolled by that."""
    site, stranger = make_site(), signer_of(b"\x08" * 32)
    asked = site.new_challenge(18, visitor=VISITOR)
    token = answer(asked.challenge, stranger)
    assert fault_of(lambda: take(site, token, asked.ticket, public_jwk=stranger.public_jwk())) is (
        AnswerFault.KEY_NOT_ENROLLED
    )


def test_the_bypass_says_what_it_is() -> None:
    """Whoever looks up what AcceptUnattestedDevices does reads it first."""
    first_line = str(AcceptUnattestedDevices.__doc__).splitlines()[0]
    assert "a script can forge a token" in first_line.lower()
    assert "forge" in repr(AcceptUnattestedDevices())


# Settings


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
        lambda: site.verify("", ticket=ticket, visitor=visitor),
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
        site.verify("", ticket="", visitor=VISITOR)


def test_nothing_printed_holds_a_secret(make_site: MakeSite) -> None:
    """Sites log their objects; a ticket or the secret in a log is a key left in the door."""
    site = make_site()
    asked, enrolment = site.new_challenge(18, visitor=VISITOR), site.new_enrolment(visitor=VISITOR)
    shown = repr([site, asked, enrolment, POLICY])
    for hidden in (asked.ticket, enrolment.ticket, VISITOR, SECRET.hex(), repr(SECRET)):
        assert hidden not in shown
