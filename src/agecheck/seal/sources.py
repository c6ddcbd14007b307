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
    return frame_of_source(source, TaskKind.FRAME)


def frame_of_source(
    source: object, kind: TaskKind, at_ms: int = 0
) -> tuple[Task, bytes | memoryview]:
    """The same for pixels: the caller has decoded them already, or opened them with Pillow.

    Raises:
        ImageError: they cannot be taken.
    """
    from agecheck.image.reader import PillowPhotoReader

    image = PillowPhotoReader().open(source).decode()
    pixels = image.tobytes()
    return Task(kind, len(pixels), image.height, image.width, at_ms), pixels


def _encoded(data: bytes) -> tuple[Task, bytes]:
    if not data:
        raise ImageError(ImageFault.EMPTY)
    return Task(TaskKind.ENCODED, size_bytes=len(data)), data
