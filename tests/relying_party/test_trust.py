"""Whose keys are believed: enrolment by proof, rotation, revocation."""

from __future__ import annotations

from typing import Any

import pytest

from agecheck.errors import ChallengeError, TokenFault
from agecheck.relying_party import AnswerError, AnswerFault, PinnedKeys, RelyingPartyError
from relying_party import forging
from relying_party.conftest import MakeSite, fault_of
from relying_party.devices import NOW_S, SITE, VISITOR, Clock, answer, signer_of

ENROLMENT_HEADER = {"alg": "EdDSA", "typ": "agecheck-enrolment+jwt"}


def test_a_device_enrols_answers_is_replaced_and_revoked(make_site: MakeSite) -> None:
    """The life of a kiosk's key, from proof to revocation, as the reference describes it."""
    old, new = signer_of(b"\x0a" * 32), signer_of(b"\x0b" * 32)
    keys = PinnedKeys([])
    for signer in (old, new):
        site = make_site(trust=keys)
        asked = site.new_enrolment(visitor="operator")
        proof = signer.prove_possession(asked.nonce)
        jwk = site.enrol(proof, ticket=asked.ticket, visitor="operator")
        assert jwk == signer.public_jwk()
        keys = keys.with_key(jwk)
    rotated = keys.without(old.key_id)
    stored = PinnedKeys(rotated.jwks(), revoked=rotated.revoked)
    assert stored.key_ids == {new.key_id}
    for trust, signer, fault in (
        (PinnedKeys([]), old, AnswerFault.KEY_NOT_ENROLLED),
        (keys, old, None),
        (keys, new, None),
        (stored, old, AnswerFault.KEY_REVOKED),
        (stored, new, None),
    ):
        site = make_site(trust=trust)
        question = site.new_challenge(18, visitor=VISITOR)
        token = answer(question.challenge, signer)
        if fault is None:
            assert site.verify(token, ticket=question.ticket, visitor=VISITOR, age_limit=18).over
        else:
            refused = fault_of(
                site.verify, token, ticket=question.ticket, visitor=VISITOR, age_limit=18
            )
            assert refused is fault


def test_pinned_keys_are_a_value() -> None:
    """A change makes another; a site that is running is not changed behind its back."""
    before = PinnedKeys([signer_of().public_jwk()])
    after = before.without(signer_of().key_id)
    assert (len(before.key_ids), len(after.key_ids)) == (1, 0)
    before.jwks()["keys"][0]["x"] = "changed"
    assert before.jwks()["keys"] == [signer_of().public_jwk()]


def test_a_revoked_key_does_not_come_back() -> None:
    """Whoever stole it would only have to enrol it again."""
    jwk = signer_of().public_jwk()
    revoked = PinnedKeys([jwk]).without(signer_of().key_id)
    with pytest.raises(RelyingPartyError):
        revoked.with_key(jwk)
    with pytest.raises(RelyingPartyError):
        PinnedKeys([jwk], revoked={signer_of().key_id})
    with pytest.raises(AnswerError):
        PinnedKeys([], revoked={"k"}).key_for("k", None)


JWK: dict[str, object] = dict(signer_of().public_jwk())


@pytest.mark.parametrize(
    "keys",
    [
        None,
        "text",
        b"bytes",
        7,
        {},
        {"keys": None},
        {"keys": {"one": JWK}},
        JWK,
        [None],
        ["text"],
        [JWK, JWK],
        [JWK | {"d": "A" * 43}],
        [JWK | {"kty": "EC"}],
        [JWK | {"x": forging.encoded(bytes([1]) + bytes(31))}],
    ],
    ids=lambda keys: repr(keys)[:24],
)
def test_unusable_keys_are_the_sites_mistake(keys: Any) -> None:
    """A list that cannot be read does not become an empty list, nor skip what is wrong in it."""
    with pytest.raises(RelyingPartyError):
        PinnedKeys(keys)


@pytest.mark.parametrize("revoked", ["text", [7]])
def test_revoked_is_a_list_of_thumbprints(revoked: Any) -> None:
    """One text would be read as its letters, and the key in it would stay."""
    with pytest.raises(RelyingPartyError):
        PinnedKeys([], revoked=revoked)


def test_a_keys_own_kid_is_not_believed() -> None:
    """A key that calls itself by another's name is still known by its own thumbprint."""
    other = signer_of(b"\x0c" * 32).key_id
    assert PinnedKeys([JWK | {"kid": other}]).key_ids == {signer_of().key_id}


