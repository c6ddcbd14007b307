"""Sources, limits and faults of image intake."""

from __future__ import annotations

import io
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from agecheck.errors import ImageFault
from agecheck.image.encoded import MAX_ENCODED_BYTES
from agecheck.image.frame import MAX_PIXELS, MAX_SIDE_PX
from agecheck.image.reader import PillowPhotoReader
from unit.picture_makers import (
    FORMATS,
    decoded,
    encode,
    fault_of,
    jpeg_claiming,
    png,
    webp_claiming,
)


class TestSources:
    def test_every_kind_of_source_gives_the_same_pixels(self, portrait: Path) -> None:
        """A caller may hand in a picture in whatever form it has it."""
        data = portrait.read_bytes()
        image = Image.open(portrait).convert("RGB")
        pixels = np.asarray(image)
        sources = [data, bytearray(data), memoryview(data), str(portrait), portrait, image, pixels]

        for source in sources:
            np.testing.assert_array_equal(decoded(source), pixels)

    @pytest.mark.parametrize("image_format", FORMATS)
    def test_a_frame_is_read_only_contiguous_uint8(self, portrait: Path, image_format: str) -> None:
        """A frame that two stages share cannot be changed by one of them."""
        frame = decoded(encode(Image.open(portrait), image_format))

        assert frame.dtype == np.uint8
        assert frame.shape == (512, 512, 3)
        assert frame.flags.c_contiguous
        assert not frame.flags.writeable

    def test_an_array_is_copied_and_left_as_it_was(self) -> None:
        """What the caller does to its array later reaches no frame, and the reverse."""
        pixels = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
        before = pixels.copy()
        photo = PillowPhotoReader().open(pixels)

        np.testing.assert_array_equal(pixels, before)
        assert pixels.flags.writeable
        pixels[:] = 0
        np.testing.assert_array_equal(photo.decode(), before)
        assert not np.shares_memory(np.asarray(photo.decode()), pixels)

    @pytest.mark.parametrize(
        "view",
        [np.s_[::-1, ::-1, ::-1], np.s_[::2, 1::3], np.s_[1:, :-1]],
        ids=["negative strides", "steps", "window"],
    )
    def test_an_array_may_have_any_strides(self, view: Any) -> None:
        """A BGR camera frame turned with [..., ::-1] is taken as it reads."""
        pixels = np.arange(8 * 9 * 3, dtype=np.uint8).reshape(8, 9, 3)[view]

        frame = decoded(pixels)

        np.testing.assert_array_equal(frame, pixels)
        assert frame.flags.c_contiguous

    @pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "CMYK", "I;16"])
    def test_a_pillow_image_is_left_as_it_was(self, portrait: Path, mode: str) -> None:
        """The caller's image keeps its mode, pixels and notes, and shares none with the frame."""
        image = Image.open(portrait).convert("L" if mode == "I;16" else "RGB").convert(mode)
        image.getexif()[0x0112] = 6
        before = (image.mode, image.size, dict(image.info), image.tobytes(), image.getpalette())

        photo = PillowPhotoReader().open(image)
        frame = photo.decode().copy()

        after = (image.mode, image.size, dict(image.info), image.tobytes(), image.getpalette())
        assert before == after
        image.paste(0, (0, 0, *image.size))
        np.testing.assert_array_equal(photo.decode(), frame)

    @pytest.mark.parametrize("source", [None, 3, True, [[0]], object(), io.BytesIO(b"\xff\xd8")])
    def test_other_sources_are_refused(self, source: object) -> None:
        """A file number or an open file is not mistaken for a path."""
        assert fault_of(source) is ImageFault.WRONG_TYPE

    def test_a_released_buffer_is_refused(self) -> None:
        """A buffer whose memory is gone is a typed error."""
        view = memoryview(b"\xff\xd8\xff")
        view.release()

        assert fault_of(view) is ImageFault.WRONG_TYPE


class TestArrays:
    @pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.float32, np.bool_, object])
    def test_other_dtypes_are_refused(self, dtype: Any) -> None:
        """Floats from 0 to 1 would otherwise become a black picture."""
        assert fault_of(np.zeros((4, 5, 3), dtype)) is ImageFault.WRONG_DTYPE

    @pytest.mark.parametrize(
        "shape", [(), (4,), (4, 5), (4, 5, 1), (4, 5, 4), (3, 4, 5), (1, 4, 5, 3)]
    )
    def test_other_shapes_are_refused(self, shape: tuple[int, ...]) -> None:
        """Gray, RGBA, channels-first and batched arrays are refused, not guessed at."""
        assert fault_of(np.zeros(shape, np.uint8)) is ImageFault.WRONG_SHAPE

    @pytest.mark.parametrize("shape", [(0, 5, 3), (4, 0, 3), (0, 0, 3)])
    def test_arrays_without_pixels_are_refused(self, shape: tuple[int, ...]) -> None:
        """No pixels is a fault of its own."""
        assert fault_of(np.zeros(shape, np.uint8)) is ImageFault.EMPTY


