"""What pixels come out of image intake: orientation, modes, several pictures, reduction."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from agecheck.errors import ImageFault
from agecheck.image.reader import PillowPhotoReader
from unit.picture_makers import (
    FORMATS,
    PORTRAIT,
    decoded,
    encode,
    fault_of,
    oriented,
    png,
    small_portrait,
)

TRANSPARENT_MODES = ("RGBA", "LA", "PA", "RGBa", "La")
CLOSE_LEVELS = 2.0  # mean difference, of 255, that a change of colour model may cost


class TestOrientation:
    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("image_format", FORMATS)
    def test_pictures_come_out_upright(self, image_format: str, orientation: int) -> None:
        """A selfie taken with the phone held any way round shows an upright face."""
        data = encode(small_portrait(), image_format, exif=oriented(orientation))
        with Image.open(io.BytesIO(data)) as image:
            expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))

            np.testing.assert_array_equal(decoded(data), expected)
            np.testing.assert_array_equal(decoded(image), expected)
        assert expected.shape == ((96, 72, 3) if orientation < 5 else (72, 96, 3))

    def test_reduced_pictures_come_out_upright_too(self) -> None:
        """The quick decode turns a picture exactly as the full one does."""
        data = encode(small_portrait(), "JPEG", exif=oriented(8))
        unturned = encode(small_portrait(), "JPEG")

        np.testing.assert_array_equal(decoded(data, 36), np.rot90(decoded(unturned, 36)))

    @pytest.mark.parametrize("exif", [b"Exif\0\0nonsense", b"Exif\0\0II*\0\xff\xff\xff\xff"])
    def test_broken_exif_does_not_spoil_the_pixels(self, exif: bytes) -> None:
        """A picture whose notes are damaged is taken as it is stored."""
        np.testing.assert_array_equal(
            decoded(encode(small_portrait(), "PNG", exif=exif)), np.asarray(small_portrait())
        )

    @pytest.mark.parametrize("orientation", [0, 9, 65535])
    def test_unknown_orientations_turn_nothing(self, orientation: int) -> None:
        """Values that the standard does not define are ignored."""
        data = encode(small_portrait(), "PNG", exif=oriented(orientation))

        np.testing.assert_array_equal(decoded(data), np.asarray(small_portrait()))


class TestModes:
    @pytest.mark.parametrize("mode", TRANSPARENT_MODES)
    def test_transparency_shows_white(self, mode: str) -> None:
        """What a cut-out hides is not seen by the models either."""
        image = Image.new("LA" if mode in {"LA", "PA", "La"} else "RGBA", (3, 1))
        black = (0,) * (len(image.getbands()) - 1)
        for x, alpha in enumerate((0, 128, 255)):
            image.putpixel((x, 0), (*black, alpha))
        if mode == "PA":
            image = Image.new("PA", (3, 1))
            image.putpalette([0, 0, 0])
            for x, alpha in enumerate((0, 128, 255)):
                image.putpixel((x, 0), (0, alpha))

        levels = decoded(image.convert(mode))[0].astype(int).tolist()

        assert levels == [[255] * 3, [127] * 3, [0] * 3]

    @pytest.mark.parametrize("image_format", ["PNG", "WEBP"])
    def test_transparent_files_show_white(self, image_format: str) -> None:
        """The same holds for the encoded formats that can be transparent."""
        data = encode(Image.new("RGBA", (4, 4), (200, 0, 0, 0)), image_format, lossless=True)

        assert (decoded(data) == 255).all()

    @pytest.mark.parametrize(
        ("mode", "colour", "other"),
        [
            ("P", 1, 0),
            ("L", 7, 8),
            ("RGB", (1, 2, 3), (3, 2, 1)),
            ("I;16", 4660, 4661),
            ("1", 0, 1),
        ],
    )
    def test_a_transparent_colour_shows_white(self, mode: str, colour: Any, other: Any) -> None:
        """PNGs may name one colour that is not there instead of an alpha channel."""
        image = Image.new(mode, (2, 1), other)
        if mode == "P":
            image.putpalette([10, 20, 30, 40, 50, 60])
        image.putpixel((1, 0), colour)
        opaque = decoded(image)

        frame = decoded(encode(image, "PNG", transparency=colour))

        np.testing.assert_array_equal(frame[0, 0], opaque[0, 0])
        assert frame[0, 1].tolist() == [255, 255, 255]

    def test_16_bit_gray_is_scaled(self) -> None:
        """Bright 16-bit pixels are not clipped and dark ones not lost."""
        values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
        expected = np.repeat(np.arange(256, dtype=np.uint8), 256).reshape(256, 256)
        image = Image.fromarray(values)
        big_endian = Image.frombytes("I;16B", (256, 256), values.astype(">u2").tobytes())

        for source in (image, encode(image, "PNG"), image.convert("I"), big_endian):
            frame = decoded(source)
            for channel in range(3):
                np.testing.assert_array_equal(frame[:, :, channel], expected)

    def test_16_bit_colour_is_scaled(self) -> None:
        """16-bit colour PNGs keep their upper byte."""
        pixels = b"\0" + bytes([0x12, 0x34, 0xAB, 0xCD, 0xFF, 0xFF])

        assert decoded(png(1, 1, pixels, bits=16)).tolist() == [[[0x12, 0xAB, 0xFF]]]

    @pytest.mark.parametrize("mode", ["P", "CMYK", "YCbCr", "HSV", "RGBX"])
    def test_colour_modes_keep_their_colours(self, mode: str) -> None:
        """A change of colour model does not change the person's skin."""
        image = small_portrait()
        image = image.quantize(256) if mode == "P" else image.convert(mode)

        difference = decoded(image).astype(int) - np.asarray(small_portrait())

        assert np.abs(difference).mean() < (2 * CLOSE_LEVELS if mode == "P" else CLOSE_LEVELS)

    @pytest.mark.parametrize("mode", ["L", "1"])
    def test_gray_modes_become_equal_channels(self, mode: str) -> None:
        """Gray pictures are gray in RGB, with the same levels."""
        image = small_portrait().convert(mode)

        expected = np.asarray(image.convert("L"))

        np.testing.assert_array_equal(decoded(image), np.stack([expected] * 3, axis=2))

    @pytest.mark.parametrize("min_short_side_px", [None, 36])
    def test_cmyk_jpegs_keep_their_colours(self, min_short_side_px: int | None) -> None:
        """Print pictures are not taken in as negatives, reduced or not."""
        data = encode(small_portrait().convert("CMYK"), "JPEG", quality=95)
        expected = small_portrait().reduce(2) if min_short_side_px else small_portrait()

        difference = decoded(data, min_short_side_px).astype(int) - np.asarray(expected)

        assert np.abs(difference).mean() < CLOSE_LEVELS

    @pytest.mark.parametrize("value", [-1, 65536])
    def test_modes_without_a_known_range_are_refused(self, value: int) -> None:
        """What white means is not guessed."""
        assert fault_of(Image.new("I", (4, 4), value)) is ImageFault.UNSUPPORTED_MODE
        assert fault_of(Image.new("F", (4, 4), 0.5)) is ImageFault.UNSUPPORTED_MODE


