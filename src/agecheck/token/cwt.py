"""The claims as a CBOR Web Token (RFC 8392) in COSE_Sign1 (RFC 9052), for QR codes and readers
that speak CBOR. Needs the extra `cwt`.

A token is text here too: base64url of the CBOR. COSE is the library's work (python-cwt); around it
one exact encoding is required (RFC 8949, section 4.2.1), so that one value has one text.

It is an estimate, says so in a member, and must not be presented as an attestation under any EU
age-verification scheme.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, Final, final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from agecheck.errors import MissingExtraError, TokenError, TokenFault
from agecheck.token.encoding import base64url_decode, base64url_encode
from agecheck.token.form import as_text
from agecheck.token.formats import NOTICE

TYPE: Final = "application/agecheck+cwt"
LABELS: Final = {"iss": 1, "aud": 3, "exp": 4, "iat": 6, "jti": 7}
"""RFC 8392's integers for the claims that have one; the others keep their names as text."""
_ALGORITHM, _TYP = 1, 16
_EDDSA = -8
_NAMES: Final = {label: name for name, label in LABELS.items()}
_SIGNATURE_BYTES = 64
_SIGNATURE_HEAD = b"\x58\x40"
_TAGS = b"\xd8\x3d\xd2\x84"
"""CWT (61), COSE_Sign1 (18), an array of four."""
_TWO_MEMBERS: Final = re.compile(
    rb"(?:[\x40-\x57]|\x58.)\xa2\x01([\x00-\x17\x20-\x37]|[\x18\x38].|[\x19\x39]..)"
    rb"\x10(?:[\x60-\x77]|\x78.)[\x20-\x7e]+\xa0",
    re.S,
)
"""A protected header of some algorithm and some type as text, and an empty unprotected one."""


@final
class CwtFormat:
    """A `TokenFormat`. The token ID is 16 bytes; everything else is as in JSON."""

    def sign(
        self,
        claims: Mapping[str, object],
        key: Ed25519PrivateKey,
        *,
        over: bool,  # noqa: ARG002  (true and false are one byte each)
    ) -> str:
        """As `TokenFormat` has it.

        Raises:
            MissingExtraError: the extra is not installed.
        """
        _require_extra()
        import cbor2
        from cwt import COSE

        members: dict[int | str, object] = {"notice": NOTICE}
        for name, value in claims.items():
            members[LABELS.get(name, name)] = value
        members[LABELS["jti"]] = base64url_decode(str(claims["jti"]))
        signed = COSE.new(deterministic_header=True).encode_and_sign(
            cbor2.dumps(members, canonical=True),
            _cose_key(key.public_key(), key),
            protected={_ALGORITHM: _EDDSA, _TYP: TYPE},
        )
        if not isinstance(signed, bytes):
            raise TypeError("a COSE message is bytes")
        return base64url_encode(_TAGS[:2] + signed)

    def open(self, token: object, key: Ed25519PublicKey) -> Mapping[str, object]:
        """As `TokenFormat` has it.

        Raises:
            MissingExtraError: the extra is not installed.
        """
        _require_extra()
        import cbor2

        message = base64url_decode(as_text(token))
        if message is None:
            raise TokenError(TokenFault.MALFORMED)
        payload = _verified_payload(message, key)
        try:
            members = cbor2.loads(payload)
            is_exact = isinstance(members, dict) and cbor2.dumps(members, canonical=True) == payload
        except Exception:  # whatever a signed payload does to a decoder
            is_exact = False
        if not is_exact or members.pop("notice", None) != NOTICE:
            raise TokenError(TokenFault.BAD_CLAIMS)
        return _named(members)


def _verified_payload(message: bytes, key: Ed25519PublicKey) -> bytes:
    """The header is compared as bytes, before anything is decoded: it chooses nothing."""
    import cbor2
    from cwt import COSE

    if not message.startswith(_TAGS):
        raise TokenError(TokenFault.MALFORMED)
    header = cbor2.dumps(cbor2.dumps({_ALGORITHM: _EDDSA, _TYP: TYPE}, canonical=True))
    if not message.startswith(header + b"\xa0", len(_TAGS)):
        raise TokenError(_header_fault(message))
    rest = message[len(_TAGS) + len(header) + 1 :]
    body, signature = rest[:-_SIGNATURE_BYTES], rest[-_SIGNATURE_BYTES:]
    if len(signature) != _SIGNATURE_BYTES or not body.endswith(_SIGNATURE_HEAD):
        raise TokenError(TokenFault.MALFORMED)
    payload = _byte_string(body.removesuffix(_SIGNATURE_HEAD))
    try:
        verified = COSE.new().decode(message[2:], _cose_key(key))
    except Exception:  # the library's errors have no common root
        verified = None
    if verified != payload:
        raise TokenError(TokenFault.BAD_SIGNATURE)
    return payload


def _header_fault(message: bytes) -> TokenFault:
    """Which of the header's two members is not ours; MALFORMED where it has others.

    Nothing unsigned goes to the CBOR decoder: cbor2 5.9 loses memory over some malformed bytes.
    """
    found = _TWO_MEMBERS.match(message, len(_TAGS))
    if found is None:
        return TokenFault.MALFORMED
    return TokenFault.WRONG_TYPE if found[1] == b"\x27" else TokenFault.WRONG_ALGORITHM


def _byte_string(encoded: bytes) -> bytes:
    """The content of one CBOR byte string in its shortest form, which these bytes are."""
    import cbor2

    for head_bytes in (1, 2, 3):
        content = encoded[head_bytes:]
        if cbor2.dumps(content) == encoded:
            return content
    raise TokenError(TokenFault.MALFORMED)


def _named(members: dict[Any, object]) -> dict[str, object]:
    named: dict[str, object] = {}
    for label, value in members.items():
        name = _NAMES.get(label) if type(label) is int else label
        if not isinstance(name, str) or (type(label) is str and label in LABELS):
            raise TokenError(TokenFault.BAD_CLAIMS)
        named[name] = value
    token_id = named.get("jti")
    if not isinstance(token_id, bytes):
        raise TokenError(TokenFault.BAD_CLAIMS)
    return {**named, "jti": base64url_encode(token_id)}


def _cose_key(public_key: Ed25519PublicKey, private_key: Ed25519PrivateKey | None = None) -> Any:
    from cwt import COSEKey

    jwk = {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA"}
    jwk["x"] = base64url_encode(public_key.public_bytes_raw())
    if private_key is not None:
        jwk["d"] = base64url_encode(private_key.private_bytes_raw())
    return COSEKey.from_jwk(jwk)


def _require_extra() -> None:
    if find_spec("cwt") is None:
        raise MissingExtraError("cwt")


CWT: Final = CwtFormat()
