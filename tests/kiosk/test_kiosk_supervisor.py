"""What the supervisor tells systemd, and that a child which says nothing is not waited for."""

from __future__ import annotations

import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import pytest
from click.testing import CliRunner

from agecheck.cli.program import cli
from agecheck.kiosk import supervisor
from kiosk.programs import settings

READY, LIVES = "READY=1\nSTATUS=ready", "WATCHDOG=1"
AGAIN = "STATUS=starting again after a fault"
LIMIT_S = 20.0
CHILD = """#!/bin/sh
# Called as Python is: -Psm agecheck.kiosk.NAME ... BEAT PARENT
for word; do beat=$last; last=$word; done
cd "${0%/*}" && name=${2##*.} && exec 3> "/dev/fd/$beat"
echo "$name $$" >> started
printf . >&3
sleep 0.2
printf R >&3
if rm "mute-$name" 2> /dev/null; then exec sleep 60; fi
while printf . >&3; do sleep 0.05; done
"""
"""In place of both children: it shows that it lives, and once does not where a file says so."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Settings, and children that only play; the test's own signals are put back."""
    settings(tmp_path)
    child = tmp_path / "child"
    child.write_text(CHILD)
    child.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(child))
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_S", 0.05)
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    yield tmp_path
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def told(
    folder: Path, address: str, monkeypatch: pytest.MonkeyPatch, until: Callable[[list[str]], bool]
) -> list[str]:
    """Run a kiosk as a unit of systemd, which ends it once it has been told enough."""
    said: list[str] = []
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    bound = address.replace("@", "\0", 1)
    main = threading.main_thread().ident
    assert main is not None

    def listen() -> None:
        while text := systemd.recv(4096).decode():
            said.append(text)
            if until(said):
                signal.pthread_kill(main, signal.SIGTERM)

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(bound)
        listening = threading.Thread(target=listen)
        listening.start()
        in_vain = threading.Timer(LIMIT_S, signal.pthread_kill, (main, signal.SIGTERM))
        in_vain.start()
        try:
            ran = CliRunner().invoke(cli, ["kiosk", "--config", str(folder / "kiosk.toml")])
        finally:
            in_vain.cancel()
            systemd.sendto(b"", bound)
            listening.join()
    assert ran.exit_code == 0, ran.output
    return said


@pytest.mark.parametrize("where", ["{folder}/notify", "@{folder}"])
def test_systemd_learns_that_the_kiosk_is_ready_and_then_that_it_lives(
    folder: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unit is of Type=notify and has a watchdog: without these words it would be ended.

    Not one of them comes before capture serves the page.
    """
    address = where.format(folder=folder)
    said = told(folder, address, monkeypatch, lambda said: said.count(LIVES) == 3)
    assert said[0] == READY
    assert set(said[1:]) == {LIVES}


@pytest.mark.parametrize("name", ["capture", "outputs"])
def test_a_child_that_falls_silent_is_replaced_and_so_is_the_other(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has not ended, and nobody is served: both are ended and started again."""
    monkeypatch.setitem(supervisor.SILENT_S, name, 0.5)
    (folder / f"mute-{name}").touch()
    said = told(folder, f"{folder}/notify", monkeypatch, lambda said: said.count(READY) == 2)
    assert [text for text, _ in groupby(said)][:4] == [READY, LIVES, AGAIN, READY]
    started = [line.split() for line in (folder / "started").read_text().splitlines()]
    assert sorted(part for part, _ in started) == ["capture", "capture", "outputs", "outputs"]
    assert not any(Path(f"/proc/{pid}").exists() for _, pid in started)


def test_children_that_show_that_they_live_are_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long they run: silence counts from the last beat."""
    for name in ("capture", "outputs"):
        monkeypatch.setitem(supervisor.SILENT_S, name, 1.0)
    began_s = time.monotonic()
    said = told(folder, f"{folder}/notify", monkeypatch, lambda _: time.monotonic() - began_s > 1.6)
    assert set(said) == {READY, LIVES}
    assert len((folder / "started").read_text().splitlines()) == 2
