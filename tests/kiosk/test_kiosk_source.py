"""A camera that the kiosk opens itself, and the names of those that it may not."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from agecheck.kiosk import source
from agecheck.kiosk.config import CameraSection
from agecheck.kiosk.source import CameraSource
from agecheck.live_page.frames import Frames, Stop

if TYPE_CHECKING:
    from pathlib import Path

VIRTUAL = CameraSection(virtual="refuse").refused_names


@pytest.mark.parametrize(
    ("name", "refused", "stopped"),
    [
        ("OBS Virtual Camera", VIRTUAL, Stop.VIRTUAL_CAMERA),
        ("Dummy video device (0x0000)", VIRTUAL, Stop.VIRTUAL_CAMERA),
        ("Integrated Camera", VIRTUAL, None),
        ("OBS Virtual Camera", (), None),
    ],
)
def test_a_device_is_refused_by_its_own_name(
    tmp_path: Path, name: str, refused: tuple[str, ...], stopped: Stop | None
) -> None:
    """A weak sign, where the settings ask for it; a camera of another name is opened."""
    (tmp_path / "video0").mkdir()
    (tmp_path / "video0" / "name").write_text(name + "\n")
    frames, stop = Frames(), threading.Event()
    threading.Timer(0.1, stop.set).start()
    CameraSource("/nowhere/video0", refused, tmp_path).run(frames, stop)
    assert frames.stopped is stopped


def test_a_device_is_known_by_the_links_that_lead_to_it(tmp_path: Path) -> None:
    """`/dev/v4l/by-id/…` has another name than the device that the kernel knows."""
    (tmp_path / "video0").mkdir()
    (tmp_path / "video0" / "name").write_text("OBS Virtual Camera\n")
    (tmp_path / "usb-camera-index0").symlink_to("/nowhere/video0")
    frames = Frames()
    CameraSource(str(tmp_path / "usb-camera-index0"), VIRTUAL, tmp_path).run(
        frames, threading.Event()
    )
    assert frames.stopped is Stop.VIRTUAL_CAMERA


@pytest.mark.parametrize(("refused", "opens"), [(VIRTUAL, False), ((), True)])
def test_a_device_without_a_name_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: tuple[str, ...], opens: bool
) -> None:
    """Where names are refused it could be any, or has been unplugged: no frame comes, which the
    visit calls a stalled camera. Where they are not, nobody asks for a name."""
    opened: list[Path] = []

    def empty(path: Path) -> tuple[()]:
        opened.append(path)
        return ()

    monkeypatch.setattr(source, "read_clip", empty)
    frames, stop = Frames(), threading.Event()
    threading.Timer(0.1, stop.set).start()
    CameraSource("/nowhere/video0", refused, tmp_path).run(frames, stop)
    assert frames.stopped is None
    assert bool(opened) is opens


def test_a_camera_is_asked_for_its_name_whenever_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is plugged in for another in the middle of a visit is refused as well."""
    name = tmp_path / "video0" / "name"
    name.parent.mkdir()
    name.write_text("Integrated Camera\n")

    def unplugged(_: Path) -> None:
        name.write_text("OBS Virtual Camera\n")
        raise OSError

    monkeypatch.setattr(source, "read_clip", unplugged)
    monkeypatch.setattr(source, "REOPEN_PAUSE_S", 0.01)
    frames, stop = Frames(), threading.Event()
    threading.Timer(2.0, stop.set).start()
    CameraSource("/nowhere/video0", VIRTUAL, tmp_path).run(frames, stop)
    assert frames.stopped is Stop.VIRTUAL_CAMERA
