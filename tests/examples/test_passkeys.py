"""The example site's passkeys, with a software authenticator and the real WebAuthn library."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
from base64 import urlsafe_b64encode
from collections.abc import Callable
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

ORIGIN = "http://localhost:8000"
CREDENTIAL = b"c" * 16
PRESENT_AND_VERIFIED, HAS_CREDENTIAL = 0b101, 0b1000000


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class Authenticator:
    """One passkey. Source: Web Authentication, Level 3, sections 6 and 7."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def register(self, challenge: bytes) -> bytes:
        """What a browser posts after `navigator.credentials.create`."""
        point = self._key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
        data = self._data(PRESENT_AND_VERIFIED | HAS_CREDENTIAL)
        data += bytes(16) + struct.pack(">H", len(CREDENTIAL)) + CREDENTIAL + cbor2.dumps(public)
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._posted("webauthn.create", challenge, attestationObject=attested)

    def sign(self, challenge: bytes) -> bytes:
        """What a browser posts after `navigator.credentials.get`."""
        data = self._data(PRESENT_AND_VERIFIED)
        client = self._client("webauthn.get", challenge)
        signature = self._key.sign(
            data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256())
        )
        return self._posted("webauthn.get", challenge, authenticatorData=data, signature=signature)

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(b"localhost").digest() + struct.pack(">BI", flags, 0)

    def _client(self, kind: str, challenge: bytes) -> bytes:
        said = {"type": kind, "challenge": encoded(challenge), "origin": ORIGIN}
        return json.dumps(said).encode()

    def _posted(self, kind: str, challenge: bytes, **response: bytes) -> bytes:
        response["clientDataJSON"] = self._client(kind, challenge)
        return json.dumps(
            {
                "id": encoded(CREDENTIAL),
                "rawId": encoded(CREDENTIAL),
                "type": "public-key",
                "response": {name: encoded(data) for name, data in response.items()},
            }
        ).encode()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Any]:
    """Makes the site's passkeys for an age limit, over one database."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "examples" / "site")
    made = import_module("passkeys").Passkeys
    return lambda limit: made(ORIGIN, limit, lambda: closing(sqlite3.connect(tmp_path / "site")))


@pytest.mark.parametrize(("kept", "asked"), [(16, 18), (18, 18), (21, 18)])
def test_a_passkey_opens_what_was_shown_and_no_more(
    site: Callable[[int], Any], kept: int, asked: int
) -> None:
    """Whoever was over 16 when the site asked about 16 is not let in when it asks about 18."""
    device = Authenticator()
    _, challenge = site(kept).registration()
    assert site(kept).keep(device.register(challenge), challenge)
    for limit, opens in ((kept, True), (asked, kept >= asked)):
        _, challenge = site(limit).authentication()
        assert site(limit).recognise(device.sign(challenge), challenge) == opens


def test_a_database_of_passkeys_without_ages_is_left_alone(
    site: Callable[[int], Any], tmp_path: Path
) -> None:
    """A site that kept passkeys before they had ages keeps new ones, and does not trip."""
    with closing(sqlite3.connect(tmp_path / "site")) as database, database:
        database.execute("CREATE TABLE passkeys (id BLOB, public_key BLOB, uses INTEGER)")
    _, challenge = site(18).registration()
    assert site(18).keep(Authenticator().register(challenge), challenge)


def test_a_passkey_that_is_not_kept_opens_nothing(site: Callable[[int], Any]) -> None:
    """Its signature verifies by its own key, which this site has never seen."""
    _, challenge = site(18).authentication()
    assert not site(18).recognise(Authenticator().sign(challenge), challenge)