class TestSeveralPictures:
    def test_the_first_of_a_multi_picture_jpeg_is_taken(self) -> None:
        """Phones append a second picture to a selfie; it is no animation."""
        first, second = small_portrait(), Image.new("RGB", (72, 96))
        data = encode(first, "MPO", save_all=True, append_images=[second])

        np.testing.assert_array_equal(decoded(data), decoded(encode(first, "JPEG")))
        np.testing.assert_array_equal(decoded(Image.open(io.BytesIO(data))), decoded(data))

    @pytest.mark.parametrize("image_format", ["PNG", "WEBP", "GIF"])
    def test_animations_are_refused(self, image_format: str) -> None:
        """Which of its pictures would be checked is not left open."""
        frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
        data = encode(frames[0], image_format, save_all=True, append_images=frames[1:])

        expected = ImageFault.UNSUPPORTED_FORMAT if image_format == "GIF" else ImageFault.ANIMATED
        assert fault_of(data) is expected
        assert fault_of(Image.open(io.BytesIO(data))) is ImageFault.ANIMATED


class TestReduction:
    @given(
        height_px=st.integers(1, 200),
        width_px=st.integers(1, 200),
        min_short_side_px=st.integers(1, 220),
        mode=st.sampled_from(["RGB", "L", "CMYK"]),
    )
    @example(height_px=199, width_px=150, min_short_side_px=75, mode="RGB")
    @example(height_px=151, width_px=199, min_short_side_px=76, mode="RGB")
    @example(height_px=151, width_px=199, min_short_side_px=77, mode="RGB")
    def test_a_jpeg_is_reduced_as_far_as_allowed(
        self, height_px: int, width_px: int, min_short_side_px: int, mode: str
    ) -> None:
        """The quick decode is as small as it may be and never smaller."""
        data = encode(Image.new(mode, (width_px, height_px)), "JPEG")
        short_px = min(height_px, width_px)

        frame = decoded(data, min_short_side_px)

        fitting = [
            (-(-height_px // n), -(-width_px // n), 3)
            for n in (8, 4, 2, 1)
            if n == 1 or (n <= short_px and -(-short_px // n) >= min_short_side_px)
        ]
        assert frame.shape == fitting[0]
        assert min(frame.shape[:2]) >= min(short_px, min_short_side_px)

    @pytest.mark.parametrize("reduction", [2, 4, 8])
    def test_a_reduced_jpeg_shows_the_same_picture(self, reduction: int) -> None:
        """Coordinates found in the small frame hold, scaled, in the large one."""
        data = encode(Image.open(PORTRAIT).convert("RGB"), "JPEG", quality=95)
        full = Image.fromarray(decoded(data))

        frame = decoded(data, 512 // reduction)

        difference = frame.astype(int) - np.asarray(full.reduce(reduction))
        assert np.abs(difference).mean() < CLOSE_LEVELS

    @pytest.mark.parametrize("source", ["PNG", "WEBP", "array", "image"])
    def test_other_sources_stay_at_full_size(self, source: str) -> None:
        """Only JPEG has cheap small versions; nothing is resampled here."""
        image = small_portrait()
        given = {"array": np.asarray(image), "image": image}
        photo = given[source] if source in given else encode(image, source)

        assert decoded(photo, 9).shape == (96, 72, 3)

    def test_a_photo_can_be_decoded_again(self) -> None:
        """A second, finer look after a small face sees the same picture, however often."""
        data = encode(small_portrait(), "JPEG")
        photo = PillowPhotoReader().open(data)

        for min_short_side_px in (18, None, 18, 36, 36, None):
            np.testing.assert_array_equal(
                photo.decode(min_short_side_px), decoded(data, min_short_side_px)
            )
