"""Keys that anybody could sign for, or that have two spellings, are no keys."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from agecheck.token import VerifierError
from agecheck.token.encoding import base64url_encode, parse_flat_object
from agecheck.token.jwk import from_jwk, to_jwk

FIELD_PRIME = 2**255 - 19
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
EDWARDS_D = -121665 * pow(121666, -1, FIELD_PRIME) % FIELD_PRIME
Point = tuple[int, int]


def sum_of(one: Point, other: Point) -> Point:
    """On RFC 8032's curve, by its addition law."""
    (x1, y1), (x2, y2) = one, other
    k = EDWARDS_D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + k, -1, FIELD_PRIME)
    y = (y1 * y2 + x1 * x2) * pow(1 - k, -1, FIELD_PRIME)
    return x % FIELD_PRIME, y % FIELD_PRIME


def product(n: int, point: Point) -> Point:
    total = (0, 1)
    for bit in bin(n)[2:]:
        total = sum_of(total, total)
        if bit == "1":
            total = sum_of(total, point)
    return total


def point_with(y: int) -> Point | None:
    square = (y * y - 1) * pow(EDWARDS_D * y * y + 1, -1, FIELD_PRIME) % FIELD_PRIME
    root = pow(square, (FIELD_PRIME + 3) // 8, FIELD_PRIME)
    for x in (root, root * pow(2, (FIELD_PRIME - 1) // 4, FIELD_PRIME) % FIELD_PRIME):
        if x * x % FIELD_PRIME == square:
            return x, y
    return None


def small_order_points() -> set[Point]:
    """All eight, computed: what is left of points without their part of large order."""
    y, found = 2, {(0, 1)}
    while len(found) < 8:
        point = point_with(y)
        if point is not None:
            left = product(GROUP_ORDER, point)
            found |= {product(n, left) for n in range(8)}
        y += 1
    return found


def jwk_of(encoded: int) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": base64url_encode(encoded.to_bytes(32, "little"))}


@pytest.mark.parametrize("point", sorted(small_order_points()))
@pytest.mark.parametrize("sign", [0, 1])
def test_a_key_of_small_order_is_refused(point: Point, sign: int) -> None:
    """Under it one signature fits many messages, and the library below does not refuse it."""
    encoded = point[1] | sign << 255
    Ed25519PublicKey.from_public_bytes(encoded.to_bytes(32, "little"))
    with pytest.raises(VerifierError):
        from_jwk(jwk_of(encoded))


@pytest.mark.parametrize("y", [FIELD_PRIME, FIELD_PRIME + 3, 2**255 - 1])
def test_a_second_spelling_of_a_key_is_refused(y: int) -> None:
    """One key, one thumbprint: an issuer cannot appear under two names."""
    with pytest.raises(VerifierError):
        from_jwk(jwk_of(y))


@given(st.binary(min_size=32, max_size=32))
def test_an_ordinary_key_is_taken(seed: bytes) -> None:
    """No key that a device can have is lost."""
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    assert from_jwk(to_jwk(key)).public_bytes_raw() == key.public_bytes_raw()


@pytest.mark.parametrize("nested", [b'{"a":{}}', b'{"a":[1]}', b'{"a":[[[]]]}'])
def test_signed_json_is_flat(nested: bytes) -> None:
    """No verifier depends on how deep its JSON parser goes."""
    assert parse_flat_object(nested) is None
    assert parse_flat_object(b'{"a":1,"b":"c","d":null}') == {"a": 1, "b": "c", "d": None}
