"""Where labels stand: rows of a CSV file, of Parquet files, or of file names. Text, unchecked."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from typing import TextIO, TypeAlias

from agecheck.bench.csv_rows import CsvFile
from agecheck.bench.parquet import IMAGE, label_rows
from agecheck.bench.parquet import columns_of as parquet_columns
from agecheck.errors import AgecheckError

UTKFACE_PATTERN = r"(?P<age>\d{1,3})_(?P<gender>[01])_(?P<race>[0-4])_.*"
_UTKFACE_WORDS = {
    "gender": {"0": "m", "1": "f"},
    "race": {"0": "White", "1": "Black", "2": "Asian", "3": "Indian", "4": "Others"},
}
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
TOO_MANY = "cells beyond the head"
ROW = "\0row"
"""The column of a picture's place in a Parquet file; no head of a labels file."""
FAULT = "\0fault"
"""Why a row could not be read; such a row has no other column but PLACE."""
PLACE = "\0place"
"""What a row is found by where its number does not help: a file's or an archive's name."""
_ONE_LINE = ("file", "age", "archive")
_MAX_SHOWN_CHARS = 200

Row: TypeAlias = dict[str, str | None]


class LabelError(AgecheckError, ValueError):
    """The labels as a whole cannot be used; the message names the cause, never a path."""


def rows_of_names(folder: Path, pattern: str) -> Iterator[Row]:
    """One row a picture, in the order of the names; columns are the pattern's groups.

    Raises:
        LabelError: the pattern is none, or has no age.
    """
    compiled = _compiled(pattern)
    root = folder / "images" if (folder / "images").is_dir() else folder
    with os.scandir(root) as entries:
        names = sorted(entry.name for entry in entries if entry.is_file())
    for name in names:
        if not name.lower().endswith(PICTURE_SUFFIXES):
            continue
        match = compiled.fullmatch(name)
        found: Row = {} if match is None else dict(match.groupdict(""))
        if match is not None and "age" not in found:
            found["age"] = match[1] or ""
        if pattern == UTKFACE_PATTERN:
            for column, words in _UTKFACE_WORDS.items():
                found[column] = words.get(found.get(column) or "", "")
        yield {**found, "file": name, "age": found.get("age", ""), PLACE: name}


def rows_of_parquet(folder: Path, name: str, wanted: tuple[str, ...]) -> Iterator[Row]:
    """One row a picture, with its place; columns are those wanted, as far as they are there.

    A file that cannot be read is one row with a FAULT: how many it had is not known.
    """
    try:
        for index, row in enumerate(label_rows(folder / name, wanted)):
            # A picture without a name of its own is named by its place.
            place = f"{name}/{index}"
            if row is None:
                yield {FAULT: "the archive is damaged here", PLACE: place}
            else:
                yield {"file": place, **row, "archive": name, ROW: str(index)}
    except ValueError:
        yield {FAULT: "the archive cannot be read, nor its rows be counted", PLACE: name}


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error:
        raise LabelError("the age pattern is not a regular expression") from None
    if "age" not in compiled.groupindex and compiled.groups != 1:
        raise LabelError("the age pattern needs a group named age, or exactly one group")
    return compiled


def columns_of_pattern(pattern: str) -> tuple[str, ...]:
    """What file names say.

    Raises:
        LabelError: the pattern is none, or has no age.
    """
    return ("file", *sorted({*_compiled(pattern).groupindex, "age"}))


def columns_of_csv(path: Path) -> tuple[str, ...]:
    """The head of a labels file.

    Raises:
        LabelError: it cannot be read, or names no files or no ages.
    """
    with _open(path) as file:
        columns = tuple(CsvFile(file, _ONE_LINE).head)
    if "file" not in columns or "age" not in columns:
        found = "".join(c if c.isprintable() else "?" for c in ", ".join(columns))
        raise LabelError(
            "the labels file needs the columns file and age, with commas between; it has: "
            f"{found[:_MAX_SHOWN_CHARS] or 'none'}"
        )
    return columns


def columns_of_parquet(folder: Path, names: Sequence[str]) -> tuple[str, ...]:
    """The label columns of the first file that can be read.

    Raises:
        LabelError: none can, or it holds no pictures or no ages.
    """
    for name in names:
        with suppress(ValueError):
            columns = parquet_columns(folder / name)
            break
    else:
        raise LabelError("no Parquet file of the folder can be read")
    if "age" not in columns or IMAGE not in columns:
        raise LabelError("the Parquet files have no columns age and image")
    return tuple(name for name in columns if name != IMAGE)


def rows_of_csv(path: Path) -> Iterator[Row]:
    """The rows of a labels file; cells beyond the head are under TOO_MANY, missing ones None.

    Raises:
        LabelError: it cannot be read.
    """
    with _open(path) as file:
        read = CsvFile(file, _ONE_LINE)
        for cells in read.rows():
            if cells is None:
                yield {FAULT: "the row is not CSV: an open quotation mark, or a cell too long"}
                continue
            row: Row = dict(zip_longest(read.head, cells[: len(read.head)]))
            if len(cells) > len(read.head):
                row[TOO_MANY] = ""
            yield row


def _open(path: Path) -> TextIO:
    try:
        # A stray byte makes a bad row, not a failed run; spreadsheets begin with a mark.
        return path.open(newline="", encoding="utf-8-sig", errors="replace")
    except OSError:
        raise LabelError("the labels file cannot be read") from None
