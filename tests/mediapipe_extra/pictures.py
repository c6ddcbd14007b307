"""The pictures that both detectors are shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PIL import Image

from selfies import degrade
from selfies.degrade import Portrait
from selfies.test_quality import FIT, REFUSED

Make = Callable[[Portrait], Image.Image]
CANVAS_SIZE_PX = (480, 640)


def placed(portrait: Portrait, eye_distance_px: float, left_px: int, top_px: int) -> Image.Image:
    """The head on a plain ground."""
    scaled = degrade.scaled_to_eye_distance(portrait, eye_distance_px)
    scale = scaled.width / portrait.picture.width
    head = scaled.crop((round(90 * scale), 0, round(360 * scale), round(260 * scale)))
    height_px, width_px = CANVAS_SIZE_PX
    canvas = Image.new("RGB", (width_px, height_px), (120, 130, 140))
    canvas.paste(head, (left_px, top_px))
    return canvas


# None lies just at a limit of quality, where a fraction of a pixel decides.
PORTRAITS: dict[str, Make] = {
    **{
        f"eyes {distance_px} px apart": partial(
            degrade.scaled_to_eye_distance, eye_distance_px=distance_px
        )
        for distance_px in (30, 45, 70, 110, 180)
    },
    "top left": lambda p: placed(p, 45, 0, 0),
    "bottom right": lambda p: placed(p, 45, 370, 220),
    "centre, large": lambda p: placed(p, 75, 100, 20),
    "left, small": lambda p: placed(p, 25, 20, 200),
    "in a tall picture": lambda p: p.picture.crop((130, 0, 320, 512)),
    "in a wide picture": lambda p: p.picture.crop((0, 20, 512, 220)),
    "filling the picture": lambda p: p.picture.crop((165, 50, 285, 200)),
}
SELFIES: dict[str, Make] = {**FIT, **{name: make for name, (make, _) in REFUSED.items()}}
