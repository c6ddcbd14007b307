"""Reads labelled pictures from where they lie: files of a folder, tar archives, Parquet files.

Only regular files are opened: a label that names a pipe or a device must not stop a run.
"""

from __future__ import annotations

import tarfile
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Protocol

from agecheck.bench.labels import FaceLabel
from agecheck.bench.parquet import ParquetPictures
from agecheck.image.encoded import MAX_ENCODED_BYTES, open_regular

_READ_BYTES = MAX_ENCODED_BYTES + 1
"""One byte more than the limit is enough for the limit to answer."""


class _Archive(Protocol):
    def read(self, label: FaceLabel) -> bytes | None: ...


class PictureReader:
    """Reads one picture after another; of archives it keeps the last one open.

    Args:
        folder: pictures and archives lie in it, pictures also in its images/.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._archive: _Archive | None = None
        self._archive_name = ""

    def read(self, label: FaceLabel) -> bytes | None:
        """The encoded picture; None when there is none to be had.

        Raises:
            MissingExtraError: it lies in a Parquet file, and the extra is not installed.
        """
        if not label.archive:
            return _read_file(self._folder, label.file)
        if label.archive != self._archive_name:
            self._archive, self._archive_name = None, label.archive  # the old one goes first
            self._archive = _open_archive(self._folder / label.archive)
        return None if self._archive is None else self._archive.read(label)


def _open_archive(path: Path) -> _Archive | None:
    """An archive by its name's ending; None when it cannot be read."""
    try:
        return ParquetPictures(path) if path.suffix == ".parquet" else _TarPictures(path)
    except (OSError, ValueError, tarfile.TarError):
        return None


def _read_file(folder: Path, file: str) -> bytes | None:
    for path in (folder / file, folder / "images" / file):
        try:
            with open_regular(path) as opened:
                return opened.read(_READ_BYTES)
        except (OSError, ValueError):
            continue
    return None


def _one_spelling(name: str) -> str:
    """The same for ./a.jpg, x//a.jpg and the like; a way out with .. stays one."""
    return PurePosixPath(name).as_posix()


class _TarPictures:
    """An archive without compression: what it holds is found once, and then read in place."""

    def __init__(self, path: Path) -> None:
        self._places: dict[str, tuple[int, int]] = {}
        with (
            open_regular(path) as opened,
            tarfile.open(fileobj=opened, mode="r:") as archive,
            # Behind damage nothing can be found; what lies before it can be read.
            suppress(OSError, ValueError, tarfile.TarError),
        ):
            for member in archive:
                if member.isreg():
                    place = (member.offset_data, member.size)
                    self._places[_one_spelling(member.name)] = place
        self._path = path

    def read(self, label: FaceLabel) -> bytes | None:
        place = self._places.get(_one_spelling(label.file))
        if place is None:
            return None
        offset, size_bytes = place
        try:
            with open_regular(self._path) as opened:
                opened.seek(offset)
                content = opened.read(min(size_bytes, _READ_BYTES))
        except (OSError, ValueError):
            return None
        return content if len(content) == min(size_bytes, _READ_BYTES) else None
