"""Makes tokens by hand, with `cryptography` alone: what is wrong with one is wrong on purpose."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

AUDIENCE = "https://shop.example"
NONCE = "bm9uY2UtZm9yLXJlZnVzYWxz"
ISSUED_S = 1_767_225_600
NOW_S = ISSUED_S + 50.75
KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"agecheck refusals, key 1").digest())
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(
    hashlib.sha256(b"agecheck refusals, key 2").digest()
)
HEADER: dict[str, Any] = {"alg": "EdDSA", "typ": "agecheck+jwt"}


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def jwk_of(key: Ed25519PrivateKey) -> dict[str, Any]:
    x = encoded(key.public_key().public_bytes_raw())
    return {"kty": "OKP", "crv": "Ed25519", "x": x}


def thumbprint_of(key: Ed25519PrivateKey) -> str:
    text = json.dumps(jwk_of(key), sort_keys=True, separators=(",", ":"))
    return encoded(hashlib.sha256(text.encode("ascii")).digest())


CLAIMS: dict[str, Any] = {
    "v": 1,
    "age_over_18": True,
    "method": "facial-age-estimation",
    "challenge_age": 25,
    "policy": "over-18/challenge-25/attempts-3",
    "bundle": "0123456789abcdef" * 4,
    "seal": "sealed",
    "liveness": "passive",
    "input": "device",
    "max_attempts": 3,
    "aud": AUDIENCE,
    "nonce": NONCE,
    "iss": thumbprint_of(KEY),
    "iat": ISSUED_S,
    "exp": ISSUED_S + 300,
    "jti": "EBESExQVFhcYGRobHB0eHw",
}


def json_bytes(value: object) -> bytes:
    """bytes and text as they are, so that a test can write what no serialiser would."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8")
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def forge(payload: object = CLAIMS, header: object = HEADER, key: Ed25519PrivateKey = KEY) -> str:
    """A compact JWS over whatever is given, with a good signature."""
    signing_input = f"{encoded(json_bytes(header))}.{encoded(json_bytes(payload))}"
    return f"{signing_input}.{encoded(key.sign(signing_input.encode('ascii')))}"


def claims(**changed: object) -> dict[str, Any]:
    return CLAIMS | changed


def without(*names: str, **added: object) -> dict[str, Any]:
    return {name: value for name, value in CLAIMS.items() if name not in names} | added
