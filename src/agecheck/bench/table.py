"""What a table is, and how it becomes a CSV file."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agecheck.bench.files import replacing
from agecheck.bench.statistics import Figure

Cell = str | int | float | None | Figure
_TABLE_FILE = re.compile(r"\w+\.csv")


@dataclass(frozen=True, slots=True)
class Table:
    """One table. A cell that is a figure shows value, interval and n.

    Attributes:
        name: of its CSV file.
        title, note: what it says, and how to read it.
        columns: heads.
        rows: as many cells as there are columns, each.
    """

    name: str
    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def file_name(name: str) -> str:
    """Of a table that bears a name from somewhere else."""
    return "_".join("".join(c if c.isalnum() else " " for c in name).split())


def write_csv(table: Table, folder: Path) -> None:
    """Write one table; a figure takes four columns."""
    with replacing(folder / f"{table.name}.csv") as file:
        writer = csv.writer(file)
        wide = [any(isinstance(row[i], dict) for row in table.rows) for i in _indices(table)]
        writer.writerow(
            head
            for column, is_wide in zip(table.columns, wide, strict=True)
            for head in (_heads(column) if is_wide else [column])
        )
        for row in table.rows:
            writer.writerow(
                value
                for cell, is_wide in zip(row, wide, strict=True)
                for value in (_cells(cell) if is_wide else [cell])
            )


def tables_named_in(results: Path) -> set[str]:
    """The files of tables that belong to a results.json; none where it is missing or foreign."""
    try:
        named = json.loads(results.read_bytes())["tables"]
        return {name for name in named if _TABLE_FILE.fullmatch(name)}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()


def _indices(table: Table) -> range:
    return range(len(table.columns))


def _heads(column: str) -> list[str]:
    return [column, f"{column} low", f"{column} high", f"{column} n"]


def _cells(cell: Cell) -> list[Any]:
    if not isinstance(cell, dict):
        return [cell, None, None, None]
    low, high = interval_of(cell) or (None, None)
    return [cell["value"], low, high, cell["n"]]


def interval_of(figure: Figure) -> tuple[float, float] | None:
    """The interval to show: the bootstrap's where there is one, for it holds more of the doubt."""
    interval = figure.get("bootstrap_interval", figure["interval"])
    return None if interval is None else (interval[0], interval[1])
