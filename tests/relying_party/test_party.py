"""A site's question and its one answer: every way in which an answer is not taken."""

from __future__ import annotations

from typing import Any

import pytest

from agecheck.errors import TokenFault
from agecheck.relying_party import (
    AcceptUnattestedDevices,
    AnswerFault,
    MemoryReplayStore,
    PinnedKeys,
    RelyingPartyError,
    ReplayStoreError,
    ReplayStoreFault,
)
from relying_party import forging
from relying_party.conftest import MakeSite, fault_of, take
from relying_party.devices import (
    SITE,
    VISITOR,
    Clock,
    answer,
    signer_of,
)


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


# The token


def test_an_answer_to_another_challenge_is_refused(make_site: MakeSite) -> None:
    """Another nonce, another age, another site: each with its own reason."""
    site = make_site()
    asked, other = (site.new_challenge(18, visitor=VISITOR) for _ in range(2))
    older = site.new_challenge(21, visitor=VISITOR)
    faults = [
        fault_of(lambda: take(site, answer(other.challenge), asked.ticket)),
        fault_of(lambda: take(site, answer(asked.challenge), older.ticket, age_limit=21)),
    ]
    assert faults == [TokenFault.WRONG_NONCE, TokenFault.WRONG_NONCE]
    downgraded = type(older.challenge)(SITE, older.challenge.nonce, 18)
    assert fault_of(lambda: take(site, answer(downgraded), older.ticket, age_limit=21)) is (
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
