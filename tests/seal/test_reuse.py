"""A face is used for its one answer and for nothing else: a hundred checks change nothing."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import closing, suppress
from pathlib import Path

import pytest
from PIL import Image

import agecheck
from agecheck import AgePolicy, ImageSource, load_checker
from agecheck.seal.pool import WorkerPool
from agecheck.seal.setup import WorkerSetup
from seal.processes import CAT, PORTRAIT, becomes_true

PACKAGE = Path(agecheck.__file__).parent
CHALLENGE_25 = AgePolicy(age_limit=18, challenge_age=25)


def state_of(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file's time of change and digest, but for Python's own cache of compiled modules."""
    return {
        path.relative_to(folder).as_posix(): (
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def shared_memory() -> set[int]:
    """Inodes of what is in /dev/shm, but for what another program on this machine has mapped."""
    inodes = {entry.inode() for entry in os.scandir("/dev/shm")}  # noqa: S108
    for process in Path("/proc").glob("[0-9]*"):  # the closed checkers' processes have gone
        if int(process.name) != os.getpid():
            with suppress(OSError):  # it has ended, or is another user's
                mapped = (process / "maps").read_text()
                # By its number: the C library maps a semaphore under a name before the final one.
                inodes -= {int(line.split()[4]) for line in mapped.splitlines()}
    return inodes


def test_a_hundred_checks_change_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No weight, calibration, cache or note: nothing learns, and nothing is kept."""
    for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    pictures: list[ImageSource] = [PORTRAIT.read_bytes(), CAT.read_bytes()]
    with Image.open(PORTRAIT) as opened:
        pictures += [opened.convert("RGB").resize((320, 320)), b"not a picture"]

    def answers(rounds: int) -> list[str]:
        said = []
        with load_checker(CHALLENGE_25) as checker:
            for picture in pictures * rounds:
                try:
                    said.append(str(checker.check(picture)))
                except agecheck.ImageError as error:
                    said.append(error.fault.name)
        return said

    first = answers(1)
    before = state_of(PACKAGE)
    shared_before = shared_memory()
    hundred = answers(25)

    assert len(hundred) == 100
    assert hundred == first * 25
    assert state_of(PACKAGE) == before
    assert list(tmp_path.rglob("*")) == []
    # Others come and go, between two looks as well; what these checks left would stay.
    assert becomes_true(lambda: shared_memory() <= shared_before)
    assert answers(1) == first


def test_a_worker_is_forked_ahead_where_it_will_be_needed() -> None:
    """Before the last check of the one that is there, and beside one that is out; not otherwise."""
    setup = WorkerSetup("seal.tasks:Obedient", max_checks=3)
    with closing(WorkerPool(setup, concurrency=2)) as pool:
        waiting = []
        for _ in range(3):
            waiting.append(len(pool._idle))
            pool.check(b"over")
        assert waiting == [1, 1, 1]
        assert len(pool._idle) == 1  # the next one, made during the third check
        first = pool.reserve()
        second = pool.reserve()
        assert len(pool._idle) == 1
        pool.release(first)
        pool.release(second)


def test_an_interrupt_as_a_worker_is_handed_over_keeps_no_worker() -> None:
    """Ctrl-C after it was ready and before the caller has it: it ends, and its place is free."""
    setup = WorkerSetup("seal.tasks:Obedient", max_checks=3)

    class Interrupting:
        def __ne__(self, other: object) -> bool:
            raise KeyboardInterrupt

    with closing(WorkerPool(setup, concurrency=1)) as pool:
        state = pool.state
        pool._state = Interrupting()  # type: ignore[assignment]
        with pytest.raises(KeyboardInterrupt):
            pool.reserve()
        pool._state = state
        assert pool._out == set()
        assert pool.check(b"over").verdict is agecheck.Verdict.OVER