# The proof


def proof_of(fresh_nonce: str, **changed: object) -> str:
    members: dict[str, object] = {
        "v": 1,
        "aud": SITE,
        "nonce": fresh_nonce,
        "x": forging.jwk_of(forging.KEY)["x"],
    }
    return forging.forge(members | changed, ENROLMENT_HEADER)


def test_the_proof_is_what_the_reference_says(make_site: MakeSite) -> None:
    """Another device's program can make one from the description alone."""
    site = make_site()
    asked = site.new_enrolment(visitor=VISITOR)
    jwk = site.enrol(proof_of(asked.nonce), ticket=asked.ticket, visitor=VISITOR)
    assert {name: jwk[name] for name in ("kty", "crv", "x")} == forging.jwk_of(forging.KEY)
    assert jwk["kid"] == forging.thumbprint_of(forging.KEY)


OTHER_X = forging.jwk_of(forging.OTHER_KEY)["x"]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"aud": "https://evil.example"}, TokenFault.WRONG_AUDIENCE),
        ({"aud": "\ud800"}, TokenFault.WRONG_AUDIENCE),
        ({"aud": None}, TokenFault.WRONG_AUDIENCE),
        ({"nonce": "A" * 32}, TokenFault.WRONG_NONCE),
        ({"nonce": 7}, TokenFault.WRONG_NONCE),
        ({"x": OTHER_X}, TokenFault.BAD_SIGNATURE),
        ({"x": None}, TokenFault.BAD_CLAIMS),
        ({"x": forging.encoded(bytes([1]) + bytes(31))}, TokenFault.BAD_CLAIMS),
        ({"v": 2}, TokenFault.BAD_CLAIMS),
        ({"v": True}, TokenFault.BAD_CLAIMS),
        ({"age_over_18": True}, TokenFault.BAD_CLAIMS),
        ({"nested": {}}, TokenFault.BAD_CLAIMS),
    ],
    ids=str,
)
def test_another_proof_is_refused(
    make_site: MakeSite, changed: dict[str, object], fault: TokenFault
) -> None:
    """A proof for another site, an old one, and another's key each have their reason."""
    site = make_site()
    asked = site.new_enrolment(visitor=VISITOR)
    proof = proof_of(asked.nonce, **changed)
    assert fault_of(lambda: site.enrol(proof, ticket=asked.ticket, visitor=VISITOR)) is fault


def test_an_answer_is_no_proof(make_site: MakeSite) -> None:
    """A token that a site was given cannot be handed in as somebody's wish to enrol."""
    site = make_site()
    asked = site.new_enrolment(visitor=VISITOR)
    question = site.new_challenge(18, visitor=VISITOR)
    for token in (answer(question.challenge), forging.forge()):
        assert fault_of(site.enrol, token, ticket=asked.ticket, visitor=VISITOR) is (
            TokenFault.WRONG_TYPE
        )


def test_a_proof_is_good_once_in_time_and_for_one_visitor(
    make_site: MakeSite, clock: Clock
) -> None:
    """An operator's proof that leaks enrols nothing later."""
    site = make_site()
    asked, late = (site.new_enrolment(visitor=VISITOR) for _ in range(2))
    proof = signer_of().prove_possession(asked.nonce)
    enrol = site.enrol
    assert fault_of(lambda: enrol(proof, ticket=asked.ticket, visitor="another")) is (
        AnswerFault.CHALLENGE_UNKNOWN
    )
    enrol(proof, ticket=asked.ticket, visitor=VISITOR)
    assert fault_of(lambda: enrol(proof, ticket=asked.ticket, visitor=VISITOR)) is (
        AnswerFault.ALREADY_ANSWERED
    )
    clock.now_s = NOW_S + 600
    late_proof = signer_of().prove_possession(late.nonce)
    assert fault_of(lambda: enrol(late_proof, ticket=late.ticket, visitor=VISITOR)) is (
        AnswerFault.CHALLENGE_EXPIRED
    )


@pytest.mark.parametrize("nonce", ["", "short", "n" * 129, "a b" * 10, None])
def test_a_device_proves_nothing_over_a_strange_nonce(nonce: Any) -> None:
    """A site cannot have other text than a nonce signed."""
    with pytest.raises(ChallengeError):
        signer_of().prove_possession(nonce)
