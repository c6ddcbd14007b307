"""Reads who is how old: a labels file, Parquet files, UTKFace's file names, or a pattern on them.

Labels are read twice, as a stream: once to count and to find the bad rows, once to measure. So
millions of rows take no memory.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from agecheck.bench.bands import OLDEST_YEARS
from agecheck.bench.label_rows import (
    FAULT,
    PLACE,
    ROW,
    TOO_MANY,
    UTKFACE_PATTERN,
    Row,
    columns_of_csv,
    columns_of_parquet,
    columns_of_pattern,
    rows_of_csv,
    rows_of_names,
    rows_of_parquet,
)
from agecheck.bench.label_rows import LabelError as LabelError
from agecheck.bench.parquet import SUFFIX, parquet_files

LABELS_FILE = "labels.csv"
DEFAULT_GROUPS = ("gender", "race", "group")
NOT_STATED = "not stated"
_COLUMNS = ("file", "age", "split", "subject")
MAX_GROUP_CHARS = 40
MAX_GROUP_VALUES = 50
MAX_SUBJECT_CHARS = 200
MAX_LISTED_ROWS = 1000
_AGE = re.compile(r"(\d{1,3})(?:\.0*)?(?:\s*-\s*(\d{1,3})|(\+))?")
"""17.0 is how spreadsheets and pandas write a column of whole numbers with gaps."""


@dataclass(frozen=True, slots=True)
class FaceLabel:
    """One picture's label.

    Attributes:
        file: its path below the folder, with forward slashes.
        lowest_age_years, highest_age_years: equal for an exact age; both are in the range.
        groups: one value for each column that is grouped by.
        subject: whose picture it is; empty when that is not known.
        archive: the tar or Parquet file below the folder that holds it; empty for a file.
        row: its place in a Parquet file.

    Where a picture lies is no part of what its label says: it is left out of the digest.
    """

    file: str
    lowest_age_years: int
    highest_age_years: int
    groups: tuple[str, ...] = ()
    subject: str = ""
    archive: str = field(default="", repr=False)
    row: int = field(default=-1, repr=False)

    @property
    def is_exact(self) -> bool:
        return self.lowest_age_years == self.highest_age_years


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used: its number, 1 for the first after the head, and why.

    Attributes:
        file: its name, escaped, where labels are file names; or the archive that is damaged.
    """

    row: int
    fault: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class LabelSource:
    """Where labels come from; iterate to read them.

    Attributes:
        folder: the pictures lie in it, or in images/ below it.
        csv_path: a labels file, or None to read Parquet files or file names.
        parquet: names of Parquet files, when there is no labels file.
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
    parquet: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[FaceLabel | BadRow]:
        for number, row in enumerate(self._rows(), start=1):
            # A row that could not be read may be of any split.
            of_split = FAULT in row or (row.get("split") or "").strip() == self.split
            if self.split is not None and not of_split:
                continue
            label = _label(row, self.group_by)
            yield label or BadRow(number, _fault(row), _escaped(row.get(PLACE) or ""))

    def labels(self) -> Iterator[FaceLabel]:
        """The usable rows, in order."""
        return (label for label in self if isinstance(label, FaceLabel))

    def _rows(self) -> Iterator[Row]:
        if self.parquet:
            for name in self.parquet:
                yield from rows_of_parquet(self.folder, name, (*_COLUMNS, *self.group_by))
        elif self.csv_path is None:
            yield from rows_of_names(self.folder, self.name_pattern)
        else:
            yield from rows_of_csv(self.csv_path)


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
        folder: holds the pictures, and labels.csv or Parquet files unless another source is given.
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
    parquet = parquet_files(folder) if labels is None and age_pattern is None else []
    if parquet:
        columns = columns_of_parquet(folder, parquet)
    else:
        columns = columns_of_pattern(pattern) if labels is None else columns_of_csv(labels)
    if group_by is None:
        group_by = tuple(name for name in DEFAULT_GROUPS if name in columns)
    group_by = tuple(dict.fromkeys(group_by))  # a column given twice would count people twice
    known = ", ".join(columns)
    for wanted in (*group_by, *(() if split is None else ("split",))):
        if wanted not in columns:
            raise LabelError(f"the labels have no column {wanted!r}; they have {known}")
    return LabelSource(folder, labels, pattern, split, group_by, tuple(parquet))


@dataclass(frozen=True, slots=True)
class LabelCount:
    """What a first reading found.

    Attributes:
        pictures: usable rows.
        bad_rows: the first MAX_LISTED_ROWS rows that are not usable.
        faults: how many rows have each fault.
        digest: sha256 in hex over the usable rows.
        has_subjects: whether any usable row names its subject.
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
        raise LabelError(f"no row{of_split} can be used{_hint(source)}")
    return LabelCount(pictures, tuple(bad_rows), dict(faults), digest.hexdigest(), with_subject > 0)


def _hint(source: LabelSource) -> str:
    """What was tried where nobody said where labels are."""
    if source.csv_path is not None or source.parquet or source.name_pattern != UTKFACE_PATTERN:
        return ""
    return f": there is no {LABELS_FILE}, and no file name begins with an age as UTKFace's do"


def parse_age(text: str) -> tuple[int, int] | None:
    """An age, a range such as "20-29", or "70+"; None when it is none of them."""
    match = _AGE.fullmatch(text.strip())
    if match is None:
        return None
    lowest_years = int(match[1])
    highest_years = OLDEST_YEARS if match[3] else int(match[2] or match[1])
    return (lowest_years, highest_years) if lowest_years <= highest_years <= OLDEST_YEARS else None


def _label(row: Row, group_by: tuple[str, ...]) -> FaceLabel | None:
    if _fault(row):
        return None
    lowest_years, highest_years = parse_age(row.get("age") or "") or (0, 0)
    return FaceLabel(
        (row.get("file") or "").strip(),
        lowest_years,
        highest_years,
        tuple(_group_value(row.get(name)) for name in group_by),
        (row.get("subject") or "").strip()[:MAX_SUBJECT_CHARS],
        (row.get("archive") or "").strip(),
        int(row.get(ROW) or -1),
    )


def _fault(row: Row) -> str:
    """Why a row is not usable; empty when it is."""
    if FAULT in row:
        return row[FAULT] or ""
    path = PurePosixPath((row.get("file") or "").strip())
    if TOO_MANY in row or None in row.values():
        return "not as many cells as the head"
    if not _is_text("".join(row.get(name) or "" for name in ("file", "archive", "subject"))):
        return "a name is not UTF-8"
    if not path.name or "\0" in path.name:
        return "no file is named"
    archive = PurePosixPath((row.get("archive") or "").strip())
    if any(place.is_absolute() or ".." in place.parts for place in (path, archive)):
        return "the file lies outside the folder"
    if archive.name and archive.suffix != (SUFFIX if ROW in row else ".tar"):
        return "the archive is no .tar"
    if parse_age(row.get("age") or "") is None:
        return "the age is neither a whole number nor a range"
    return ""


def _group_value(text: str | None) -> str:
    """A free text as a short printable one."""
    words = " ".join((text or "").split())
    return "".join(char for char in words if char.isprintable())[:MAX_GROUP_CHARS] or NOT_STATED


def _is_text(names: str) -> bool:
    """Whether no byte in names from the file system is other than UTF-8."""
    try:
        names.encode()
    except UnicodeEncodeError:
        return False
    return True


def _escaped(name: str) -> str:
    """A file's name as text on one line."""
    text = os.fsencode(name).decode(errors="backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
