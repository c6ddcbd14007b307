"""Reads a labels file row by row; a stray quotation mark costs its own line, not the rest."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import TextIO, TypeAlias

Cells: TypeAlias = list[str]


class CsvFile:
    """The head of a file, and its other rows.

    Attributes:
        head: the first row's cells.

    An open quotation mark may span lines, but a row of several lines is only taken where it has
    the head's cells, and those named `one_line` lie on one line each: what lies between two stray
    marks is rows. Where it is not taken, its first line alone is the row.
    """

    def __init__(self, file: TextIO, one_line: tuple[str, ...]) -> None:
        self._file = file
        self._ahead: deque[str] = deque()
        self._one_line = one_line
        self.head: Cells = []
        for cells in self.rows():
            self.head = [cell.strip() for cell in cells or []]
            break

    def rows(self) -> Iterator[Cells | None]:
        """Cells of the rows that were not read yet; None for a line that cannot be parsed."""
        while line := self._line():
            cells = self._quoted(line) if '"' in line else _alone(line)
            if cells != []:  # a blank line
                yield cells

    def _line(self) -> str:
        return self._ahead.popleft() if self._ahead else self._file.readline()

    def _quoted(self, line: str) -> Cells | None:
        """The cells of a row that begins with this line, as strictly as they can be read."""
        taken = [line]
        try:
            cells = next(csv.reader(self._from(taken), strict=True))
            if len(taken) == 1 or self._may_span(cells):
                return cells
        except csv.Error:
            pass
        self._ahead.extendleft(reversed(taken[1:]))
        return _alone(line)

    def _from(self, taken: list[str]) -> Iterator[str]:
        yield taken[0]
        while line := self._line():
            taken.append(line)
            yield line

    def _may_span(self, cells: Cells) -> bool:
        if len(cells) != len(self.head):
            return False
        row = dict(zip(self.head, cells, strict=True))
        return all(len(row.get(name, "").strip().splitlines()) < 2 for name in self._one_line)


def _alone(line: str) -> Cells | None:
    """A line's cells as spreadsheets read them; None where a quotation mark stays open."""
    reader = csv.reader((line, ""))
    try:
        cells = next(reader)
    except csv.Error:
        return None
    return cells if reader.line_num == 1 else None
