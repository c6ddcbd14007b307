"""A check with MediaPipe's detector: the same answers, behind walls, or none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from agecheck import (
    AgeChecker,
    AgePolicy,
    CheckResult,
    ImageSource,
    SealError,
    Verdict,
    load_checker,
)
from agecheck.seal_state import SealLevel, Wall
from seal.processes import first_worker_pid, pool_of, server_pid_of, status_of
from selfies import degrade
from selfies.degrade import Portrait

POLICY = AgePolicy(age_limit=18, challenge_age=25)
MANY_CHECKS = 200
OVER = CheckResult(Verdict.OVER)


@pytest.fixture(scope="module")
def checker() -> Iterator[AgeChecker]:
    with load_checker(POLICY, detector="mediapipe") as checker:
        yield checker


@pytest.fixture(scope="module")
def default() -> Iterator[AgeChecker]:
    with load_checker(POLICY) as checker:
        yield checker


def test_verdicts_are_those_of_the_default(
    checker: AgeChecker,
    default: AgeChecker,
    sample: Portrait,
    pictures: dict[str, Path],
    cat: Path,
) -> None:
    """The choice of the detector's runtime does not decide about anybody."""
    two_people = degrade.side_by_side(sample, 1.0)
    shown: dict[str, ImageSource] = {**pictures, "cat": cat, "two people": two_people}
    answers = {name: (checker.check(shot), default.check(shot)) for name, shot in shown.items()}
    assert {name: both for name, both in answers.items() if both[0] != both[1]} == {}
    assert len({mediapipes for mediapipes, _ in answers.values()}) >= 8


def test_the_state_says_what_cannot_stand(checker: AgeChecker) -> None:
    """A worker with threads of its own is not called sealed; every other wall is there."""
    assert checker.seal.level is SealLevel.PARTIAL
    assert checker.seal.missing == (Wall.SINGLE_THREAD,)


def test_every_thread_is_behind_the_filter(checker: AgeChecker, portrait: Path) -> None:
    """By the kernel's account, thread by thread, after a picture was seen."""
    assert checker.check(portrait) == OVER
    pid = first_worker_pid(pool_of(checker))
    threads = list(Path(f"/proc/{pid}/task").iterdir())
    assert len(threads) > 1
    for thread in threads:
        status = dict(line.split(":\t", 1) for line in (thread / "status").read_text().splitlines())
        assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")


def test_no_process_holds_a_socket_but_its_channel(checker: AgeChecker, portrait: Path) -> None:
    """What /proc lists of the fork server and of a worker that has seen a picture."""
    checker.check(portrait)
    pool = pool_of(checker)
    for pid in (server_pid_of(pool), first_worker_pid(pool)):
        targets = [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()]
        sockets = [target for target in targets if target.startswith("socket:")]
        assert len(sockets) == 1
        inode = sockets[0].removeprefix("socket:[").removesuffix("]")
        assert inode in Path(f"/proc/{pid}/net/unix").read_text()
        for family in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
            assert f" {inode} " not in Path(f"/proc/{pid}/net/{family}").read_text()
    assert status_of(first_worker_pid(pool))["NoNewPrivs"] == "1"


def test_many_checks_are_answered_by_few_workers(portrait: Path) -> None:
    """Threads that come and go do not end a worker, and nothing piles up in it."""
    with load_checker(POLICY, detector="mediapipe", seal_worker_checks=2 * MANY_CHECKS) as checker:
        checker.check(portrait)
        pid = first_worker_pid(pool_of(checker))
        before_kib = int(status_of(pid)["VmRSS"].split()[0])
        for _ in range(MANY_CHECKS):
            assert checker.check(portrait) == OVER
        assert first_worker_pid(pool_of(checker)) == pid
        assert int(status_of(pid)["VmRSS"].split()[0]) < before_kib + 20 * 1024


def test_it_works_from_an_event_loop(checker: AgeChecker, portrait: Path) -> None:
    """The asynchronous call takes the same way."""
    assert asyncio.run(checker.check_async(portrait)) == OVER


def test_without_a_seal_there_is_none() -> None:
    """MediaPipe is never loaded into the caller's process."""
    with pytest.raises(SealError, match="sealed worker only"):
        load_checker(POLICY, detector="mediapipe", seal="off")


def test_a_token_names_another_bundle(checker: AgeChecker, default: AgeChecker) -> None:
    """Other model files were in use, and the token says so."""
    assert checker.bundle_digest != default.bundle_digest
    assert len(checker.bundle_digest) == len(default.bundle_digest)
