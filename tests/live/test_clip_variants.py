"""A living person is bona fide whatever a phone or a program makes of the clip."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from PIL import Image

from agecheck.bench.attacks import Outcome, Seen, look_at
from benchmarks.actors import Person
from benchmarks.clips import Frame

DURATION_MS = 2600
MS = Fraction(1, 1000)


def person() -> Person:
    """Blinks twice."""
    made = Person(0)
    made._blinks_ms = np.array([900.0, 1900.0])
    return made


def times_ms(fps: float, *, uneven: bool = False) -> list[int]:
    """Of a clip's frames. Phones make fewer in the dark, and not all equally far apart."""
    random = np.random.default_rng(5)
    steps = random.uniform(0.6, 1.5, 500) if uneven else np.ones(500)
    at_ms = np.cumsum(steps) * 1000 / fps
    return [round(float(t)) for t in at_ms if t < DURATION_MS]


def video(path: Path, frames: list[tuple[Frame, int]], codec: str, **options: str) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30, options=options)
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = frames[0][0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = MS
        for pixels, at_ms in frames:
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = at_ms, MS
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def fitted(frame: Frame, size_px: tuple[int, int]) -> Frame:
    """Cut and scaled to (height, width)."""
    height, width = size_px
    scale = max(height / frame.shape[0], width / frame.shape[1])
    larger = Image.fromarray(frame).resize(
        (round(frame.shape[1] * scale), round(frame.shape[0] * scale))
    )
    left, top = (larger.width - width) // 2, (larger.height - height) // 2
    return np.asarray(larger.crop((left, top, left + width, top + height)))


@pytest.mark.parametrize(
    ("name", "codec", "fps", "options"),
    [
        ("clip.webm", "libvpx", 60, {"b": "800k", "deadline": "realtime", "cpu-used": "8"}),
        ("clip.mp4", "libx264", 15, {"crf": "40"}),
        ("clip.mkv", "libx264", 24, {}),
        ("clip.mov", "mpeg4", 30, {"b": "900k"}),
    ],
)
def test_containers_rates_and_compression(
    name: str, codec: str, fps: float, options: dict[str, str], tmp_path: Path
) -> None:
    """Of a phone, a browser, a screen recorder; sharply compressed, at uneven times."""
    actor, path = person(), tmp_path / name
    frames = [(actor.frame(at_ms), at_ms) for at_ms in times_ms(fps, uneven=fps == 24)]
    video(path, frames, codec, **options)
    assert look_at(path) == Seen(Outcome.BONA_FIDE)


def test_a_tall_film_of_a_phone(tmp_path: Path) -> None:
    """1080 x 1920 is scaled down, and the face is as it was."""
    actor, path = person(), tmp_path / "clip.mp4"
    frames = [(fitted(actor.frame(at_ms), (1920, 1080)), at_ms) for at_ms in times_ms(15)]
    video(path, frames, "libx264", preset="ultrafast")
    assert look_at(path) == Seen(Outcome.BONA_FIDE)


def test_an_animated_picture_of_few_colours(tmp_path: Path) -> None:
    """The pattern that a GIF makes of missing colours is not a screen's."""
    actor, path = person(), tmp_path / "clip.gif"
    pictures = [Image.fromarray(actor.frame(at_ms)) for at_ms in times_ms(12)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=80)
    assert look_at(path) == Seen(Outcome.BONA_FIDE)


def test_a_folder_of_numbered_pictures(tmp_path: Path) -> None:
    """As programs number them: 1.jpg to 90.jpg, sharply compressed."""
    actor = person()
    for index, at_ms in enumerate(range(0, DURATION_MS, 33)):
        Image.fromarray(actor.frame(at_ms)).save(tmp_path / f"{index + 1}.jpg", quality=25)
    assert look_at(tmp_path) == Seen(Outcome.BONA_FIDE)
