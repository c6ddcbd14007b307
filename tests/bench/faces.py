"""Makes a folder of labelled pictures from the sample portrait: real faces for real models."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageEnhance

PICTURES = Path(__file__).parent.parent / "pictures"


@dataclass(frozen=True)
class LabelledFolder:
    """A folder, and what is in it.

    Attributes:
        usable: names of the pictures that count.
        undecodable, missing: names of labelled files that are no picture, or not there.
        bad_rows: numbers of the rows without a usable label.
    """

    path: Path
    usable: Sequence[str]
    undecodable: Sequence[str]
    missing: Sequence[str]
    bad_rows: Sequence[int]


def make_folder(path: Path, pictures: int) -> LabelledFolder:
    """Varied crops, sizes and light of one face, every thirteenth a cat."""
    (path / "images").mkdir(parents=True)
    rows: list[list[object]] = []
    with (
        Image.open(PICTURES / "astronaut.png") as portrait,
        Image.open(PICTURES / "chelsea.png") as animal,
    ):
        face, cat = portrait.convert("RGB"), animal.convert("RGB")
    for index in range(pictures):
        name = f"face-{index:03}.jpg"
        _varied(cat if index % 13 == 12 else face, index).save(path / "images" / name, quality=85)
        # Two pictures a subject; a third of them minors; few of the group "rare".
        age = (14 + index % 4, 25 + index % 16, 5 + 7 * (index % 11))[index % 3]
        group = "rare" if index % 40 == 0 else ("north", "south")[index % 2]
        rows.append([name, age, "fm"[index // 2 % 2], group, f"person-{index // 2}"])
    (path / "images" / "broken.jpg").write_bytes(b"\xff\xd8 not a picture")
    rows.append(["broken.jpg", 30, "f", "north", "person-x"])
    rows.append(["missing.jpg", 30, "f", "north", "person-y"])
    rows.append(["face-000.jpg", "old", "f", "north", "person-z"])
    with (path / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["file", "age", "gender", "group", "subject"], *rows])
    return LabelledFolder(
        path,
        usable=[str(row[0]) for row in rows[:pictures]],
        undecodable=["broken.jpg"],
        missing=["missing.jpg"],
        bad_rows=[len(rows)],
    )


def _varied(picture: Image.Image, index: int) -> Image.Image:
    shift = index % 12
    cropped = picture.crop((90 + shift, shift, 370 - shift, 280 - shift))
    side_px = 200 + 16 * (index % 10)
    resized = cropped.resize((side_px, side_px), Image.Resampling.BILINEAR)
    return ImageEnhance.Brightness(resized).enhance(0.6 + 0.08 * (index % 9))
