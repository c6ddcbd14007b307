"""Reading pictures from where labels say they lie: only from regular files, whatever is there."""

from __future__ import annotations

import io
import os
import signal
import socket
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agecheck.bench.labels import FaceLabel
from agecheck.bench.pictures import PictureReader

CONTENT = b"content"


@pytest.fixture
def nothing_waits() -> Iterator[None]:
    """A read that waits for a writer ends the test instead of hanging it."""

    def give_up(_number: int, _frame: object) -> None:
        pytest.fail("the reader waits")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(5)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def make_special(path: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        with socket.socket(socket.AF_UNIX) as bound:
            # A socket's address is short; a path from the folder is.
            before = Path.cwd()
            os.chdir(path.parent)
            bound.bind(path.name)
            os.chdir(before)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "socket"])
class TestOnlyRegularFiles:
    @pytest.mark.usefixtures("nothing_waits")
    def test_what_is_no_file_is_no_picture(self, kind: str, tmp_path: Path) -> None:
        """A label cannot make a run wait for ever, or read without end."""
        make_special(tmp_path / "a.jpg", kind)
        assert PictureReader(tmp_path).read(FaceLabel("a.jpg", 30, 30)) is None

    @pytest.mark.parametrize("name", ["faces.tar", "faces.parquet"])
    @pytest.mark.usefixtures("nothing_waits")
    def test_what_is_no_file_is_no_archive(self, kind: str, name: str, tmp_path: Path) -> None:
        """Nor can an archive."""
        make_special(tmp_path / name, kind)
        label = FaceLabel("a.jpg", 30, 30, archive=name, row=0)
        assert PictureReader(tmp_path).read(label) is None


def test_a_pipe_hides_no_picture(tmp_path: Path) -> None:
    """What lies in images/ is found beside something of the same name that is no file."""
    os.mkfifo(tmp_path / "a.jpg")
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").write_bytes(CONTENT)
    assert PictureReader(tmp_path).read(FaceLabel("a.jpg", 30, 30)) == CONTENT


def tar_with(path: Path, *names: str) -> None:
    with tarfile.open(path, "w") as archive:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = len(CONTENT)
            archive.addfile(entry, io.BytesIO(CONTENT))


@pytest.mark.parametrize("member", ["x/a.jpg", "./x/a.jpg", ".//x/./a.jpg"])
@pytest.mark.parametrize("file", ["x/a.jpg", "./x/a.jpg", "x//./a.jpg"])
def test_a_tar_finds_what_a_folder_finds(member: str, file: str, tmp_path: Path) -> None:
    """How a path is written, in the labels or by tar, decides nothing."""
    tar_with(tmp_path / "faces.tar", member)
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.jpg").write_bytes(CONTENT)
    reader = PictureReader(tmp_path)
    assert reader.read(FaceLabel(file, 30, 30)) == CONTENT
    assert reader.read(FaceLabel(file, 30, 30, archive="faces.tar")) == CONTENT


@pytest.mark.parametrize("member", ["../a.jpg", "/a.jpg", "x/../a.jpg", "./../a.jpg"])
def test_a_members_way_out_is_no_name_inside(member: str, tmp_path: Path) -> None:
    """A member that points elsewhere is not taken for the picture of that name."""
    tar_with(tmp_path / "faces.tar", member)
    label = FaceLabel("a.jpg", 30, 30, archive="faces.tar")
    assert PictureReader(tmp_path).read(label) is None
