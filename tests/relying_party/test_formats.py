"""One answer in three formats: as published, and read by libraries that agecheck does not use."""

from __future__ import annotations

import base64
import json
from itertools import permutations
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwcrypto import jws as jwcrypto_jws
from jwcrypto.jwk import JWK
from pycose.algorithms import EdDSA
from pycose.headers import Algorithm
from pycose.keys.okp import OKPKey
from pycose.messages.sign1message import Sign1Message
from sd_jwt.verifier import SDJWTVerifier

from agecheck.errors import MissingExtraError, TokenError, TokenFault
from agecheck.token import VerifiedToken, verify_token
from agecheck.token.cwt import CWT, LABELS, TYPE
from agecheck.token.formats import NOTICE
from agecheck.token.sd_jwt import SD_JWT_VC
from relying_party.make_formats import FILE, FORMATS, document, setting, token_in
from unit.issuing import CHALLENGE, DEVICE, EVIDENCE, NONCE, NOW_S, SHOP

VECTOR: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
TOKENS = pytest.mark.parametrize(
    "entry", VECTOR["tokens"], ids=[f"{one['format']}-{one['over']}" for one in VECTOR["tokens"]]
)
KEY = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(setting()["audience_seed_hex"]))


def unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def check(token: str, name: str, **changed: object) -> VerifiedToken:
    arguments: dict[str, Any] = {
        "audience": VECTOR["challenge"]["audience"],
        "nonce": VECTOR["challenge"]["nonce"],
        "public_jwk": VECTOR["public_jwk"],
        "now_s": VECTOR["now_s"],
        "age_limit": 18,
        "token_format": FORMATS[name],
    }
    return verify_token(token, **arguments | changed)


def fault_of(token: str, name: str) -> TokenFault:
    with pytest.raises(TokenError) as caught:
        check(token, name)
    return caught.value.fault


def found(name: str, *, over: bool = True) -> str:
    (token,) = [
        str(one["token"])
        for one in VECTOR["tokens"]
        if one["format"] == name and one["over"] is over
    ]
    return token


@pytest.mark.parametrize("name", FORMATS)
def test_a_device_writes_the_format_that_it_is_asked_for(name: str) -> None:
    """What an application chooses for its signer is what its site is told, and nothing else."""
    signer = DEVICE.signer(SHOP, now=lambda: NOW_S, token_format=FORMATS[name])
    token = signer._begin(CHALLENGE, EVIDENCE)(True)
    asked = {"audience": SHOP, "nonce": NONCE, "public_jwk": signer.public_jwk(), "now_s": NOW_S}
    assert check(token, name, **asked).over
    for other in FORMATS.keys() - {name}:
        with pytest.raises(TokenError):
            check(token, other, **asked)


def test_agecheck_issues_what_is_published() -> None:
    """Not a byte drifts while the schema stays."""
    assert document() == VECTOR


@TOKENS
def test_agecheck_reads_what_is_published(entry: dict[str, Any]) -> None:
    """The same answer, field by field, whatever it is written in."""
    said = check(entry["token"], entry["format"])
    assert said.over is entry["over"]
    assert said == check(found("jws", over=entry["over"]), "jws")


@pytest.mark.parametrize("name", FORMATS)
def test_over_and_under_have_one_length(name: str) -> None:
    """The length of what is sent tells nobody the answer."""
    assert len(token_in(name, setting(), over=True)) == len(token_in(name, setting(), over=False))


@pytest.mark.parametrize(("name", "other"), list(permutations(FORMATS, 2)))
def test_a_token_does_not_choose_its_format(name: str, other: str) -> None:
    """A reader of one format refuses the others: no verifier is talked into another's rules."""
    fault_of(found(name), other)


# Others' libraries


@pytest.mark.parametrize("over", [True, False])
def test_jwcrypto_reads_the_jws(over: bool) -> None:
    """Another Python library than the one that signed it."""
    message = jwcrypto_jws.JWS()
    message.deserialize(found("jws", over=over), JWK(**VECTOR["public_jwk"]))
    claims = json.loads(message.payload)
    assert claims["age_over_18"] is over
    assert claims["method"] == "facial-age-estimation"


