"""Parquet files of encoded pictures with their labels. Needs the extra `cluster` (pyarrow).

Each file has the label columns and a column `image`: the encoded bytes, or a struct that has them
in its field `bytes`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import accumulate, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agecheck.errors import MissingExtraError

if TYPE_CHECKING:
    from agecheck.bench.labels import FaceLabel

SUFFIX = ".parquet"
IMAGE = "image"
_BATCH_ROWS = 4096


def parquet_files(folder: Path) -> list[str]:
    """Names of the Parquet files of a folder, in order."""
    return sorted(path.name for path in folder.iterdir() if path.suffix == SUFFIX)


def columns_of(path: Path) -> tuple[str, ...]:
    """The names of a file's columns.

    Raises:
        MissingExtraError: the extra is not installed.
        ValueError: the file cannot be read.
    """
    with _opened(path) as file, _damage_named():
        return tuple(file.schema_arrow.names)


def label_rows(path: Path, wanted: Sequence[str]) -> Iterator[dict[str, str] | None]:
    """Each row's labels as text, None where they are damaged; pictures are not read.

    Raises:
        MissingExtraError: the extra is not installed.
        ValueError: the file cannot be read; it is not known how many rows it has.
    """
    with _opened(path) as file:
        with _damage_named():
            columns = [name for name in wanted if name in file.schema_arrow.names]
        for group in range(file.num_row_groups):
            missing = file.metadata.row_group(group).num_rows
            # A damaged row group costs what it still had, and no other one.
            with suppress(ValueError):
                for row in _rows_of_group(file, group, columns):
                    missing -= 1
                    yield {name: _text(value) for name, value in row.items()}
            yield from repeat(None, missing)


def _rows_of_group(file: Any, group: int, columns: list[str]) -> Iterator[dict[str, object]]:
    with _damage_named():
        for batch in file.iter_batches(_BATCH_ROWS, row_groups=[group], columns=columns):
            yield from batch.to_pylist()


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


class ParquetPictures:
    """Reads pictures by their row; holds one row group at a time.

    Raises:
        MissingExtraError: the extra is not installed.
        ValueError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._file = _opened(path)
        groups = range(self._file.num_row_groups)
        sizes = [self._file.metadata.row_group(group).num_rows for group in groups]
        self._first_rows = [0, *accumulate(sizes)]
        self._group = -1
        self._images: Any = None

    def read(self, label: FaceLabel) -> bytes | None:
        """The picture in the label's row; None when there is none."""
        if not 0 <= label.row < self._first_rows[-1]:
            return None
        group = bisect_right(self._first_rows, label.row) - 1
        try:
            if group != self._group:
                self._images = None  # the old one goes first
                with _damage_named():
                    table = self._file.read_row_group(group, columns=[IMAGE])
                    self._images = table.column(0)
                self._group = group
            with _damage_named():
                value = self._images[label.row - self._first_rows[group]].as_py()
        except ValueError:
            self._group = -1
            return None
        if isinstance(value, dict):
            value = value.get("bytes")
        return value if isinstance(value, bytes) else None


def _opened(path: Path) -> Any:
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise MissingExtraError("cluster") from None
    with _damage_named():
        if not path.is_file():  # a pipe would wait for a writer
            raise ValueError("no regular file")
        return ParquetFile(path)


@contextmanager
def _damage_named() -> Iterator[None]:
    """Whatever Arrow makes of damaged bytes is a ValueError."""
    from pyarrow import ArrowException

    try:
        yield
    except (OSError, ValueError, IndexError, ArrowException):
        raise ValueError("a Parquet file is damaged") from None
