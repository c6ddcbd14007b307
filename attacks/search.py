"""Finds what must not be there: in objects, and in whatever they lead to."""

from __future__ import annotations

import gc
import types
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from agecheck.estimate import AgeEstimate
from agecheck.liveness.continuity import Jumps
from agecheck.liveness.reading import FaceReading
from agecheck.ports import AlignedFace, DetectedFace, FaceMesh, Sight
from agecheck.vision.pose import HeadPose
from agecheck.vision.quality import FaceQuality

PRIVATE_TYPES = (
    *(DetectedFace, FaceMesh, AlignedFace, AgeEstimate),
    *(HeadPose, FaceQuality, Sight, FaceReading, Jumps),
)
"""What a check or a live session makes of a face on its way to a verdict."""
_NOT_ENTERED = (types.ModuleType, type, types.CodeType, types.FunctionType, types.FrameType)
_PIECE_BYTES = 256


class Picture:
    """What a picture's bytes and pixels look like, wherever they turn up."""

    def __init__(self, encoded: bytes) -> None:
        from agecheck.image.reader import PillowPhotoReader

        pixels = PillowPhotoReader().open(encoded).decode().tobytes()
        middle, pixel_middle = len(encoded) // 2, len(pixels) // 2
        self._pieces = (
            encoded[middle : middle + _PIECE_BYTES],
            pixels[pixel_middle : pixel_middle + _PIECE_BYTES],
        )

    def is_in(self, value: object) -> bool:
        """Whether a buffer holds a piece of it."""
        match value:
            case np.ndarray():
                held = value.tobytes()
            case bytes() | bytearray():
                held = bytes(value)
            case memoryview():
                try:
                    held = value.tobytes()
                except ValueError:  # released
                    return False
            case _:
                return False
        return any(piece in held for piece in self._pieces)


def reachable(roots: Iterable[object]) -> Iterator[Any]:
    """Every object that these lead to, themselves included; not into modules and classes."""
    seen: set[int] = set()
    waiting = list(roots)
    while waiting:
        current = waiting.pop()
        if id(current) in seen or isinstance(current, _NOT_ENTERED):
            continue
        seen.add(id(current))
        yield current
        waiting.extend(gc.get_referents(current))
        if isinstance(current, types.MethodType):
            waiting.append(current.__self__)


def living() -> list[object]:
    """The private objects that this process holds anywhere."""
    gc.collect()
    return [thing for thing in gc.get_objects() if isinstance(thing, PRIVATE_TYPES)]


def alive() -> list[str]:
    """The names of their types."""
    return [type(thing).__name__ for thing in living()]


def locals_of(error: BaseException | None) -> Iterator[object]:
    """All variables of all frames of an exception and of those behind it."""
    while error is not None:
        trace = error.__traceback__
        while trace is not None:
            yield from trace.tb_frame.f_locals.values()
            trace = trace.tb_next
        error = error.__cause__ or error.__context__
