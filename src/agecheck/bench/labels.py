"""Reads who is how old: a labels file, UTKFace's file names, or a pattern on file names.

Labels are read twice, as a stream: once to count and to find the bad rows, once to measure. So
millions of rows take no memory.
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TextIO

from agecheck.bench.bands import OLDEST_YEARS
from agecheck.errors import AgecheckError

LABELS_FILE = "labels.csv"
UTKFACE_PATTERN = r"(?P<age>\d{1,3})_(?P<gender>[01])_(?P<race>[0-4])_.*"
_UTKFACE_WORDS = {
    "gender": {"0": "m", "1": "f"},
    "race": {"0": "White", "1": "Black", "2": "Asian", "3": "Indian", "4": "Others"},
}
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
DEFAULT_GROUPS = ("gender", "race", "group")
NOT_STATED = "not stated"
MAX_GROUP_CHARS = 40
MAX_GROUP_VALUES = 50
MAX_SUBJECT_CHARS = 200
MAX_LISTED_ROWS = 1000
_AGE = re.compile(r"(\d{1,3})(?:\s*-\s*(\d{1,3})|(\+))?")


class LabelError(AgecheckError, ValueError):
    """The labels as a whole cannot be used; the message names the cause, never a path."""


@dataclass(frozen=True, slots=True)
class FaceLabel:
    """One picture's label.

    Attributes:
        file: its path below the folder, with forward slashes.
        lowest_age_years, highest_age_years: equal for an exact age; both are in the range.
        groups: one value for each column that is grouped by.
        subject: whose picture it is; empty when that is not known.
    """

    file: str
    lowest_age_years: int
    highest_age_years: int
    groups: tuple[str, ...] = ()
    subject: str = ""

    @property
    def is_exact(self) -> bool:
        return self.lowest_age_years == self.highest_age_years


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used: its number, 1 for the first after the head, and why."""

    row: int
    fault: str


@dataclass(frozen=True, slots=True)
class LabelSource:
    """Where labels come from; iterate to read them.

    Attributes:
        folder: the pictures lie in it, or in images/ below it.
        csv_path: a labels file, or None to read file names.
        name_pattern: the pattern of file names, when there is no labels file; its group `age` is
            the age, other named groups are columns.
        split: only rows with this value in the column `split`; None takes all.
        group_by: columns that groups are made of.
    """

    folder: Path
    csv_path: Path | None
    name_pattern: str
    split: str | None
    group_by: tuple[str, ...]

    def __iter__(self) -> Iterator[FaceLabel | BadRow]:
        for number, row in enumerate(self._rows(), start=1):
            if self.split is not None and (row.get("split") or "").strip() != self.split:
                continue
            yield _label(row, self.group_by) or BadRow(number, _fault(row))

    def labels(self) -> Iterator[FaceLabel]:
        """The usable rows, in order."""
        return (label for label in self if isinstance(label, FaceLabel))

    def _rows(self) -> Iterator[dict[str, str | None]]:
        if self.csv_path is None:
            yield from _rows_of_names(self.folder, self.name_pattern)
            return
        with _open(self.csv_path) as file:
            yield from csv.DictReader(file, restkey=_TOO_MANY)


_TOO_MANY = "cells beyond the head"


def open_labels(
    folder: Path,
    *,
    labels: Path | None = None,
    age_pattern: str | None = None,
    split: str | None = None,
    group_by: tuple[str, ...] | None = None,
) -> LabelSource:
    """Settle where the labels come from.

    Args:
        folder: holds the pictures, and labels.csv unless another source is given.
        labels: a CSV file with the columns file and age, and as far as known gender, race or group,
            subject and split.
        age_pattern: a regular expression over whole file names, instead of a CSV file.
        split: which rows to take.
        group_by: columns to group by; None takes gender, race and group as far as they are there.

    Raises:
        LabelError: there are no labels, or no such column.
    """
    if not folder.is_dir():
        raise LabelError("the folder of pictures is missing")
    if labels is not None and age_pattern is not None:
        raise LabelError("give a labels file or an age pattern, not both")
    if labels is None and age_pattern is None and (folder / LABELS_FILE).is_file():
        labels = folder / LABELS_FILE
    pattern = UTKFACE_PATTERN if age_pattern is None else age_pattern
    columns = _columns_of_pattern(pattern) if labels is None else _columns_of_csv(labels)
    if group_by is None:
        group_by = tuple(name for name in DEFAULT_GROUPS if name in columns)
    known = ", ".join(columns)
    for wanted in (*group_by, *(() if split is None else ("split",))):
        if wanted not in columns:
            raise LabelError(f"the labels have no column {wanted!r}; they have {known}")
    return LabelSource(folder, labels, pattern, split, group_by)


