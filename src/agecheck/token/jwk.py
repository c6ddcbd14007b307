"""Ed25519 public keys as JWK (RFC 7517, RFC 8037), named by their thumbprint (RFC 7638)."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc.jwk import OKPKey

from agecheck.token.encoding import base64url_decode, base64url_encode
from agecheck.token.errors import VerifierError
from agecheck.token.jws import ALGORITHM

_KEY_BYTES = 32
_FIELD_PRIME = 2**255 - 19
_SMALL_ORDER_Y = frozenset(
    int.from_bytes(bytes.fromhex(y), "little")
    for y in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
    )
)
"""The y of the eight points whose order divides 8, RFC 8032's curve. Under such a key one
signature can fit many messages, and OpenSSL does not refuse it."""


def thumbprint(key: Ed25519PublicKey) -> str:
    """RFC 7638 thumbprint with SHA-256: 43 characters of base64url."""
    return OKPKey.import_key(key).thumbprint()


def to_jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """The public key as a JWK; its `kid` is the thumbprint."""
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": base64url_encode(key.public_bytes_raw()),
        "kid": thumbprint(key),
        "alg": ALGORITHM,
        "use": "sig",
    }


def from_jwk(jwk: object) -> Ed25519PublicKey:
    """Read a public key. `kid` and members unknown here are not used: a key names itself.

    Raises:
        VerifierError: not an Ed25519 public key for EdDSA signatures, a private one, or one that
            anybody can sign for.
    """
    if not isinstance(jwk, Mapping):
        raise VerifierError("public_jwk is a JSON object, as a mapping")
    if "d" in jwk:
        raise VerifierError("public_jwk holds a private key; a verifier needs the public one only")
    if jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519":
        raise VerifierError("public_jwk is a key of type OKP on the curve Ed25519")
    if jwk.get("alg", ALGORITHM) != ALGORITHM or jwk.get("use", "sig") != "sig":
        raise VerifierError("public_jwk is not meant for EdDSA signatures")
    x = jwk.get("x")
    raw = base64url_decode(x) if isinstance(x, str) else None
    if raw is None or len(raw) != _KEY_BYTES:
        raise VerifierError("public_jwk's x is 32 bytes in base64url")
    if not _is_sound(raw):
        raise VerifierError("public_jwk's x is not written canonically, or of small order")
    return Ed25519PublicKey.from_public_bytes(raw)


def _is_sound(raw: bytes) -> bool:
    y = int.from_bytes(raw, "little") & (2**255 - 1)  # the last bit is the sign of x
    return y < _FIELD_PRIME and y not in _SMALL_ORDER_Y
