"""How results are written: whole or not at all, and told in one line where they cannot be."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from agecheck.errors import AgecheckError


class OutputError(AgecheckError):
    """A result cannot be written; the message names the file, never its folder."""


@contextmanager
def told_as_output_error(name: str) -> Iterator[None]:
    """Turn the system's refusal into one line.

    Raises:
        OutputError: the system refused.
    """
    try:
        yield
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise OutputError(f"{name} cannot be written: {why}") from None


def prepare_folder(folder: Path, names: Sequence[str]) -> None:
    """Make the folder for the results, and find out whether files can be written there.

    Args:
        names: patterns of the files that are going to be written.

    Raises:
        OutputError: the folder cannot be made or written, or a name is a folder's.
    """
    with told_as_output_error("the folder for the results"):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder) as probe:
            probe.write(b"probe")
        taken = [path.name for name in names for path in folder.glob(name) if path.is_dir()]
    if taken:
        raise OutputError(f"{min(taken)} cannot be written: a folder has that name")


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """A text file that takes its place when all of it is written; lines end as they are written.

    Raises:
        OutputError: it cannot be written; what was there before is still there.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    with told_as_output_error(path.name):
        try:
            with unfinished.open("w", newline="", encoding="utf-8") as file:
                yield file
            unfinished.replace(path)
        except BaseException:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise


def write_text(path: Path, text: str) -> None:
    """Write a whole text file, as `replacing` does."""
    with replacing(path) as file:
        file.write(text)
