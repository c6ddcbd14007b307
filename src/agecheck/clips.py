"""Reads moving pictures: video files, cameras, animated pictures and folders of frames.

Video needs PyAV, which comes with the extras `bench` and `kiosk`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agecheck.errors import ImageError, ImageFault, MissingExtraError
from agecheck.image.reader import PillowPhotoReader
from agecheck.pillow import pixels_of

if TYPE_CHECKING:
    from agecheck.ports import RgbFrame

    Clip = Iterator[tuple[RgbFrame, int]]

FOLDER_FRAME_MS = 33
"""A folder of pictures says nothing about time: they are taken as 30 a second."""
DEFAULT_ANIMATION_MS = 100
MAX_SIDE_PX = 1280
"""Longer frames are scaled down: a live session gains nothing from more."""
PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
ANIMATED_SUFFIXES = frozenset({".gif", ".apng", ".webp"})
_DEVICE = re.compile(r"/dev/video[0-9]{1,3}")


def read_clip(path: Path) -> Clip:
    """The frames of a clip, one after the other, with their own times.

    Args:
        path: a video file, /dev/videoN, an animated GIF, PNG or WebP, or a folder of pictures in
            the order of their names, in which numbers count as numbers: 9.jpg before 10.jpg.

    Yields:
        (uint8 RGB (height, width, 3), upright; time in ms from the clip's start or the device's
        clock, never less than the one before).

    Raises:
        ImageError: it is no clip, or it breaks off within a frame.
        MissingExtraError: it is a video, and PyAV is not installed.
    """
    if path.is_dir():
        return _folder(path)
    if path.suffix.lower() in ANIMATED_SUFFIXES:
        return _animation(path)
    return _video(path)


def _folder(path: Path) -> Clip:
    pictures = (p for p in path.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES)
    names = sorted(pictures, key=_order)
    if not names:
        raise ImageError(ImageFault.EMPTY)
    reader = PillowPhotoReader()
    for index, name in enumerate(names):
        yield pixels_of(reader.open(name).decode()), index * FOLDER_FRAME_MS


def _order(path: Path) -> list[tuple[int, str]]:
    parts = re.split(r"([0-9]+)", path.name)
    return [(int(part), "") if index % 2 else (-1, part) for index, part in enumerate(parts)]


def _animation(path: Path) -> Clip:
    from PIL import Image, ImageSequence, UnidentifiedImageError

    at_ms = 0
    try:
        with Image.open(path) as opened:
            for frame in ImageSequence.Iterator(opened):
                yield pixels_of(_within_limit(frame.convert("RGB"))), at_ms
                at_ms += int(frame.info.get("duration", 0)) or DEFAULT_ANIMATION_MS
    except FileNotFoundError:
        raise ImageError(ImageFault.NOT_FOUND) from None
    except UnidentifiedImageError:
        raise ImageError(ImageFault.NOT_AN_IMAGE) from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise ImageError(ImageFault.CORRUPT) from None


def _within_limit(image: Any) -> Any:
    longer = max(image.size)
    if longer <= MAX_SIDE_PX:
        return image
    scale = MAX_SIDE_PX / longer
    return image.resize((round(image.width * scale), round(image.height * scale)))


def _video(path: Path) -> Clip:
    try:
        import av
    except ImportError:
        raise MissingExtraError("bench") from None
    is_device = _DEVICE.fullmatch(str(path)) is not None
    if not path.exists():
        raise ImageError(ImageFault.NOT_FOUND)
    try:
        # Only the local file is opened: no other protocol, whatever a playlist in it asks for.
        container = av.open(
            str(path),
            format="v4l2" if is_device else None,
            options={} if is_device else {"protocol_whitelist": "file"},
        )
    except (av.FFmpegError, OSError, ValueError):
        raise ImageError(ImageFault.NOT_AN_IMAGE) from None
    with container:
        if not container.streams.video:
            raise ImageError(ImageFault.NOT_AN_IMAGE)
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        first_s: float | None = None
        last_ms = 0
        try:
            for frame in container.decode(stream):
                time_s = frame.time
                if time_s is None:
                    time_s = (first_s or 0.0) + last_ms / 1000 + FOLDER_FRAME_MS / 1000
                first_s = time_s if first_s is None else first_s
                last_ms = max(last_ms, round((time_s - first_s) * 1000))
                yield _upright(frame), last_ms
        except (av.FFmpegError, OSError, ValueError):
            raise ImageError(ImageFault.CORRUPT) from None


def _upright(frame: Any) -> RgbFrame:
    """RGB within the size limit, turned by the rotation that a phone wrote beside the picture."""
    import numpy as np

    longer = max(frame.width, frame.height)
    if longer > MAX_SIDE_PX:
        scale = MAX_SIDE_PX / longer
        frame = frame.reformat(
            width=round(frame.width * scale / 2) * 2,
            height=round(frame.height * scale / 2) * 2,
            format="rgb24",
        )
    pixels: RgbFrame = frame.to_ndarray(format="rgb24")
    # Degrees counter-clockwise by which the picture is to be turned.
    quarters = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, quarters)) if quarters else pixels