def _array_claiming(height_px: int, width_px: int) -> np.ndarray[Any, Any]:
    return np.broadcast_to(np.uint8(0), (height_px, width_px, 3))  # one byte of memory


def _unread_image_claiming(height_px: int, width_px: int) -> Image.Image:
    return Image.open(io.BytesIO(png(height_px, width_px, b"")))


def _png_claiming(height_px: int, width_px: int) -> bytes:
    return png(height_px, width_px, b"")


CLAIMERS = [_png_claiming, jpeg_claiming, webp_claiming, _array_claiming, _unread_image_claiming]


@pytest.mark.parametrize("claim", CLAIMERS)
class TestSizeLimits:
    """All pictures here claim a size and hold no pixels: what refuses them decoded nothing."""

    def test_too_many_pixels(self, claim: Any) -> None:
        """A picture that would not fit a small device's memory is refused by its header."""
        assert fault_of(claim(8000, MAX_PIXELS // 8000 + 1)) is ImageFault.TOO_MANY_PIXELS

    def test_too_long_a_side(self, claim: Any) -> None:
        """A strip is refused although its pixels are few."""
        assert fault_of(claim(1, MAX_SIDE_PX + 1)) is ImageFault.SIDE_TOO_LONG
        assert fault_of(claim(MAX_SIDE_PX + 1, 1)) is ImageFault.SIDE_TOO_LONG

    def test_limits_hold_without_pillows_own(
        self, claim: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An application that switched Pillow's bomb check off keeps ours."""
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)

        assert fault_of(claim(MAX_SIDE_PX, MAX_SIDE_PX)) is ImageFault.TOO_MANY_PIXELS


class TestMoreLimits:
    def test_the_largest_sizes_are_accepted(self) -> None:
        """A picture exactly at the limits is not refused."""
        for size in [(8000, MAX_PIXELS // 8000), (MAX_SIDE_PX, 1), (1, MAX_SIDE_PX)]:
            PillowPhotoReader().open(_png_claiming(*size))

    @pytest.mark.parametrize("claim", [_png_claiming, webp_claiming])
    def test_a_decompression_bomb(self, claim: Any) -> None:
        """Sizes that make Pillow itself raise are answered by us first."""
        assert fault_of(claim(60_000, 60_000)) is ImageFault.SIDE_TOO_LONG

    @pytest.mark.parametrize("claim", [_png_claiming, jpeg_claiming])
    def test_zero_sides(self, claim: Any) -> None:
        """A header that claims no pixels is told apart from a corrupt one."""
        assert fault_of(claim(0, 5)) is ImageFault.EMPTY
        assert fault_of(claim(5, 0)) is ImageFault.EMPTY
        assert fault_of(Image.new("RGB", (5, 0))) is ImageFault.EMPTY

    def test_too_many_bytes(self, tmp_path: Path) -> None:
        """Encoded pictures over the byte limit are refused, as bytes and as a file."""
        data = b"\xff\xd8\xff" + bytes(MAX_ENCODED_BYTES - 2)
        path = tmp_path / "large.jpg"
        with path.open("wb") as file:
            file.truncate(MAX_ENCODED_BYTES + 1)

        assert fault_of(data) is ImageFault.TOO_MANY_BYTES
        assert fault_of(path) is ImageFault.TOO_MANY_BYTES

    def test_the_largest_file_is_read(self, tmp_path: Path) -> None:
        """A file exactly at the limit is read to its last byte."""
        picture = encode(Image.new("RGB", (8, 8), "red"), "PNG")
        path = tmp_path / "large.png"
        path.write_bytes(picture + bytes(MAX_ENCODED_BYTES - len(picture)))

        assert decoded(path).shape == (8, 8, 3)


LITTLE_MEMORY = """
import io, resource, sys
from PIL import Image
from agecheck.errors import ImageError
from agecheck.image.reader import PillowPhotoReader
file = io.BytesIO()
Image.new("L", (6000, 6000)).save(file, "JPEG")
photo = PillowPhotoReader().open(file.getvalue())
in_use_bytes = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (in_use_bytes + (16 << 20), resource.RLIM_INFINITY))
try:
    photo.decode()
except ImageError as error:
    print(error.fault.name)
"""


def test_too_little_memory_is_a_typed_error() -> None:
    """A picture within the limits that a small device cannot hold ends in no other error."""
    output = subprocess.check_output([sys.executable, "-c", LITTLE_MEMORY], text=True)  # noqa: S603

    assert output.strip() == "TOO_MANY_PIXELS"


def test_pillows_settings_stay_as_they_were(portrait: Path) -> None:
    """Other users of Pillow in the process notice nothing."""
    settings = ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS, list(warnings.filters)
    image = Image.open(portrait)
    for image_format in FORMATS:
        decoded(encode(image, image_format), 100)
        fault_of(encode(image, image_format)[:-100])

    assert settings == (
        ImageFile.LOAD_TRUNCATED_IMAGES,
        Image.MAX_IMAGE_PIXELS,
        list(warnings.filters),
    )
