"""What a caller hands in, as the bytes that go to a worker."""

from __future__ import annotations

import os

from agecheck.errors import ImageError, ImageFault
from agecheck.image.encoded import bytes_of_buffer, bytes_of_file
from agecheck.seal.channel import Task, TaskKind


def task_of_source(source: object) -> tuple[Task, bytes | memoryview]:
    """The task and its payload. Encoded pictures are not looked into here, in the caller's process.

    Raises:
        ImageError: it is not a picture that can be taken.
    """
    match source:
        case bytes() | bytearray() | memoryview():
            return _encoded(bytes_of_buffer(source))
        case str() | os.PathLike():
            return _encoded(bytes_of_file(source))
    return _pixels(source)


def task_of_frame(frame: object, at_ms: int) -> tuple[Task, memoryview]:
    """The same for a live session's frame: nothing but an array of pixels is taken.

    Raises:
        ImageError: it is no uint8 RGB array of shape (height, width, 3).
    """
    from agecheck.image.frame import copy_of_frame

    pixels = copy_of_frame(frame)
    height_px, width_px, _ = pixels.shape
    return Task(TaskKind.LIVE_FRAME, pixels.nbytes, height_px, width_px, at_ms), pixels.data


def _pixels(source: object) -> tuple[Task, bytes]:
    """The caller has decoded them already, or opened them with Pillow."""
    from agecheck.image.reader import PillowPhotoReader

    image = PillowPhotoReader().open(source).decode()
    pixels = image.tobytes()
    return Task(TaskKind.FRAME, len(pixels), image.height, image.width), pixels


def _encoded(data: bytes) -> tuple[Task, bytes]:
    if not data:
        raise ImageError(ImageFault.EMPTY)
    return Task(TaskKind.ENCODED, size_bytes=len(data)), data
