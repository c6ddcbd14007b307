"""The outer form of a compact JWS: what is looked at before any signature is."""

from __future__ import annotations

from agecheck.errors import TokenError, TokenFault
from agecheck.token import jws
from agecheck.token.encoding import base64url_decode, parse_flat_object


def well_formed(token: object, kind: str) -> str:
    """The token as text, its form and header checked; its signature is not.

    Args:
        token: anything.
        kind: the typ that the header must have.

    Raises:
        TokenError: TOO_LARGE, MALFORMED, WRONG_ALGORITHM or WRONG_TYPE.
    """
    compact = as_text(token)
    _check_header(compact, kind)
    return compact


def as_text(token: object) -> str:
    """The token as ASCII text of an acceptable length.

    Raises:
        TokenError: TOO_LARGE or MALFORMED.
    """
    if not isinstance(token, str | bytes):
        raise TokenError(TokenFault.MALFORMED)
    if len(token) > jws.MAX_TOKEN_CHARS:
        raise TokenError(TokenFault.TOO_LARGE)
    if not token.isascii():
        raise TokenError(TokenFault.MALFORMED)
    return token if isinstance(token, str) else token.decode("ascii")


def _check_header(compact: str, kind: str) -> None:
    """Three parts of base64url, and exactly agecheck's header; no other member is tolerated."""
    parts = [base64url_decode(part) for part in compact.split(".", 3)]
    if len(parts) != 3 or any(part is None for part in parts):
        raise TokenError(TokenFault.MALFORMED)
    header = parse_flat_object(parts[0] or b"")
    if header is None:
        raise TokenError(TokenFault.MALFORMED)
    if header.get("alg") != jws.ALGORITHM:
        raise TokenError(TokenFault.WRONG_ALGORITHM)
    if header.get("typ") != kind:
        raise TokenError(TokenFault.WRONG_TYPE)
    if header.keys() != {"alg", "typ"}:
        raise TokenError(TokenFault.MALFORMED)
