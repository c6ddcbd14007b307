"""Signed answers: issue one through a check, verify one as a relying party.

    key = DeviceKey.load("device.key")
    signer = key.signer("https://shop.example")         # give signer.public_jwk() to the shop
    attestation = checker.attest(image, challenge, signer)

    verified = verify_token(
        token, audience="https://shop.example", nonce=nonce, public_jwk=jwk, now_s=time.time(),
        age_limit=18, accept_inputs={"file"},
    )
    if verified.over: ...

A token says what an estimate from a face came to. It is no proof of age: a device whose user
controls it can lie. docs/reference/token.md has the schema and the rules.
"""

from __future__ import annotations

from agecheck.challenge import Challenge
from agecheck.token.errors import SignerError, VerifierError
from agecheck.token.keys import AudienceSigner, DeviceKey
from agecheck.token.verify import VerifiedToken, verify_token

__all__ = [
    "AudienceSigner",
    "Challenge",
    "DeviceKey",
    "SignerError",
    "VerifiedToken",
    "VerifierError",
    "verify_token",
]
