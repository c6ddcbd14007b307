"""Ctrl-C during a run: what is said agrees with what is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from agecheck.bench import checkpoint
from bench.faces import make_folder
from bench.foreign_peers import answering, bench, install

KEPT = "agecheck: what was measured is kept (unfinished.bin); the same command goes on"


@pytest.mark.parametrize(("at_picture", "is_kept"), [(1, False), (220, True)])
def test_an_interrupted_run_says_what_is_kept(
    tmp_path: Path, at_picture: int, is_kept: bool
) -> None:
    """One line, only where there is a checkpoint to go on from; the exit code stays 130."""
    faces, out = make_folder(tmp_path / "faces", 260).path, tmp_path / "out"
    # The peer stands for the person at the keyboard: it interrupts at a known picture.
    interrupt = f"self.asked == {at_picture} and os.kill(os.getppid(), signal.SIGINT) or 30.0"
    env = install(tmp_path / "site", {"interrupts": answering(interrupt)})
    asked = ["--peer", "interrupts", "--workers", "1", "--out", str(out)]
    ran = bench(env, "accuracy", str(faces), *asked)
    assert ran.returncode == 130
    assert (KEPT in ran.stderr.splitlines()) == is_kept
    assert (out / checkpoint.FILE).exists() == is_kept
