"""One checker under threads and under asyncio; closed, lost, and used again."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from agecheck import AgeChecker, AgePolicy, CheckResult, Reason, Verdict, load_checker
from agecheck.errors import InternalError, WorkerError, WorkerFault
from agecheck.policy import EffectivePolicy
from agecheck.seal.pool import WorkerPool
from agecheck.seal.setup import WorkerSetup
from seal.processes import (
    CAT,
    PORTRAIT,
    becomes_true,
    in_session,
    n_descriptors,
    pool_of,
    server_pid_of,
    zombies_below,
)
from seal.tasks import NO_FACE, OVER

CHALLENGE_25 = AgePolicy(age_limit=18, challenge_age=25)


def checker_over(pool: WorkerPool) -> AgeChecker:
    policy = EffectivePolicy(18, 25.0, 3)
    return AgeChecker(pool.check, policy, bundle_digest="ab" * 32, seal=pool.state)


class TestThreads:
    def test_eight_threads_get_their_own_answers(self, checker: AgeChecker) -> None:
        """No person ever gets another's answer."""
        content = {True: PORTRAIT.read_bytes(), False: CAT.read_bytes()}

        def check(index: int) -> CheckResult:
            return checker.check(content[index % 3 == 0])

        with ThreadPoolExecutor(max_workers=8) as threads:
            answers = list(threads.map(check, range(80)))
        no_face = CheckResult.inconclusive(Reason.NO_FACE)
        assert answers == [OVER if i % 3 == 0 else no_face for i in range(80)]

    def test_a_fault_in_one_thread_is_not_anothers(self, obedient: WorkerPool) -> None:
        """The worker that dies takes one check with it: its own."""

        def check(index: int) -> object:
            command = ("over", "crash", "no face", "raise", "unknown code")[index % 5]
            try:
                return obedient.check(command.encode())
            except (WorkerError, InternalError) as error:
                return type(error)

        with ThreadPoolExecutor(max_workers=8) as threads:
            answers = list(threads.map(check, range(80)))
        assert answers == [OVER, WorkerError, NO_FACE, InternalError, WorkerError] * 16

    def test_no_more_run_at_once_than_agreed(self, obedient: WorkerPool) -> None:
        """Eight people at once do not cost the memory of eight workers."""
        most = 0

        def check(_: int) -> CheckResult:
            nonlocal most
            most = max(most, len(obedient._out))
            return obedient.check(b"work")

        with ThreadPoolExecutor(max_workers=8) as threads:
            assert list(threads.map(check, range(16))) == [OVER] * 16
        assert 1 <= most <= 2
        assert len(obedient._idle) <= 3


class TestAsyncio:
    def test_ten_at_once_are_all_answered(self, obedient: WorkerPool) -> None:
        """An event loop waits for many people at the same time."""
        checker = checker_over(obedient)

        async def check_all() -> list[CheckResult]:
            commands = (b"over" if i % 2 else b"no face" for i in range(10))
            return await asyncio.gather(*(checker.check_async(command) for command in commands))

        assert asyncio.run(check_all()) == [NO_FACE, OVER] * 5

    def test_the_loop_is_not_blocked_meanwhile(self, obedient: WorkerPool) -> None:
        """Others are served while one picture is looked at."""
        checker = checker_over(obedient)

        async def count_while_checking() -> int:
            check = asyncio.create_task(checker.check_async(b"work"))
            turns = 0
            while not check.done():
                turns += 1
                await asyncio.sleep(0.001)
            assert check.result() == OVER
            return turns

        assert asyncio.run(count_while_checking()) > 5

    def test_one_that_is_cancelled_leaves_the_pool_usable(self, obedient: WorkerPool) -> None:
        """A client that hangs up takes no worker with it."""
        checker = checker_over(obedient)

        async def cancel_some() -> CheckResult:
            for _ in range(4):
                check = asyncio.create_task(checker.check_async(b"work"))
                await asyncio.sleep(0.01)
                check.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await check
            return await checker.check_async(b"no face")

        assert asyncio.run(cancel_some()) == NO_FACE
        assert obedient._out == set()

    def test_a_fault_is_raised_where_it_is_awaited(self, obedient: WorkerPool) -> None:
        """The typed errors are the same as without an event loop."""
        with pytest.raises(WorkerError) as caught:
            asyncio.run(checker_over(obedient).check_async(b"crash"))
        assert caught.value.fault is WorkerFault.DIED


class TestLifetime:
    def test_it_works_again_after_it_was_closed(self) -> None:
        """Closing frees the memory; it is no trap."""
        checker = load_checker(CHALLENGE_25)
        checker.close()
        checker.close()
        assert checker.check(PORTRAIT) == OVER
        checker.close()

    def test_a_context_ends_every_process(self) -> None:
        """Nothing runs on behind a program that has what it wants."""
        descriptors = n_descriptors(os.getpid())
        with load_checker(CHALLENGE_25) as checker:
            assert checker.check(PORTRAIT) == OVER
            pid = server_pid_of(pool_of(checker))
            assert len(in_session(pid)) >= 2
        assert in_session(pid) == []
        assert zombies_below(os.getpid()) == []
        assert n_descriptors(os.getpid()) == descriptors

    def test_a_checker_that_is_lost_ends_every_process(self) -> None:
        """Who forgets to close leaves nothing behind either."""
        checker = load_checker(CHALLENGE_25)
        pid = server_pid_of(pool_of(checker))
        del checker
        gc.collect()
        assert in_session(pid) == []

    def test_closing_ends_a_check_that_runs(self) -> None:
        """Its caller is told at once that there is no answer."""
        pool = WorkerPool(WorkerSetup("seal.tasks:Obedient", deadline_s=60.0))
        pid = server_pid_of(pool)
        faults: list[WorkerFault] = []

        def check() -> None:
            try:
                pool.check(b"hang")
            except WorkerError as error:
                faults.append(error.fault)

        thread = threading.Thread(target=check)
        thread.start()
        assert becomes_true(lambda: bool(pool._out))
        time.sleep(0.1)
        began_s = time.monotonic()
        pool.close()
        thread.join()
        assert time.monotonic() - began_s < 1
        assert faults == [WorkerFault.DIED]
        assert in_session(pid) == []


@pytest.mark.parametrize(
    "numbers",
    [
        {"seal_worker_checks": 0},
        {"seal_worker_checks": -1},
        {"seal_worker_checks": 1.5},
        {"deadline_s": 0},
        {"deadline_s": -1.0},
        {"deadline_s": float("nan")},
        {"deadline_s": float("inf")},
        {"deadline_s": "10"},
    ],
    ids=str,
)
def test_a_number_that_makes_no_sense_is_refused(numbers: dict[str, object]) -> None:
    """No check without a deadline, and no worker without an end."""
    with pytest.raises(ValueError, match=r"deadline|pictures"):
        load_checker(CHALLENGE_25, **numbers)  # type: ignore[arg-type]


def test_verdict_is_what_the_worker_said(checker: AgeChecker) -> None:
    """The default, sealed, answers OVER for the sample portrait."""
    assert checker.check(PORTRAIT).verdict is Verdict.OVER
