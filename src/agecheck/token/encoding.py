"""Strict base64url and JSON: one text for one value, and None for anything else.

The functions return None instead of raising: Python's own decoding errors keep the text they
failed on, and that text can be a secret or a token.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import NoReturn


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


def parse_json_object(data: bytes) -> dict[str, object] | None:
    """A JSON object from UTF-8, or None.

    Stricter than `json.loads`: no second member of the same name at any depth, no NaN or
    Infinity, no other encoding.
    """
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def parse_flat_object(data: bytes) -> dict[str, object] | None:
    """As `parse_json_object`, but None also where a member is an array or an object.

    Nothing that agecheck signs is nested, so a verifier in another language needs no recursion,
    and none of them depends on how deep its JSON parser goes.
    """
    members = parse_json_object(data)
    if members is None or any(isinstance(value, dict | list) for value in members.values()):
        return None
    return members


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member occurs twice")
    return members


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("not a JSON number")
