"""What the calling process does with a picture before it hands it over: as little as can be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agecheck.errors import ImageError, ImageFault
from agecheck.image.reader import PillowPhotoReader
from agecheck.seal.channel import Task, TaskKind
from agecheck.seal.sources import task_of_frame, task_of_source
from unit.picture_makers import encode, small_portrait

ENCODED = encode(small_portrait(), "JPEG")


@pytest.mark.parametrize(
    "source", [ENCODED, bytearray(ENCODED), memoryview(ENCODED)], ids=lambda s: type(s).__name__
)
def test_encoded_bytes_go_as_they_are(source: bytes | bytearray | memoryview) -> None:
    """No decoder runs in the process that holds the keys."""
    assert task_of_source(source) == (Task(TaskKind.ENCODED, size_bytes=len(ENCODED)), ENCODED)


@pytest.mark.parametrize("as_text", [False, True])
def test_a_file_is_read_and_goes_as_it_is(as_text: bool, tmp_path: Path) -> None:
    """The worker can open nothing, so the caller's process reads."""
    path = tmp_path / "selfie.jpg"
    path.write_bytes(ENCODED)
    task, payload = task_of_source(str(path) if as_text else path)
    assert (task.kind, payload) == (TaskKind.ENCODED, ENCODED)


def test_bytes_that_are_no_picture_are_not_looked_into() -> None:
    """A hostile header is the worker's to read."""
    task, payload = task_of_source(b"\x89PNG not really")
    assert (task.kind, payload) == (TaskKind.ENCODED, b"\x89PNG not really")


def test_pixels_go_as_rows_of_rgb() -> None:
    """Height, width and bytes agree, whatever the array's strides."""
    array = np.asarray(small_portrait())[::-1, ::-1]
    height_px, width_px, _ = array.shape
    live = Task(TaskKind.LIVE_FRAME, array.nbytes, height_px, width_px, at_ms=17)
    for (task, payload), expected in [
        (task_of_source(array), Task(TaskKind.FRAME, array.nbytes, height_px, width_px)),
        (task_of_frame(array, 17), live),
    ]:
        assert task == expected
        assert bytes(payload) == np.ascontiguousarray(array).tobytes()


def test_a_pillow_image_goes_as_pixels() -> None:
    """The caller has opened it already."""
    picture = small_portrait().convert("L")
    task, payload = task_of_source(picture)
    assert (task.height_px, task.width_px) == (picture.height, picture.width)
    assert bytes(payload) == np.asarray(picture.convert("RGB")).tobytes()


def refused_in_the_caller(tmp_path: Path) -> list[tuple[object, ImageFault]]:
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    released = memoryview(b"picture")
    released.release()
    return [
        (b"", ImageFault.EMPTY),
        (empty, ImageFault.EMPTY),
        (tmp_path / "nobody", ImageFault.NOT_FOUND),
        (tmp_path, ImageFault.IS_A_DIRECTORY),
        ("\0", ImageFault.UNREADABLE),
        (Path("/dev/null"), ImageFault.UNREADABLE),
        (bytes(32 * 1024 * 1024 + 1), ImageFault.TOO_MANY_BYTES),
        (released, ImageFault.WRONG_TYPE),
        (None, ImageFault.WRONG_TYPE),
        ([0, 0, 0], ImageFault.WRONG_TYPE),
        (np.zeros((8, 8, 3), np.float32), ImageFault.WRONG_DTYPE),
        (np.zeros((8, 8, 4), np.uint8), ImageFault.WRONG_SHAPE),
        (np.zeros((0, 8, 3), np.uint8), ImageFault.EMPTY),
        (np.zeros((1, 16_385, 3), np.uint8), ImageFault.SIDE_TOO_LONG),
        (Image.new("1", (9_000, 9_000)), ImageFault.TOO_MANY_PIXELS),
    ]


def test_what_cannot_be_taken_has_the_reader_s_fault(tmp_path: Path) -> None:
    """Sealed or not, the caller reads the same cause."""
    for source, expected in refused_in_the_caller(tmp_path):
        faults = []
        for take_in in (task_of_source, PillowPhotoReader().open):
            with pytest.raises(ImageError) as caught:
                take_in(source)
            faults.append(caught.value.fault)
        assert faults == [expected, expected]


def test_nothing_but_an_array_is_a_live_sessions_frame(tmp_path: Path) -> None:
    """Nothing is opened and nothing decoded in the caller's process."""
    pictures: list[object] = [ENCODED, str(tmp_path), tmp_path / "nobody", small_portrait()]
    faults = [(picture, ImageFault.WRONG_TYPE) for picture in pictures]
    for source, expected in faults + refused_in_the_caller(tmp_path):
        with pytest.raises(ImageError) as caught:
            task_of_frame(source, 0)
        is_array = isinstance(source, np.ndarray)
        assert caught.value.fault is (expected if is_array else ImageFault.WRONG_TYPE)