@pytest.mark.parametrize("over", [True, False])
def test_the_sd_jwt_reference_reads_the_sd_jwt(over: bool) -> None:
    """The reference implementation of RFC 9901."""
    key = JWK(**VECTOR["public_jwk"])
    read = SDJWTVerifier(
        found("sd-jwt-vc", over=over), lambda _issuer, _header: key, serialization_format="compact"
    ).get_verified_payload()
    assert read["age_over_18"] is over
    assert read["vct"] == VECTOR["vct"]
    assert read["notice"] == NOTICE


@pytest.mark.parametrize("over", [True, False])
def test_pycose_reads_the_cwt(over: bool) -> None:
    """Another COSE library than the one that signed it; the claims by RFC 8392's numbers."""
    outer = cbor2.loads(decoded(found("cwt", over=over)))
    assert outer.tag == 61
    message = Sign1Message.decode(cbor2.dumps(outer.value))
    assert message.phdr[Algorithm] is EdDSA
    message.key = OKPKey(crv="ED25519", x=decoded(VECTOR["public_jwk"]["x"]), optional_params={})
    assert message.verify_signature()
    claims = cbor2.loads(message.payload or b"")
    assert claims[LABELS["aud"]] == VECTOR["challenge"]["audience"]
    assert claims[LABELS["exp"]] - claims[LABELS["iat"]] == 300
    assert claims["age_over_18"] is over
    assert claims["notice"] == NOTICE


# Refused


@pytest.mark.parametrize("name", FORMATS)
def test_no_character_can_be_changed(name: str) -> None:
    """One value has one text: whatever else is sent is refused, and only with a TokenError."""
    token = found(name)
    for at, character in enumerate(token):
        for instead in {"A", "-", "~", ".", "", character + "A"} - {character}:
            fault_of(token[:at] + instead + token[at + 1 :], name)


@pytest.mark.parametrize("name", FORMATS)
def test_another_key_is_refused(name: str) -> None:
    """The signature is the point of each of them."""
    other = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32).public_key().public_bytes_raw()
    with pytest.raises(TokenError) as caught:
        check(found(name), name, public_jwk={"kty": "OKP", "crv": "Ed25519", "x": unpadded(other)})
    assert caught.value.fault is TokenFault.BAD_SIGNATURE


def sd_jwt(payload: dict[str, object], header: dict[str, object] | None = None) -> str:
    """Signed by hand."""
    parts = [header or {"alg": "EdDSA", "typ": "dc+sd-jwt"}, payload]
    text = ".".join(unpadded(json.dumps(part).encode()) for part in parts)
    return f"{text}.{unpadded(KEY.sign(text.encode()))}~"


SD_CLAIMS: dict[str, object] = json.loads(decoded(found("sd-jwt-vc").split(".")[1]))


@pytest.mark.parametrize(
    ("token", "fault"),
    [
        (sd_jwt({**SD_CLAIMS, "notice": "a proof of age"}), TokenFault.BAD_CLAIMS),
        (sd_jwt({**SD_CLAIMS, "vct": "urn:eu.europa.ec.eudi:pid:1"}), TokenFault.BAD_CLAIMS),
        (sd_jwt({k: v for k, v in SD_CLAIMS.items() if k != "vct"}), TokenFault.BAD_CLAIMS),
        (sd_jwt({**SD_CLAIMS, "_sd_alg": "sha-256"}), TokenFault.BAD_CLAIMS),
        (sd_jwt({**SD_CLAIMS, "_sd": ["x" * 43]}), TokenFault.BAD_CLAIMS),
        (sd_jwt(SD_CLAIMS, {"alg": "none", "typ": "dc+sd-jwt"}), TokenFault.WRONG_ALGORITHM),
        (sd_jwt(SD_CLAIMS, {"alg": "EdDSA", "typ": "agecheck+jwt"}), TokenFault.WRONG_TYPE),
        (sd_jwt(SD_CLAIMS) + "WyJzYWx0IiwgImFnZSIsIDMwXQ~", TokenFault.MALFORMED),
        (sd_jwt(SD_CLAIMS) + "~", TokenFault.MALFORMED),
        (sd_jwt(SD_CLAIMS)[:-1], TokenFault.MALFORMED),
        ("~", TokenFault.MALFORMED),
    ],
)
def test_a_wrong_sd_jwt_is_refused(token: str, fault: TokenFault) -> None:
    """Good signatures over what is not ours: other types, disclosures, a claim to be a proof."""
    assert fault_of(token, "sd-jwt-vc") is fault
    assert check(sd_jwt(SD_CLAIMS), "sd-jwt-vc").over


