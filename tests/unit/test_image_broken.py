"""Broken and hostile bytes end in an ImageError, never in a partial picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageFile

from agecheck.errors import ImageError, ImageFault
from unit.picture_makers import decoded, encode, fault_of, seeds, small_portrait


@pytest.fixture(params=[False, True], ids=["strict", "lenient"])
def pillow_leniency(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow as it comes, and as applications set it that accept half pictures."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", request.param)


@pytest.mark.usefixtures("pillow_leniency")
class TestBrokenData:
    @pytest.mark.parametrize("name", [name for name in seeds() if "multi" not in name])
    def test_a_truncated_picture_is_refused_wherever_it_ends(self, name: str) -> None:
        """No partial picture is ever judged, whatever the application allows Pillow."""
        data = seeds()[name]
        for length_bytes in range(16, len(data), 7):
            assert fault_of(data[:length_bytes]) is ImageFault.TRUNCATED
        assert fault_of(data[:-1]) is ImageFault.TRUNCATED

    @pytest.mark.parametrize("image_format", ["PNG", "WEBP"])
    def test_corrupt_data_is_refused(self, image_format: str) -> None:
        """Damage within a picture is told apart from a missing end."""
        data = bytearray(encode(small_portrait(), image_format, lossless=True))
        for position in range(60, 84):
            data[position] ^= 0xFF

        assert fault_of(bytes(data)) is ImageFault.CORRUPT


def test_a_jpeg_without_its_tables_is_refused() -> None:
    """A decoder's own failure becomes a typed error."""
    data = seeds()["JPEG"]

    assert fault_of(data.replace(b"\xff\xdb", b"\xff\xfe")) is ImageFault.CORRUPT


def _frame_or_image_error(data: bytes, min_short_side_px: int | None) -> None:
    try:
        frame = decoded(data, min_short_side_px)
    except ImageError:
        return
    assert frame.dtype == np.uint8
    assert frame.shape[2] == 3


class TestFuzz:
    """The hypothesis: bytes end in a frame or an ImageError, in nothing else."""

    @given(
        prefix=st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x28\0\0\0WEBP"]),
        rest=st.binary(max_size=200),
    )
    def test_any_bytes(self, prefix: bytes, rest: bytes) -> None:
        """Noise, with and without a known beginning, is refused in order."""
        assert fault_of(prefix + rest) is not None

    @given(
        data=st.sampled_from(sorted(seeds().values())),
        changes=st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(max_size=3)), max_size=8),
        in_header=st.booleans(),
        min_short_side_px=st.sampled_from([None, 9, 40]),
    )
    def test_damaged_pictures(
        self,
        data: bytes,
        changes: list[tuple[int, bytes]],
        in_header: bool,
        min_short_side_px: int | None,
    ) -> None:
        """Bytes overwritten anywhere, or in the header alone, break nothing but the picture."""
        damaged = bytearray(data)
        for position, replacement in changes:
            start = position % (200 if in_header else len(damaged))
            damaged[start : start + len(replacement)] = replacement

        _frame_or_image_error(bytes(damaged), min_short_side_px)