@dataclass(frozen=True, slots=True)
class LabelCount:
    """What a first reading found.

    Attributes:
        pictures: usable rows.
        bad_rows: the first MAX_LISTED_ROWS rows that are not usable.
        faults: how many rows have each fault.
        digest: sha256 in hex over the usable rows.
        has_subjects: whether every usable row names its subject.
    """

    pictures: int
    bad_rows: tuple[BadRow, ...]
    faults: dict[str, int]
    digest: str
    has_subjects: bool


def count_labels(source: LabelSource) -> LabelCount:
    """Read all labels once.

    Raises:
        LabelError: no row is usable, or a column has too many values to be a group.
    """
    pictures, with_subject = 0, 0
    bad_rows: list[BadRow] = []
    faults: Counter[str] = Counter()
    digest = hashlib.sha256()
    values: list[set[str]] = [set() for _ in source.group_by]
    for row in source:
        if isinstance(row, BadRow):
            faults[row.fault] += 1
            if len(bad_rows) < MAX_LISTED_ROWS:
                bad_rows.append(row)
            continue
        pictures += 1
        with_subject += bool(row.subject)
        digest.update(repr(row).encode())
        for name, seen, value in zip(source.group_by, values, row.groups, strict=True):
            seen.add(value)
            if len(seen) > MAX_GROUP_VALUES:
                raise LabelError(f"column {name!r} has too many values to group by")
    if not pictures:
        of_split = "" if source.split is None else f" has the split {source.split!r} and"
        raise LabelError(f"no row{of_split} can be used")
    return LabelCount(
        pictures, tuple(bad_rows), dict(faults), digest.hexdigest(), with_subject == pictures
    )


def parse_age(text: str) -> tuple[int, int] | None:
    """An age, a range such as "20-29", or "70+"; None when it is none of them."""
    match = _AGE.fullmatch(text.strip())
    if match is None:
        return None
    lowest_years = int(match[1])
    highest_years = OLDEST_YEARS if match[3] else int(match[2] or match[1])
    return (lowest_years, highest_years) if lowest_years <= highest_years <= OLDEST_YEARS else None


def _label(row: dict[str, str | None], group_by: tuple[str, ...]) -> FaceLabel | None:
    if _fault(row):
        return None
    lowest_years, highest_years = parse_age(row.get("age") or "") or (0, 0)
    return FaceLabel(
        (row.get("file") or "").strip(),
        lowest_years,
        highest_years,
        tuple(_group_value(row.get(name)) for name in group_by),
        (row.get("subject") or "").strip()[:MAX_SUBJECT_CHARS],
    )


def _fault(row: dict[str, str | None]) -> str:
    """Why a row is not usable; empty when it is."""
    path = PurePosixPath((row.get("file") or "").strip())
    if _TOO_MANY in row or None in row.values():
        return "not as many cells as the head"
    if not path.name or "\0" in path.name:
        return "no file is named"
    if path.is_absolute() or ".." in path.parts:
        return "the file lies outside the folder"
    if parse_age(row.get("age") or "") is None:
        return "the age is neither a whole number nor a range"
    return ""


def _group_value(text: str | None) -> str:
    """A free text as a short printable one."""
    words = " ".join((text or "").split())
    return "".join(char for char in words if char.isprintable())[:MAX_GROUP_CHARS] or NOT_STATED


def _rows_of_names(folder: Path, pattern: str) -> Iterator[dict[str, str | None]]:
    compiled = _compiled(pattern)
    root = folder / "images" if (folder / "images").is_dir() else folder
    with os.scandir(root) as entries:
        names = sorted(entry.name for entry in entries if entry.is_file())
    for name in names:
        if not name.lower().endswith(PICTURE_SUFFIXES):
            continue
        match = compiled.fullmatch(name)
        found: dict[str, str | None] = {} if match is None else dict(match.groupdict())
        if match is not None and "age" not in found:
            found["age"] = match[1]
        if pattern == UTKFACE_PATTERN:
            for column, words in _UTKFACE_WORDS.items():
                found[column] = words.get(found.get(column) or "", "")
        yield {**found, "file": name, "age": found.get("age", "")}


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error:
        raise LabelError("the age pattern is not a regular expression") from None
    if "age" not in compiled.groupindex and compiled.groups != 1:
        raise LabelError("the age pattern needs a group named age, or exactly one group")
    return compiled


def _columns_of_pattern(pattern: str) -> tuple[str, ...]:
    return ("file", *sorted({*_compiled(pattern).groupindex, "age"}))


def _columns_of_csv(path: Path) -> tuple[str, ...]:
    with _open(path) as file:
        columns = tuple(csv.DictReader(file).fieldnames or ())
    if "file" not in columns or "age" not in columns:
        raise LabelError("the labels file has no columns file and age")
    return columns


def _open(path: Path) -> TextIO:
    try:
        # A stray byte makes a bad row, not a failed run; spreadsheets begin with a mark.
        return path.open(newline="", encoding="utf-8-sig", errors="replace")
    except OSError:
        raise LabelError("the labels file cannot be read") from None
