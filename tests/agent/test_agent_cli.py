"""`agecheck agent` as a command: what it refuses before it opens a port."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from agecheck.cli import agent as command
from agecheck.cli.program import cli
from agecheck.token import DeviceKey


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A device's key."""
    DeviceKey.create(tmp_path / "device.key")
    return tmp_path / "device.key"


def said(*arguments: str) -> tuple[int, str]:
    ran = CliRunner().invoke(cli, ["agent", *arguments])
    return ran.exit_code, ran.output


@pytest.mark.parametrize("age", ["", "0", "018", "18=", "18=25.55", "eighteen", "100", "18=12"])
def test_an_age_has_one_form(key_file: Path, age: str) -> None:
    """LIMIT or LIMIT=CHALLENGE, and the challenge age above the limit."""
    code, output = said("--key", str(key_file), "--age", age)
    assert code == 2
    assert "internal" not in output


def test_an_age_that_nobody_measured_is_refused(key_file: Path) -> None:
    """It ends before a question is taken, and says which there are."""
    code, output = said("--key", str(key_file), "--age", "33", "--port", "0")
    assert code == 2
    assert "the calibration has no challenge age" in output


def test_a_key_that_is_no_key_is_refused(tmp_path: Path) -> None:
    """One line, without the path."""
    code, output = said("--key", str(tmp_path / "none"))
    assert (code, str(tmp_path) in output) == (2, False)
    assert "no key file" in output


def test_a_damaged_memory_is_refused(key_file: Path) -> None:
    """Who damages it must not make the agent forget."""
    asked = key_file.with_name("device.key.asked")
    asked.write_text("{}")
    asked.chmod(0o600)
    code, output = said("--key", str(key_file))
    assert code == 2
    assert "not one that this version" in output


def test_a_taken_port_is_said(key_file: Path) -> None:
    """Somebody else listens there: not the agent."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, output = said("--key", str(key_file), "--port", str(taken.getsockname()[1]))
    assert code == 2
    assert "port cannot be had" in output


def test_without_the_extra_it_says_what_to_install(
    key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing library is no traceback."""
    monkeypatch.setattr(command, "find_spec", lambda _name: None)
    code, output = said("--key", str(key_file))
    assert code == 2
    assert "in a clone: pip install '.[web]'" in output
