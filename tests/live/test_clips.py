"""Reading clips: videos, animated pictures and folders of frames, each with its own times."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from agecheck.clips import FOLDER_FRAME_MS, MAX_SIDE_PX, read_clip
from agecheck.errors import ImageError, ImageFault

HEIGHT_PX, WIDTH_PX = 48, 64


def coloured(index: int, size_px: tuple[int, int] = (HEIGHT_PX, WIDTH_PX)) -> np.ndarray:
    """Red on top, and brighter from frame to frame below."""
    frame = np.full((*size_px, 3), 20 * index, np.uint8)
    frame[: size_px[0] // 2] = (200, 20, 20)
    return frame


def write_video(
    path: Path, times_ms: list[int], size_px: tuple[int, int] = (HEIGHT_PX, WIDTH_PX)
) -> Path:
    """An MP4 whose frames come at these times."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.height, stream.width = size_px
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        for index, at_ms in enumerate(times_ms):
            frame = av.VideoFrame.from_ndarray(coloured(index, size_px), format="rgb24")
            frame.pts, frame.time_base = at_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def rotated_by_metadata(path: Path) -> Path:
    """As a phone writes it: the picture as the sensor lies, and beside it how to turn it."""
    data = bytearray(path.read_bytes())
    header = data.index(b"tkhd")
    matrix = data.index((0x00010000).to_bytes(4, "big"), header)
    clockwise = [0, 0x00010000, 0, -0x00010000, 0, 0, HEIGHT_PX << 16, 0, 0x40000000]
    data[matrix : matrix + 36] = b"".join(
        value.to_bytes(4, "big", signed=True) for value in clockwise
    )
    path.write_bytes(data)
    return path


def is_red(pixels: np.ndarray) -> bool:
    red, green, blue = pixels.reshape(-1, 3).mean(axis=0)
    return bool(red > 120 and green < 90 and blue < 90)


class TestVideo:
    def test_frames_come_upright_in_rgb_with_their_times(self, tmp_path: Path) -> None:
        """Also where the times are uneven, as a phone's are."""
        times_ms = [0, 33, 66, 150, 183, 400]
        frames = list(read_clip(write_video(tmp_path / "clip.mp4", times_ms)))
        assert [at_ms for _, at_ms in frames] == pytest.approx(times_ms, abs=2)
        for frame, _ in frames:
            assert frame.shape == (HEIGHT_PX, WIDTH_PX, 3)
            assert frame.dtype == np.uint8
            assert is_red(frame[4:20])
            assert not is_red(frame[-20:-4])

    def test_a_phones_rotation_is_undone(self, tmp_path: Path) -> None:
        """A face that lies on its side would be found by nobody."""
        path = rotated_by_metadata(write_video(tmp_path / "clip.mp4", [0, 33]))
        frame, _ = next(iter(read_clip(path)))
        assert frame.shape == (WIDTH_PX, HEIGHT_PX, 3)
        # Turned clockwise, what was on top is on the right.
        assert is_red(frame[:, -20:-4])
        assert not is_red(frame[:, 4:20])

    def test_large_frames_are_made_smaller(self, tmp_path: Path) -> None:
        """A session gains nothing from 4K."""
        path = write_video(tmp_path / "clip.mp4", [0, 33], (1080, 1920))
        frame, _ = next(iter(read_clip(path)))
        assert frame.shape == (720, MAX_SIDE_PX, 3)

    def test_what_is_no_video_is_an_error(self, tmp_path: Path) -> None:
        """Of a kind, and without the path."""
        (tmp_path / "clip.mp4").write_bytes(b"no video" * 100)
        with pytest.raises(ImageError) as caught:
            list(read_clip(tmp_path / "clip.mp4"))
        assert caught.value.fault is ImageFault.NOT_AN_IMAGE
        with pytest.raises(ImageError) as caught:
            list(read_clip(tmp_path / "missing.mp4"))
        assert caught.value.fault is ImageFault.NOT_FOUND
        assert "missing" not in str(caught.value)

    def test_a_playlist_opens_no_other_address(self, tmp_path: Path) -> None:
        """A labelled folder from elsewhere must not make this program call home."""
        address = "http://127.0.0.1:9/clip.mp4"
        (tmp_path / "clip.m3u8").write_text(f"#EXTM3U\n#EXTINF:1,\n{address}\n")
        with pytest.raises(ImageError):
            list(read_clip(tmp_path / "clip.m3u8"))


class TestPictures:
    def test_an_animation_has_its_own_times(self, tmp_path: Path) -> None:
        """Each frame says how long it is shown."""
        frames = [Image.fromarray(coloured(index)) for index in range(4)]
        path = tmp_path / "clip.webp"
        durations_ms = [40, 60, 100, 40]
        frames[0].save(
            path, save_all=True, append_images=frames[1:], duration=durations_ms, lossless=True
        )
        read = list(read_clip(path))
        assert [at_ms for _, at_ms in read] == [0, 40, 100, 200]
        assert [frame[-1, 0, 0] for frame, _ in read] == [0, 20, 40, 60]

    def test_a_folder_is_read_in_the_order_of_its_names(self, tmp_path: Path) -> None:
        """Numbers count as numbers; other files in it are none of its frames."""
        for index, name in ((2, "frame10"), (0, "frame1"), (1, "frame9")):
            Image.fromarray(coloured(index)).save(tmp_path / f"{name}.png")
        (tmp_path / "notes.txt").write_text("not a frame")
        read = list(read_clip(tmp_path))
        assert [at_ms for _, at_ms in read] == [0, FOLDER_FRAME_MS, 2 * FOLDER_FRAME_MS]
        assert [frame[-1, 0, 0] for frame, _ in read] == [0, 20, 40]

    def test_an_empty_folder_is_an_error(self, tmp_path: Path) -> None:
        """Nothing is not a clip of nobody."""
        with pytest.raises(ImageError) as caught:
            list(read_clip(tmp_path))
        assert caught.value.fault is ImageFault.EMPTY

    def test_a_broken_animation_is_an_error(self, tmp_path: Path) -> None:
        """It may break off anywhere."""
        frames = [Image.fromarray(coloured(index)) for index in range(4)]
        path = tmp_path / "clip.gif"
        frames[0].save(path, save_all=True, append_images=frames[1:])
        path.write_bytes(path.read_bytes()[:30])
        with pytest.raises(ImageError):
            list(read_clip(path))
