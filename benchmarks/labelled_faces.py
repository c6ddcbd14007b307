"""Labelled faces with exact ages, all of them usable, for the scripts that need every picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agecheck.bench.labels import LABELS_FILE, BadRow, LabelError, open_labels


@dataclass(frozen=True, slots=True)
class LabelledFace:
    """One picture and its label; ages are whole years, the group is what was asked for."""

    path: Path
    age_years: int
    group: tuple[str, ...] = ()


def read_labels(folder: Path, split: str, group_by: tuple[str, ...] = ()) -> list[LabelledFace]:
    """The faces of one split, in the file's order, from images/ and labels.csv.

    Raises:
        SystemExit: there is no such split or no labels file, or a row is not usable; these figures
            are not made on less than all pictures.
    """
    try:
        rows = list(
            open_labels(folder, labels=folder / LABELS_FILE, split=split, group_by=group_by)
        )
    except LabelError as error:
        raise SystemExit(str(error)) from None
    faces = []
    for row in rows:
        if isinstance(row, BadRow) or not row.is_exact:
            fault = row.fault if isinstance(row, BadRow) else "the age is a range"
            raise SystemExit(f"a row of {LABELS_FILE} cannot be used: {fault}")
        faces.append(LabelledFace(folder / "images" / row.file, row.lowest_age_years, row.groups))
    if not faces:
        raise SystemExit(f"no face has the split {split!r}")
    return faces
