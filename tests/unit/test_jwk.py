"""What has two spellings is no key, and what is nested was not signed by a device.

Keys that anybody could sign for: tests/relying_party/test_sound_keys.py.
"""

from __future__ import annotations

import pytest

from agecheck.token import VerifierError
from agecheck.token.encoding import base64url_encode, parse_flat_object
from agecheck.token.jwk import from_jwk

FIELD_PRIME = 2**255 - 19


def jwk_of(encoded: int) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": base64url_encode(encoded.to_bytes(32, "little"))}


@pytest.mark.parametrize("y", [FIELD_PRIME, FIELD_PRIME + 3, 2**255 - 1])
def test_a_second_spelling_of_a_key_is_refused(y: int) -> None:
    """One key, one thumbprint: an issuer cannot appear under two names."""
    with pytest.raises(VerifierError):
        from_jwk(jwk_of(y))


@pytest.mark.parametrize("nested", [b'{"a":{}}', b'{"a":[1]}', b'{"a":[[[]]]}'])
def test_signed_json_is_flat(nested: bytes) -> None:
    """No verifier depends on how deep its JSON parser goes."""
    assert parse_flat_object(nested) is None
    assert parse_flat_object(b'{"a":1,"b":"c","d":null}') == {"a": 1, "b": "c", "d": None}
