"""The form that goes to an agent, and the fragment that comes back."""

from __future__ import annotations

import pickle

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from agecheck.challenge import Challenge
from agecheck.relying_party import AcceptUnattestedDevices, MemoryReplayStore, RelyingParty
from agecheck.token import AudienceSigner
from agecheck.web_exchange import (
    KeyKind,
    QuestionError,
    QuestionFault,
    agent_form,
    answer_url,
    is_origin,
    read_answer,
    read_question,
)
from relying_party.devices import NOW_S, POLICY, VISITOR, answer

SHOP = "https://shop.example"
CHALLENGE = Challenge(SHOP, "n" * 32, 18)


@pytest.mark.parametrize("key", KeyKind)
def test_what_a_site_sends_is_what_an_agent_reads(key: KeyKind) -> None:
    """Both sides share the form."""
    question = read_question(agent_form(CHALLENGE, f"{SHOP}/a?b=c", key=key), asker=SHOP)
    assert (question.challenge, question.callback, question.key) == (
        CHALLENGE,
        f"{SHOP}/a?b=c",
        key,
    )


def test_an_answer_comes_back_as_it_was_sent() -> None:
    """With and without a key of its own; the site's page sees what is behind the #."""
    question = read_question(agent_form(CHALLENGE, f"{SHOP}/a"), asker=SHOP)
    for token, x in (("a.b-_.c", "x" * 43), ("a.b.c", None), (None, None), (None, "x" * 43)):
        url = answer_url(question, token, None if x is None else {"x": x})
        where, _, fragment = url.partition("#")
        answer = read_answer(fragment)
        assert where == f"{SHOP}/a"
        assert answer.token == token
        key = None if token is None or x is None else {"kty": "OKP", "crv": "Ed25519", "x": x}
        assert answer.public_jwk == key


def test_a_fresh_key_travels_with_its_token() -> None:
    """The whole way of a site that pins no key: question, answer in the fragment, verified."""
    site = RelyingParty(
        SHOP,
        secret=bytes(32),
        trust=AcceptUnattestedDevices(),
        policy=POLICY,
        replay_store=MemoryReplayStore(),
        clock=lambda: NOW_S,
    )
    asked = site.new_challenge(18, visitor=VISITOR)
    form = agent_form(asked.challenge, f"{SHOP}/a", key=KeyKind.FRESH)
    question = read_question(form, asker=SHOP)
    signer = AudienceSigner(SHOP, Ed25519PrivateKey.generate(), now=lambda: NOW_S)
    url = answer_url(question, answer(question.challenge, signer), signer.public_jwk())
    said = read_answer(url.partition("#")[2])
    verified = site.verify(
        said.token or "",
        ticket=asked.ticket,
        visitor=VISITOR,
        age_limit=18,
        public_jwk=said.public_jwk,
    )
    assert verified.over


@given(st.text() | st.binary() | st.none())
def test_anything_else_is_no_answer(fragment: object) -> None:
    """What a visitor put there is never an error of the site."""
    assert read_answer(fragment).token is None


def test_a_site_cannot_send_what_no_agent_takes() -> None:
    """It learns that when it is written, not from its visitors; and the error repeats nothing."""
    with pytest.raises(QuestionError) as caught:
        agent_form(CHALLENGE, "https://other.example/a")
    assert caught.value.fault is QuestionFault.WRONG_CALLBACK
    assert "example" not in str(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)).fault is caught.value.fault  # noqa: S301


@pytest.mark.parametrize("origin", [SHOP, "https://a:8443", "http://localhost:1", "http://[::1]"])
def test_an_origin_is_as_browsers_write_it(origin: str) -> None:
    """https, or http on a loopback name."""
    assert is_origin(origin)


@pytest.mark.parametrize(
    "origin",
    [
        "http://shop.example",
        f"{SHOP}/",
        f"{SHOP}:443",
        "http://localhost:80",
        "HTTPS://shop.example",
        "https://Shop.example",
        "https://user@shop.example",
        "https://shop.example\n",
        "https://-shop.example",
        "https://" + "a" * 250,
        "null",
        "",
        None,
        b"https://shop.example",
    ],
)
def test_anything_else_is_no_origin(origin: object) -> None:
    """Two spellings of one site would be two audiences."""
    assert not is_origin(origin)
