"""A device's key and what it signs: one root secret, and from it one Ed25519 key per audience."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn, final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from agecheck.challenge import Challenge, require_audience
from agecheck.errors import ChallengeError
from agecheck.ports import Evidence
from agecheck.token import enrolment, jwk, jws, keyfile
from agecheck.token.claims import (
    ISSUED_AT_STEP_S,
    MAX_TIME_S,
    TOKEN_ID_BYTES,
    build_claims,
    read_claims,
)
from agecheck.token.encoding import base64url_encode
from agecheck.token.errors import SignerError
from agecheck.token.formats import JWS, TokenFormat

_AUDIENCE_KEY_INFO = b"agecheck/v1/audience-key\0"


@final
class DeviceKey:
    """The secret of one device. It shows nothing when printed and is not pickled or copied."""

    __slots__ = ("_root",)
    _root: bytes

    def __init__(self, *_: object, **__: object) -> None:
        raise TypeError("a DeviceKey comes from DeviceKey.create or DeviceKey.load")

    @classmethod
    def create(cls, path: str | os.PathLike[str]) -> DeviceKey:
        """Make a new key and keep it in a new file.

        Args:
            path: where the file goes, mode 0600; the folder exists, the file does not.

        Raises:
            KeyFileError: something is there already, or the file cannot be written. Nothing is
                left behind then.
        """
        root = secrets.token_bytes(keyfile.ROOT_SECRET_BYTES)
        keyfile.write_new(Path(path), root)
        return cls._from_root(root)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> DeviceKey:
        """Read the key from its file.

        Args:
            path: a regular file of this user that nobody else has access to; no symlink.

        Raises:
            KeyFileError: the file is missing, malformed or not trusted.
        """
        return cls._from_root(keyfile.read(Path(path)))

    @classmethod
    def _from_root(cls, root: bytes) -> DeviceKey:
        key = object.__new__(cls)
        key._root = root
        return key

    def signer(
        self,
        audience: str,
        *,
        now: Callable[[], float] = time.time,
        token_format: TokenFormat = JWS,
    ) -> AudienceSigner:
        """The signer for one audience.

        Its key is derived from the root and the audience's exact characters, and two audiences
        cannot tell that their keys belong to one device.

        Args:
            audience: who asks, as in `Challenge`; 1 to 255 printable ASCII characters.
            now: the clock, in seconds since 1970 (UTC).
            token_format: how tokens are written: `JWS`, `agecheck.token.sd_jwt.SD_JWT_VC` or
                `agecheck.token.cwt.CWT`.

        Raises:
            ChallengeError: the audience does not have that form.
        """
        require_audience(audience)
        private_key = derive_audience_key(self._root, audience)
        return AudienceSigner(audience, private_key, now=now, token_format=token_format)

    def __repr__(self) -> str:
        return "<DeviceKey>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a DeviceKey is not pickled or copied")


@final
class AudienceSigner:
    """Answers one audience's challenges through a check; nothing public signs by itself.

    Made by `DeviceKey.signer`. Implements `agecheck.ports.TokenSigner`.
    """

    __slots__ = ("_audience", "_format", "_key_id", "_now", "_private_key", "_random_bytes")

    def __init__(
        self,
        audience: str,
        private_key: Ed25519PrivateKey,
        *,
        now: Callable[[], float] = time.time,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
        token_format: TokenFormat = JWS,
    ) -> None:
        self._audience = audience
        self._private_key = private_key
        self._key_id = jwk.thumbprint(private_key.public_key())
        self._now = now
        self._random_bytes = random_bytes
        self._format = token_format

    @property
    def audience(self) -> str:
        """Who the tokens are for."""
        return self._audience

    @property
    def key_id(self) -> str:
        """The public key's RFC 7638 thumbprint: `iss` in a token, `kid` in the JWK."""
        return self._key_id

    def public_jwk(self) -> dict[str, str]:
        """The public key to give to this audience: kty, crv, x, kid, alg, use."""
        return jwk.to_jwk(self._private_key.public_key())

    def prove_possession(self, nonce: str) -> str:
        """A proof for this audience alone that whoever sends it holds the private key.

        It is what enrolment needs besides `public_jwk()`, and it holds that key. Its typ differs
        from a token's: it says nothing about anybody's age.

        Args:
            nonce: the audience's, from its enrolment challenge.

        Raises:
            ChallengeError: the nonce does not have the form of a challenge's.
        """
        payload = enrolment.proof_payload(self._audience, nonce, self._private_key.public_key())
        return jws.sign(payload, self._private_key, jws.ENROLMENT_TYPE)

    def _begin(self, challenge: Challenge, evidence: Evidence) -> Callable[[bool], str]:
        """Bind a challenge before any pixel is read.

        Returns:
            A function that takes whether the person is over the limit and returns the token. It
            works once: any call, a failing one too, spends it.

        Raises:
            ChallengeError: the challenge is for another audience or another age limit.
            SignerError: the evidence does not fit the claims schema.
        """
        if challenge.audience != self._audience:
            raise ChallengeError("the challenge is for another audience than the signer's")
        if challenge.age_limit != evidence.age_limit:
            raise ChallengeError("the challenge asks for another age limit than the check's")
        # A copy, which nobody else can reach: frozen is not final in Python.
        bound = replace(challenge)
        # Better to fail now than after a picture was taken.
        self._claims(bound, evidence, over=False, at_s=0.0)
        unspent = threading.Lock()

        def finish(over: bool) -> str:
            # Taken once and never released: also two threads get one token.
            if not unspent.acquire(blocking=False):
                raise SignerError("this challenge has been answered; each takes one answer")
            if type(over) is not bool:
                raise TypeError("over is a bool")
            claims = self._claims(bound, evidence, over=over, at_s=self._now())
            return self._format.sign(claims, self._private_key, over=over)

        return finish

    def _claims(
        self, challenge: Challenge, evidence: Evidence, *, over: bool, at_s: float
    ) -> dict[str, object]:
        if not 0 <= at_s <= MAX_TIME_S:  # NaN is not, either
            raise SignerError("the clock does not give a time")
        claims = build_claims(
            challenge,
            evidence,
            over=over,
            issuer=self._key_id,
            issued_at_s=int(at_s // ISSUED_AT_STEP_S) * ISSUED_AT_STEP_S,
            token_id=base64url_encode(self._random_bytes(TOKEN_ID_BYTES)),
        )
        if read_claims(claims) is None:
            raise SignerError("the evidence or the clock does not fit the claims schema")
        return claims

    def __repr__(self) -> str:
        return "<AudienceSigner>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("an AudienceSigner is not pickled or copied")


def derive_audience_key(root: bytes, audience: str) -> Ed25519PrivateKey:
    """HKDF-SHA256 (RFC 5869) without salt: the root is uniformly random already.

    Args:
        root: 32 bytes.
        audience: printable ASCII.
    """
    info = _AUDIENCE_KEY_INFO + audience.encode("ascii")
    seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(root)
    return Ed25519PrivateKey.from_private_bytes(seed)
