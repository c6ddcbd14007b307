"""Whose file a kiosk takes a secret from."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from agecheck.kiosk.errors import KioskConfigError
from agecheck.kiosk.sinks import read_secret


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """Mode 0600, and the last line break is no part of it."""
    path = tmp_path / "secret"
    path.write_bytes(b"a" * 40 + b"\n")
    path.chmod(0o600)
    assert read_secret(path) == b"a" * 40
    path.chmod(0o640)
    with pytest.raises(KioskConfigError):
        read_secret(path)
    for bad in (tmp_path / "none", tmp_path):
        with pytest.raises(KioskConfigError):
            read_secret(bad)


def test_a_secret_behind_a_symlink_is_refused(tmp_path: Path) -> None:
    """Who may change the link would choose which of this user's files is the secret."""
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"a" * 40)
    real.chmod(0o600)
    link.symlink_to(real)
    with pytest.raises(KioskConfigError, match="symlink"):
        read_secret(link)


@pytest.mark.parametrize(
    ("owner", "group", "mode", "refused"),
    [
        (0, 0, 0o400, None),
        (0, 0, 0o440, None),  # a systemd credential: its access list shows as the group's mode
        (0, 0, 0o444, "open to others"),
        (0, 0, 0o460, "open to others"),
        (0, 7, 0o440, "open to others"),
        (7, 7, 0o400, "another user"),
        (8, 8, 0o400, None),
        (8, 0, 0o440, "open to others"),
    ],
)
def test_whose_a_secret_may_be(
    owner: int,
    group: int,
    mode: int,
    refused: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The kiosk's user's own or root's; another user's would let that one sign questions."""
    path = tmp_path / "secret"
    path.write_bytes(b"a" * 40)
    path.chmod(0o600)
    status = list(path.stat())
    status[0], status[4], status[5] = stat.S_IFREG | mode, owner, group
    monkeypatch.setattr(os, "geteuid", lambda: 8)
    monkeypatch.setattr(os, "fstat", lambda _: os.stat_result(status))
    if refused is None:
        assert read_secret(path) == b"a" * 40
    else:
        with pytest.raises(KioskConfigError, match=refused):
            read_secret(path)
