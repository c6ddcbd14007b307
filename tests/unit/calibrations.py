"""The shipped calibration, and ways to change it."""

from __future__ import annotations

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


def parsed(content: bytes) -> Calibration | None:
    """The calibration, or None where it is refused; anything else than that fails the test."""
    try:
        return parse_calibration(content)
    except CalibrationError as error:
        trace = (error.__cause__, error.__context__)
    assert trace == (None, None)
    return None
