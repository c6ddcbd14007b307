"""Reads a folder of labelled faces: images/ and labels.csv (file, age, …, split)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LabelledFace:
    """One picture and its label; ages are whole years."""

    path: Path
    age_years: int


def read_labels(folder: Path, split: str) -> list[LabelledFace]:
    """The faces of one split, in the file's order.

    Raises:
        SystemExit: there is no such split or no labels file; a benchmark does not run on nothing.
    """
    labels = folder / "labels.csv"
    if not labels.is_file():
        raise SystemExit(f"{labels.name} is missing in the given folder")
    with labels.open(newline="", encoding="utf-8") as file:
        faces = [
            LabelledFace(folder / "images" / row["file"], int(row["age"]))
            for row in csv.DictReader(file)
            if row["split"] == split
        ]
    if not faces:
        raise SystemExit(f"no face has the split {split!r}")
    return faces
