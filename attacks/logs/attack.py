"""A hostile caller turns every log up, and reads the standard output and error as well."""

from __future__ import annotations

import logging
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from PIL import Image

from agecheck import AgecheckError, load_checker
from agecheck.bootstrap import SealWanted
from attacks.pictures import NOTE, PORTRAIT, jpeg_with_note
from attacks.trial import Outcome, outcome

_FIGURE = re.compile(r"\d+\.\d{2,}")


def run() -> Iterator[Outcome]:
    """Records of all loggers at DEBUG, warnings, and both descriptors."""
    jpeg = jpeg_with_note()
    blank = _blank()
    pictures = (PORTRAIT.read_bytes(), jpeg, jpeg[: len(jpeg) // 2], blank, b"no picture", b"")
    control = _tells(_heard(lambda: _bare(jpeg)))
    for seal in ("require", "off"):
        heard = _heard(lambda seal=seal: _check_all(seal, pictures))  # type: ignore[misc]
        yield outcome(
            f"{len(pictures)} pictures with all logs at DEBUG, seal={seal}",
            control=control,
            succeeded=_tells(heard),
            by=f"{len(heard.splitlines())} lines are logged, none with a figure or the "
            "picture's own words",
        )


def _check_all(seal: SealWanted, pictures: tuple[bytes, ...]) -> None:
    with load_checker(seal=seal) as checker:
        for picture in pictures:
            with suppress(AgecheckError):
                checker.check(picture)


def _bare(jpeg: bytes) -> None:
    """The control: a program that opens the picture itself, with Pillow, and says what it sees."""
    import io

    with Image.open(io.BytesIO(jpeg)) as image:
        image.load()
        dict(image.getexif())
        logging.getLogger("bare").debug("%s %s", image.info.get("comment"), 31.4159)
    os.write(2, NOTE.encode())


def _blank() -> bytes:
    import io

    encoded = io.BytesIO()
    Image.new("RGB", (640, 480), "grey").save(encoded, "PNG")
    return encoded.getvalue()


def _tells(heard: str) -> bool:
    return NOTE in heard or _FIGURE.search(heard) is not None


@contextmanager
def _output_to(descriptor: int) -> Iterator[None]:
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    try:
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        yield
    finally:
        for number, original in enumerate(kept, start=1):
            os.dup2(original, number)
            os.close(original)


def _heard(action: Callable[[], None]) -> str:
    root = logging.getLogger()
    before = root.level
    with tempfile.TemporaryFile("w+") as file:
        handler = logging.StreamHandler(file)
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        logging.captureWarnings(True)
        try:
            with _output_to(file.fileno()), warnings.catch_warnings():
                warnings.simplefilter("always")
                action()
        finally:
            logging.captureWarnings(False)
            root.removeHandler(handler)
            root.setLevel(before)
        file.flush()
        file.seek(0)
        return file.read()
