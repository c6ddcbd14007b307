"""Pictures for the attacks that need a face."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

PORTRAIT = Path(__file__).parent.parent / "tests" / "pictures" / "astronaut.png"
NOTE = "a note that came with the picture"


def jpeg_with_note() -> bytes:
    """The portrait as JPEG; its Exif data hold a note, as they hold names and places elsewhere."""
    exif = Image.Exif()
    exif[0x010E] = NOTE  # ImageDescription
    encoded = io.BytesIO()
    with Image.open(PORTRAIT) as image:
        image.convert("RGB").save(encoded, "JPEG", quality=92, exif=exif, comment=NOTE.encode())
    return encoded.getvalue()