HEADER: dict[object, object] = {1: -8, 16: TYPE}
CWT_CLAIMS: dict[Any, Any] = cbor2.loads(cbor2.loads(decoded(found("cwt"))).value.value[2])


def cwt(
    payload: object = CWT_CLAIMS,
    header: object = HEADER,
    unprotected: object = None,
    *,
    canonical: bool = True,
) -> str:
    """Signed by hand, RFC 9052 section 4.4."""
    protected = header if isinstance(header, bytes) else cbor2.dumps(header, canonical=True)
    body = payload if isinstance(payload, bytes) else cbor2.dumps(payload, canonical=canonical)
    signed = cbor2.dumps(["Signature1", protected, b"", body])
    parts = [protected, unprotected or {}, body, KEY.sign(signed)]
    return unpadded(cbor2.dumps(cbor2.CBORTag(61, cbor2.CBORTag(18, parts))))


def changed(**members: object) -> dict[Any, Any]:
    return {**CWT_CLAIMS, **members}


@pytest.mark.parametrize(
    ("token", "fault"),
    [
        (cwt(changed(notice="a proof of age")), TokenFault.BAD_CLAIMS),
        (cwt({k: v for k, v in CWT_CLAIMS.items() if k != "notice"}), TokenFault.BAD_CLAIMS),
        (cwt({**CWT_CLAIMS, 2: "somebody"}), TokenFault.BAD_CLAIMS),
        (cwt({**CWT_CLAIMS, "aud": "https://shop.example"}), TokenFault.BAD_CLAIMS),
        (cwt({**CWT_CLAIMS, 7: "text"}), TokenFault.BAD_CLAIMS),
        (cwt({**CWT_CLAIMS, 6: float(CWT_CLAIMS[6])}), TokenFault.BAD_CLAIMS),
        (cwt(changed(age_over_18=1)), TokenFault.BAD_CLAIMS),
        (cwt(dict(reversed(CWT_CLAIMS.items())), canonical=False), TokenFault.BAD_CLAIMS),
        (cwt(cbor2.dumps(CWT_CLAIMS, canonical=True) + b"\x00"), TokenFault.BAD_CLAIMS),
        (cwt(b"\xa1" + b"\x01" * 5), TokenFault.BAD_CLAIMS),
        (cwt(b"\x9f" * 300), TokenFault.BAD_CLAIMS),
        (cwt(b"\xc5\x82\x1b" + b"\xff" * 8 + b"\x01"), TokenFault.BAD_CLAIMS),
        (cwt(b""), TokenFault.BAD_CLAIMS),
        (cwt(header={1: -7, 16: TYPE}), TokenFault.WRONG_ALGORITHM),
        (cwt(header={1: -8, 16: "application/cwt"}), TokenFault.WRONG_TYPE),
        (cwt(header={1: -8}), TokenFault.MALFORMED),
        (cwt(header={1: -8, 16: TYPE, 4: b"kid"}), TokenFault.MALFORMED),
        (cwt(header=b""), TokenFault.MALFORMED),
        (cwt(unprotected={4: b"kid"}), TokenFault.MALFORMED),
        (cwt(unprotected={1: -8}), TokenFault.MALFORMED),
        (unpadded(decoded(cwt())[2:]), TokenFault.MALFORMED),
        (unpadded(decoded(cwt()) + b"\x00"), TokenFault.MALFORMED),
    ],
)
def test_a_wrong_cwt_is_refused(token: str, fault: TokenFault) -> None:
    """Good signatures over what is not ours, and every other way to write the same CBOR."""
    assert fault_of(token, "cwt") is fault
    assert check(cwt(), "cwt").over


def test_nothing_unsigned_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rubbish that anybody can send does not reach the decoder, which loses memory over some."""
    seen: list[object] = []
    monkeypatch.setattr(cbor2, "loads", seen.append)
    message = decoded(found("cwt"))
    for at in range(len(message)):
        rubbish = message[:at] + bytes([message[at] ^ 0x40]) + message[at + 1 :]
        fault_of(unpadded(rubbish), "cwt")
        fault_of(unpadded(message[:at]), "cwt")
    assert seen == []


def test_without_the_extra_the_cwt_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else takes its place."""
    monkeypatch.setattr("agecheck.token.cwt.find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError):
        CWT.open(found("cwt"), KEY.public_key())
    assert SD_JWT_VC.open(found("sd-jwt-vc"), KEY.public_key())["age_over_18"] is True
