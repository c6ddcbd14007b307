"""Proof of possession: how a device's public key reaches a relying party.

A key that was merely sent could be somebody else's. The device therefore signs the relying
party's fresh nonce and name with it, under a typ of its own, after RFC 7800's idea.
"""

from __future__ import annotations

import hmac
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agecheck.challenge import require_audience, require_nonce
from agecheck.errors import TokenError, TokenFault
from agecheck.token import jwk, jws
from agecheck.token.encoding import base64url_decode, base64url_encode, parse_flat_object
from agecheck.token.errors import VerifierError
from agecheck.token.form import well_formed

VERSION = 1


def proof_payload(audience: str, nonce: str, key: Ed25519PublicKey) -> bytes:
    """What the device signs: JSON in ASCII with the members v, aud, nonce and x.

    Raises:
        ChallengeError: audience or nonce do not have the form of a challenge's.
    """
    require_audience(audience)
    require_nonce(nonce)
    members = {
        "v": VERSION,
        "aud": audience,
        "nonce": nonce,
        "x": base64url_encode(key.public_bytes_raw()),
    }
    return json.dumps(members, separators=(",", ":")).encode("ascii")


def verify_proof(proof: str | bytes, *, audience: str, nonce: str) -> dict[str, str]:
    """The public key whose holder signed this nonce for this audience.

    It proves possession and freshness, not what kind of device holds the key: that is for the
    enrolling person to know, who reads the nonce to a kiosk they stand in front of.

    Args:
        proof: from `AudienceSigner.prove_possession`.
        audience: the caller's own name.
        nonce: the caller's, good for one enrolment.

    Returns:
        The key as a JWK, its `kid` the thumbprint that tokens have as `iss`.

    Raises:
        TokenError: the proof is refused; `fault` says why. Nothing else is raised for a proof.
        ChallengeError: audience or nonce do not have the form of a challenge's.
    """
    require_audience(audience)
    require_nonce(nonce)
    compact = well_formed(proof, jws.ENROLMENT_TYPE)
    payload = base64url_decode(compact.split(".")[1]) or b""
    members = parse_flat_object(payload)
    if members is None or members.keys() != {"v", "aud", "nonce", "x"}:
        raise TokenError(TokenFault.BAD_CLAIMS)
    if type(members["v"]) is not int or members["v"] != VERSION:
        raise TokenError(TokenFault.BAD_CLAIMS)
    key = _key_of(members["x"])
    if key is None:
        raise TokenError(TokenFault.BAD_CLAIMS)
    if jws.verified_payload(compact, key) != payload:
        raise TokenError(TokenFault.BAD_SIGNATURE)
    if not _same(members["aud"], audience):
        raise TokenError(TokenFault.WRONG_AUDIENCE)
    if not _same(members["nonce"], nonce):
        raise TokenError(TokenFault.WRONG_NONCE)
    return jwk.to_jwk(key)


def _key_of(x: object) -> Ed25519PublicKey | None:
    try:
        return jwk.from_jwk({"kty": "OKP", "crv": "Ed25519", "x": x})
    except VerifierError:
        return None


def _same(theirs: object, ours: str) -> bool:
    # Surrogates, which JSON can spell, have no encoding in UTF-8.
    if not isinstance(theirs, str) or not theirs.isascii():
        return False
    return hmac.compare_digest(theirs.encode("ascii"), ours.encode("ascii"))
