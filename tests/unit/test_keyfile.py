"""The device key's file: whole or not at all, and for its owner alone."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agecheck.errors import KeyFileError
from agecheck.token import DeviceKey
from unit.key_files import GOOD_FILE, ROOT, ROOT_TEXT, SHOP, write_key_file


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def key_id(key: DeviceKey) -> str:
    return key.signer(SHOP).key_id


def refusal_of(action: Callable[[], object], *private: str) -> str:
    """The message of the KeyFileError, once nothing private hangs on it in any way."""
    with pytest.raises(KeyFileError) as caught:
        action()
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    for text in (str(error), repr(error), repr(vars(error))):
        assert not [value for value in private if value in text]
    return str(error)


# The file


def test_a_key_survives_being_written_and_read(tmp_path: Path) -> None:
    """A device keeps its identity towards an audience over a restart."""
    path = tmp_path / "device.key"
    assert key_id(DeviceKey.create(path)) == key_id(DeviceKey.load(str(path)))


def test_every_key_is_new(tmp_path: Path) -> None:
    """Two devices never share a root secret."""
    first, second = DeviceKey.create(tmp_path / "a"), DeviceKey.create(tmp_path / "b")
    assert key_id(first) != key_id(second)


def test_the_file_format_is_fixed(tmp_path: Path) -> None:
    """A key file written by one release is read as the same key by the next."""
    path = tmp_path / "device.key"
    DeviceKey.create(path)
    members = json.loads(path.read_text())
    assert path.read_bytes().endswith(b"}\n")
    assert (members["format"], members["version"]) == ("agecheck-key", 1)
    assert len(members["root"]) == 43
    assert key_id(DeviceKey.load(write_key_file(tmp_path / "old"))) == (
        "_Pp-e2XOmdLpQZyum30pYSJrRcxH62L-SfafptkAagI"  # as in docs/reference/vectors/token-v1.json
    )


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_the_mode_is_0600_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    """Neither a lax nor an overzealous umask changes who can read the secret."""
    path = tmp_path / "device.key"
    before = os.umask(umask)
    try:
        DeviceKey.create(path)
    finally:
        os.umask(before)
    assert mode_of(path) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["device.key"]


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    """Losing a key by a second `keys new` would lose the device's enrolments."""
    path = write_key_file(tmp_path / "device.key", "anything else")
    message = refusal_of(lambda: DeviceKey.create(path), str(tmp_path), "device.key")
    assert "never overwritten" in message
    assert path.read_text() == "anything else"
    assert [entry.name for entry in tmp_path.iterdir()] == ["device.key"]


def test_a_dangling_symlink_is_not_written_through(tmp_path: Path) -> None:
    """A planted symlink cannot choose where the secret lands."""
    target = tmp_path / "elsewhere"
    path = tmp_path / "device.key"
    path.symlink_to(target)
    refusal_of(lambda: DeviceKey.create(path), str(tmp_path))
    assert not target.exists()
    assert path.is_symlink()


