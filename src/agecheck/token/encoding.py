"""Strict base64url, and JSON objects without depth: None for anything else, as in `strict_json`."""

from __future__ import annotations

import base64
import binascii

from agecheck.strict_json import parse_json_object


def base64url_encode(data: bytes) -> str:
    """base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def base64url_decode(text: str) -> bytes | None:
    """The bytes of a canonical base64url text, or None.

    Padding, white space, foreign characters and stray bits in the last character are refused, so
    that no two texts mean the same bytes.
    """
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    return data if base64url_encode(data) == text else None


def parse_flat_object(data: bytes) -> dict[str, object] | None:
    """As `parse_json_object`, but None also where a member is an array or an object.

    Nothing that agecheck signs is nested, so a verifier in another language needs no recursion,
    and none of them depends on how deep its JSON parser goes.
    """
    members = parse_json_object(data)
    if members is None or any(isinstance(value, dict | list) for value in members.values()):
        return None
    return members
