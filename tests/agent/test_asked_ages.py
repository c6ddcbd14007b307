"""What the agent remembers of sites, in which file, and for how long."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import threading
from pathlib import Path

import pytest

from agecheck import private_file
from agecheck.agent.asked_ages import AskedAges
from agecheck.agent.errors import AgentError
from agecheck.errors import AgecheckError
from agecheck.private_file import PrivateFileError
from relying_party.devices import Clock

SITE, OTHER = "s" * 43, "o" * 43
DAY_S = 86_400


def test_one_age_a_site_for_thirty_days(tmp_path: Path) -> None:
    """The same age may be asked about again, another one only after a month without."""
    clock = Clock(1_000 * DAY_S)
    asked = AskedAges(tmp_path / "asked", clock)
    asked.note(SITE, 18)
    assert asked.allows(SITE, 18)
    assert not asked.allows(SITE, 21)
    assert asked.allows(OTHER, 21)
    with pytest.raises(AgentError):
        asked.note(SITE, 21)
    clock.now_s += 20 * DAY_S
    asked.note(SITE, 18)
    clock.now_s += 30 * DAY_S
    assert not asked.allows(SITE, 21)
    clock.now_s += DAY_S
    assert asked.allows(SITE, 21)
    asked.note(OTHER, 18)
    kept = json.loads((tmp_path / "asked").read_text())["asked"]
    assert list(kept) == [OTHER]  # what has run out is forgotten, on disk, too


def test_it_is_there_after_a_restart(tmp_path: Path) -> None:
    """And it is nobody else's to read."""
    clock, path = Clock(1_000 * DAY_S), tmp_path / "asked"
    AskedAges(path, clock).note(SITE, 18)
    assert path.stat().st_mode & 0o777 == 0o600
    assert not AskedAges(path, clock).allows(SITE, 21)
    assert json.loads(path.read_text()) == {
        "format": "agecheck-agent",
        "version": 1,
        "asked": {SITE: [18, 1000]},
    }
    assert [one.name for one in tmp_path.iterdir()] == ["asked"]


def test_two_agents_do_not_answer_for_two_ages(tmp_path: Path) -> None:
    """Each knows what the other has written, and neither writes over it."""
    clock, path = Clock(1_000 * DAY_S), tmp_path / "asked"
    one, two = AskedAges(path, clock), AskedAges(path, clock)
    one.note(SITE, 18)
    with pytest.raises(AgentError):
        two.note(SITE, 21)
    two.note(OTHER, 21)
    assert set(json.loads(path.read_text())["asked"]) == {SITE, OTHER}
    assert not AskedAges(path, clock).allows(SITE, 21)


def test_of_two_tabs_at_once_one_is_remembered(tmp_path: Path) -> None:
    """Two answers that are begun at the same moment are not about two ages."""
    asked, barrier = AskedAges(tmp_path / "asked", Clock(1_000 * DAY_S)), threading.Barrier(8)
    noted: list[int] = []

    def note(age_limit: int) -> None:
        barrier.wait(10)
        with contextlib.suppress(AgentError):
            asked.note(SITE, age_limit)
            noted.append(age_limit)

    threads = [threading.Thread(target=note, args=(20 + turn,)) for turn in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(noted) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"format":"agecheck-agent","version":2,"asked":{}}',
        b'{"format":"agecheck-agent","version":1,"asked":[]}',
        b'{"format":"agecheck-agent","version":1,"asked":{"shop.example":[18,1]}}',
        b'{"format":"agecheck-agent","version":1,"asked":{"' + b"s" * 43 + b'":[18]}}',
        b'{"format":"agecheck-agent","version":1,"asked":{"' + b"s" * 43 + b'":[18,-1]}}',
        b'{"format":"agecheck-agent","version":1,"asked":{},"asked":{}}',
        b"\xff\xfe",
        b"[" * 100_000,
        b" " * 1_000_001,
    ],
)
def test_a_damaged_file_is_not_begun_anew(tmp_path: Path, content: bytes) -> None:
    """Who could make it unreadable could make the agent forget: it does not start."""
    path = tmp_path / "asked"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(AgecheckError) as caught:
        AskedAges(path, Clock())
    assert str(tmp_path) not in str(caught.value)
    assert path.read_bytes() == content


@pytest.mark.parametrize("kind", ["readable", "folder", "symlink", "pipe"])
def test_only_a_private_file_is_read(tmp_path: Path, kind: str) -> None:
    """Mode, owner and kind are those of the opened file."""
    path, real = tmp_path / "asked", tmp_path / "real"
    real.write_bytes(b"{}")
    real.chmod(0o600)
    if kind == "readable":
        path.write_bytes(b"{}")
        path.chmod(0o640)
    elif kind == "folder":
        path.mkdir(mode=0o700)
    elif kind == "symlink":
        path.symlink_to(real)
    else:
        os.mkfifo(path, 0o600)
    with pytest.raises(PrivateFileError):
        private_file.read(path, max_bytes=100)


def test_a_folder_that_cannot_be_synced_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has been replaced is not said to be what it was before."""
    tried: list[int] = []

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            tried.append(descriptor)
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", fsync)
    path = tmp_path / "asked"
    private_file.replace(path, b"first")
    AskedAges(tmp_path / "other", Clock(1_000 * DAY_S)).note(SITE, 18)
    assert path.read_bytes() == b"first"
    assert len(tried) == 2
    assert sorted(one.name for one in tmp_path.iterdir()) == ["asked", "other"]


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    """A folder in its place: what cannot be written is an error, and leaves nothing behind."""
    (tmp_path / "asked").mkdir()
    (tmp_path / "asked" / "inside").touch()
    with pytest.raises(PrivateFileError):
        private_file.replace(tmp_path / "asked", b"content")
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["asked", "inside"]
    with pytest.raises(PrivateFileError):
        private_file.replace(tmp_path / "none" / "asked", b"content")
    with pytest.raises(PrivateFileError):
        private_file.read(Path("a\0b"), max_bytes=10)
