"""The shipped calibration, and ways to change it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agecheck import calibration as module
from agecheck.calibration import (
    Calibration,
    parse_calibration,
)
from agecheck.errors import CalibrationError

SHIPPED_PATH = Path(module.__file__).parent / "models" / "data" / module.SHIPPED_FILE
SHIPPED_BYTES = SHIPPED_PATH.read_bytes()
SHIPPED_DOCUMENT: dict[str, Any] = json.loads(SHIPPED_BYTES)
Edit = Callable[[dict[str, Any]], object]


def put(value: object, *path: str | int) -> Edit:
    """Put a value in a member's place."""

    def edit(document: dict[str, Any]) -> None:
        place: Any = document
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return edit


UNDER_ALL = put([-60.0] * len(SHIPPED_DOCUMENT["fusion"]["intercepts"]), "fusion", "intercepts")
"""Every face becomes an infant's: an answer of UNDER comes of this fusion, and of no other."""


def write_own(path: Path, *edits: Edit) -> str:
    """A deployer's own calibration: the shipped one, changed. Returns its digest."""
    document = json.loads(SHIPPED_BYTES)
    for edit in edits:
        edit(document)
    path.write_text(json.dumps(document))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def parsed(content: bytes) -> Calibration | None:
    """The calibration, or None where it is refused; anything else than that fails the test."""
    try:
        return parse_calibration(content)
    except CalibrationError as error:
        trace = (error.__cause__, error.__context__)
    assert trace == (None, None)
    return None
