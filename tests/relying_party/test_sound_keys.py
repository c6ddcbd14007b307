"""Keys that anybody could sign for are refused, by the curve's own arithmetic (RFC 8032)."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from agecheck.token import VerifierError
from agecheck.token.jwk import from_jwk
from relying_party.forging import encoded, jwk_of
from relying_party.vectors import FIELD_PRIME as P
from relying_party.vectors import GROUP_ORDER

D = -121665 * pow(121666, -1, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)
Point = tuple[int, int]


def with_y(y: int) -> Point | None:
    """The point of that y and an even or odd x, or None when there is none."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    for candidate in (x, x * SQRT_MINUS_1 % P):
        if candidate * candidate % P == square:
            return candidate, y
    return None


def add(one: Point, other: Point) -> Point:
    (x1, y1), (x2, y2) = one, other
    k = D * x1 * x2 * y1 * y2 % P
    return (
        (x1 * y2 + x2 * y1) * pow(1 + k, -1, P) % P,
        (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P,
    )


def times(n: int, point: Point) -> Point:
    total = (0, 1)
    for bit in bin(n)[2:]:
        total = add(total, total)
        if bit == "1":
            total = add(total, point)
    return total


def small_order_points() -> set[Point]:
    """All eight: what is left of a point once its part of large order is taken away."""
    y, points = 2, {(0, 1)}
    while len(points) < 8:
        point = with_y(y)
        if point is not None:
            left = times(GROUP_ORDER, point)
            points |= {times(n, left) for n in range(8)}
        y += 1
    return points


def spellings(point: Point) -> list[bytes]:
    """Canonical or not: y may be written as y + p where that fits, and 0 has two signs."""
    x, y = point
    signs = {x & 1} | ({0, 1} if x == 0 else set())
    return [
        (written | sign << 255).to_bytes(32, "little")
        for written in (y, y + P)
        if written < 2**255
        for sign in signs
    ]


SPELLINGS = sorted(text for point in small_order_points() for text in spellings(point))


def test_there_are_fourteen_spellings() -> None:
    """As others count them too: eight points, and six further ways to write some of them."""
    assert len(SPELLINGS) == 14


@pytest.mark.parametrize("raw", SPELLINGS, ids=bytes.hex)
def test_a_key_of_small_order_is_refused(raw: bytes) -> None:
    """Under such a key one signature fits many messages, whoever made it."""
    with pytest.raises(VerifierError, match="small order"):
        from_jwk({"kty": "OKP", "crv": "Ed25519", "x": encoded(raw)})


def test_the_refusal_is_needed() -> None:
    """OpenSSL alone accepts a signature that nobody made, under the neutral element as key."""
    base_point = bytes([0x58]) + b"\x66" * 31
    key = Ed25519PublicKey.from_public_bytes(bytes([1]) + bytes(31))
    for message in (b"over", b"under"):
        key.verify(base_point + bytes([1]) + bytes(31), message)


@given(st.binary(min_size=32, max_size=32))
def test_a_real_key_is_taken(seed: bytes) -> None:
    """No key that a device can have is on the list."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    assert from_jwk(jwk_of(key)).public_bytes_raw() == key.public_key().public_bytes_raw()
