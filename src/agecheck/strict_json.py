"""Strict JSON: one text for one object, and None for anything else.

None instead of an error: Python's own decoding errors keep the text they failed on, and that text
can be a secret or a token.
"""

from __future__ import annotations

import json
from typing import NoReturn


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


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member occurs twice")
    return members


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("not a JSON number")
