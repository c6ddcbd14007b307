"""A policy that the sample portrait passes, and the portrait in other files."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from agecheck import (
    AgePolicy,
    CheckResult,
    Verdict,
)

CHALLENGE_25 = AgePolicy(age_limit=18, challenge_age=25)
OVER = CheckResult(Verdict.OVER)


def recoded(portrait: Path, image_format: str, side_px: int = 512, **options: int) -> bytes:
    """The portrait as another file."""
    file = io.BytesIO()
    with Image.open(portrait) as opened:
        picture = opened.convert("RGB").resize((side_px, side_px), Image.Resampling.LANCZOS)
        picture.save(file, image_format, **options)
    return file.getvalue()
