"""Writes the published vectors: python -m relying_party.make_refusals, with tests on the path."""

from __future__ import annotations

import json
from pathlib import Path

from relying_party.refusals import document

FILE = Path(__file__).parent.parent.parent / "docs/reference/vectors/refusals-v1.json"


def text() -> str:
    """ASCII, so that no editor or checkout changes a character."""
    return json.dumps(document(), indent=1, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="ascii")