def test_the_name_appears_only_with_the_whole_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash at any moment leaves either no key file or a whole one with its mode."""
    path = tmp_path / "device.key"
    seen: list[tuple[bool, int, str]] = []
    link = os.link

    def watched_link(source: Path, target: Path) -> None:
        seen.append((target.exists(), mode_of(source), source.read_text()))
        link(source, target)

    monkeypatch.setattr(os, "link", watched_link)
    DeviceKey.create(path)
    assert seen == [(False, 0o600, path.read_text())]


@pytest.mark.parametrize("step", ["open", "fchmod", "fsync", "link"])
def test_a_failed_write_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A full disk or a file system without links gives an error, and no half key or leftover."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "secret-folder/device.key")

    path = tmp_path / "device.key"
    monkeypatch.setattr(os, step, fail)
    message = refusal_of(lambda: DeviceKey.create(path), "secret-folder", str(tmp_path))
    monkeypatch.undo()
    assert message == "the key file cannot be written there"
    assert list(tmp_path.iterdir()) == []


def test_of_many_creations_at_once_one_wins(tmp_path: Path) -> None:
    """Two processes that set a device up at once cannot end with two keys."""
    path = tmp_path / "device.key"

    def attempt(_: int) -> str | None:
        try:
            return key_id(DeviceKey.create(path))
        except KeyFileError:
            return None

    with ThreadPoolExecutor(8) as pool:
        winners = [name for name in pool.map(attempt, range(16)) if name is not None]
    assert winners == [key_id(DeviceKey.load(path))]
    assert [entry.name for entry in tmp_path.iterdir()] == ["device.key"]


@pytest.mark.parametrize("name", ["missing/device.key", "nul\0name", "x" * 300, ".", "/"])
def test_an_impossible_path_is_a_key_file_error(tmp_path: Path, name: str) -> None:
    """Whatever is wrong with a path, the error is typed and does not repeat the path."""
    path = tmp_path / name
    refusal_of(lambda: DeviceKey.create(path), str(tmp_path), "x" * 300)
    refusal_of(lambda: DeviceKey.load(path), str(tmp_path), "x" * 300)


@pytest.mark.parametrize("bit", [1 << shift for shift in range(6)], ids=oct)
def test_a_file_that_others_can_touch_is_refused(tmp_path: Path, bit: int) -> None:
    """One stray permission bit for group or others means that the secret may be out."""
    path = write_key_file(tmp_path / "device.key", mode=0o600 | bit)
    assert "0600" in refusal_of(lambda: DeviceKey.load(path), ROOT_TEXT, str(tmp_path))


def test_a_read_only_key_file_is_fine(tmp_path: Path) -> None:
    """A stricter mode than ours is no reason to refuse."""
    DeviceKey.load(write_key_file(tmp_path / "device.key", mode=0o400))


def test_a_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever owns the file knows the key, so somebody else's file is not ours to sign with."""
    path = write_key_file(tmp_path / "device.key")
    other_user = path.stat().st_uid + 1
    monkeypatch.setattr(os, "geteuid", lambda: other_user)
    assert "another user" in refusal_of(lambda: DeviceKey.load(path), ROOT_TEXT)


def test_what_is_not_a_regular_file_is_refused(tmp_path: Path) -> None:
    """Symlinks, folders and pipes are refused, and a pipe does not hang the load."""
    write_key_file(tmp_path / "real.key")
    link, folder, pipe = tmp_path / "link", tmp_path / "folder", tmp_path / "pipe"
    link.symlink_to(tmp_path / "real.key")
    folder.mkdir(mode=0o700)
    os.mkfifo(pipe, 0o600)
    assert "symlink" in refusal_of(lambda: DeviceKey.load(link), ROOT_TEXT)
    for path in (folder, pipe):
        assert "regular file" in refusal_of(lambda path=path: DeviceKey.load(path))  # type: ignore[misc]
    assert "no key file" in refusal_of(lambda: DeviceKey.load(tmp_path / "none"), str(tmp_path))


MALFORMED_FILES = {
    "empty": "",
    "cut off": GOOD_FILE[:-10],
    "the bare secret": ROOT,
    "not UTF-8": b"\xff\xfe" + GOOD_FILE.encode(),
    "a list": "[1]",
    "too large": GOOD_FILE + " " * 512,
    "another format": GOOD_FILE.replace("agecheck-key", "other-key"),
    "a later version": GOOD_FILE.replace("1,", "2,"),
    "a version that equals 1": GOOD_FILE.replace("1,", "true,"),
    "a float version": GOOD_FILE.replace("1,", "1.0,"),
    "no root": '{"format": "agecheck-key", "version": 1}',
    "a number as root": '{"format": "agecheck-key", "version": 1, "root": 5}',
    "an extra member": GOOD_FILE.replace("{", '{"note": "", '),
    "a member twice": GOOD_FILE.replace("{", '{"version": 1, '),
    "a short root": GOOD_FILE.replace(ROOT_TEXT, ROOT_TEXT[4:]),
    "a long root": GOOD_FILE.replace(ROOT_TEXT, "AAAA" + ROOT_TEXT),
    "stray bits in the root": GOOD_FILE.replace(ROOT_TEXT, ROOT_TEXT[:-1] + "9"),
    "padding": GOOD_FILE.replace(ROOT_TEXT, ROOT_TEXT + "="),
    "nested too deeply": "[" * 500,
}


@pytest.mark.parametrize("content", MALFORMED_FILES.values(), ids=MALFORMED_FILES)
def test_a_malformed_file_is_refused(tmp_path: Path, content: str | bytes) -> None:
    """A damaged file never becomes a weak or different key, and its content is not repeated."""
    path = write_key_file(tmp_path / "device.key", content)
    message = refusal_of(lambda: DeviceKey.load(path), ROOT_TEXT[:10], str(tmp_path))
    assert message == "the key file is not one that this version of agecheck writes"
