"""Picture intake: whatever a caller hands in becomes an RGB frame, or a typed error."""

from agecheck.image.reader import (
    MAX_ENCODED_BYTES,
    MAX_PIXELS,
    MAX_SIDE_PX,
    PillowPhotoReader,
)

__all__ = ["MAX_ENCODED_BYTES", "MAX_PIXELS", "MAX_SIDE_PX", "PillowPhotoReader"]
