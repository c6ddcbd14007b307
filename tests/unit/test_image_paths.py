"""Image intake from paths: only regular files are read, and errors tell nothing of them."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest
from PIL import Image

from agecheck.errors import ImageError, ImageFault
from unit.picture_makers import decoded, encode, fault_of


class TestPaths:
    def _fault_within_10_s(self, path: Path) -> list[ImageFault | None]:
        faults: list[ImageFault | None] = []
        thread = threading.Thread(target=lambda: faults.append(fault_of(path)), daemon=True)
        thread.start()
        thread.join(timeout=10)
        return faults

    def test_missing_files_and_directories(self, tmp_path: Path) -> None:
        """The two usual mistakes have faults of their own."""
        assert fault_of(tmp_path / "none.jpg") is ImageFault.NOT_FOUND
        assert fault_of("") is ImageFault.NOT_FOUND
        assert fault_of(tmp_path) is ImageFault.IS_A_DIRECTORY

    def test_paths_that_cannot_be_opened(self, tmp_path: Path) -> None:
        """Whatever the system says about a path becomes one fault."""
        file = tmp_path / "file"
        file.touch()
        loop = tmp_path / "loop"
        loop.symlink_to(loop)

        for path in (file / "below", tmp_path / ("n" * 300), "null\0byte", "\udcff\ud800", loop):
            assert fault_of(path) is ImageFault.UNREADABLE

    def test_an_empty_file(self, tmp_path: Path) -> None:
        """No bytes is a fault of its own, in a file and in memory."""
        (tmp_path / "empty.jpg").touch()

        assert fault_of(tmp_path / "empty.jpg") is ImageFault.EMPTY
        assert fault_of(b"") is ImageFault.EMPTY

    def test_pipes_devices_and_sockets_do_not_block(self, tmp_path: Path) -> None:
        """A path to something endless or silent is refused at once."""
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        address = tmp_path / "s"
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(address))
            for path in (pipe, address, Path("/dev/zero")):
                assert self._fault_within_10_s(path) == [ImageFault.UNREADABLE]

    def test_a_path_object_that_fails(self) -> None:
        """A caller's own path class cannot let another error out."""

        class Broken(os.PathLike[str]):
            def __fspath__(self) -> str:
                raise RuntimeError("secret")

        assert fault_of(Broken()) is ImageFault.UNREADABLE

    def test_no_file_stays_open(self, tmp_path: Path, portrait: Path) -> None:
        """A kiosk that checks for months does not run out of file numbers."""
        before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208
        for path in (portrait, tmp_path, tmp_path / "none", Path("/dev/zero")):
            fault_of(path)

        assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208

    def test_an_error_tells_nothing_of_the_path_or_the_bytes(self, tmp_path: Path) -> None:
        """What is logged of an error is the fault's fixed sentence alone."""
        broken = tmp_path / "jane-doe.jpg"
        broken.write_bytes(encode(Image.new("RGB", (64, 64)), "PNG")[:-20])
        for path in (tmp_path / "jane-doe", broken):
            with pytest.raises(ImageError) as caught:
                decoded(path)

            assert str(caught.value) == caught.value.fault.value
            assert caught.value.__cause__ is None
            assert caught.value.__context__ is None
