"""Whatever a worker does, its check ends in a typed error in time, and the next one is right."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from agecheck.errors import (
    AgecheckError,
    ImageError,
    ImageFault,
    InternalError,
    SealError,
    WorkerError,
    WorkerFault,
)
from agecheck.seal import codes, handle
from agecheck.seal.channel import Task, TaskKind, send_task
from agecheck.seal.launcher import ForkServer
from agecheck.seal.pool import WorkerPool
from agecheck.seal.setup import WorkerSetup
from agecheck.verdict import CheckResult
from seal.conftest import DEADLINE_S
from seal.processes import (
    becomes_true,
    first_worker_pid,
    in_session,
    living_in_session,
    n_descriptors,
    server_pid_of,
    stats,
    zombies_below,
)
from seal.tasks import NO_FACE, OVER

DIED = WorkerError(WorkerFault.DIED)
DEADLINE = WorkerError(WorkerFault.DEADLINE)
PROTOCOL = WorkerError(WorkerFault.PROTOCOL)
INTERNAL = InternalError("the check failed; there is no answer")
TOO_MANY_PIXELS = ImageError(ImageFault.TOO_MANY_PIXELS)

FAULTS: list[tuple[str, AgecheckError]] = [
    ("crash", DIED),
    ("hang", DEADLINE),
    ("hang in C", DEADLINE),
    ("allocate", INTERNAL),
    ("recurse", INTERNAL),
    ("exit", DIED),
    ("open", DIED),
    ("raise", INTERNAL),
    ("raise SystemExit", DIED),
    ("raise KeyboardInterrupt", DIED),
    ("allocate at once", INTERNAL),
    ("image error", TOO_MANY_PIXELS),
    ("two at once", DIED),
    ("unknown code", PROTOCOL),
    ("live code", PROTOCOL),
    ("walls code", PROTOCOL),
    ("wrong type", INTERNAL),
]


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every task that is handed to any worker, as it happens."""
    sent: list[object] = []

    def record_and_send(channel: object, task: object, descriptor: object = None) -> None:
        sent.append(task)
        send_task(channel, task, descriptor)  # type: ignore[arg-type]

    monkeypatch.setattr(handle, "send_task", record_and_send)
    return sent


@pytest.mark.parametrize(("command", "expected"), FAULTS, ids=[command for command, _ in FAULTS])
def test_a_fault_is_one_typed_error_in_time(
    command: str, expected: AgecheckError, obedient: WorkerPool, messages: list[object]
) -> None:
    """Nothing is retried, nobody waits beyond the deadline, and the next person is served."""
    began_s = time.monotonic()
    with pytest.raises(type(expected)) as caught:
        obedient.check(command.encode())
    assert time.monotonic() - began_s < DEADLINE_S + 1
    assert caught.value.args == expected.args
    assert len(messages) == 1
    assert obedient.check(b"no face") == NO_FACE
    assert obedient.check(b"over") == OVER
    assert len(messages) == 3
    assert zombies_below(os.getpid()) == []
    assert becomes_true(lambda: zombies_below(server_pid_of(obedient)) == [])


def test_faults_leave_no_descriptor_and_no_process(obedient: WorkerPool) -> None:
    """A stream of hostile pictures wears nothing out, in the caller or in the fork server."""
    commands = [b"crash", b"exit", b"unknown code", b"two at once", b"raise", b"over"]

    def hold() -> tuple[int, int, int]:
        server_pid = server_pid_of(obedient)
        return n_descriptors(os.getpid()), n_descriptors(server_pid), len(in_session(server_pid))

    def round_of_faults() -> None:
        for command in commands:
            try:
                obedient.check(command)
            except AgecheckError:
                continue

    round_of_faults()
    assert becomes_true(lambda: hold()[2] <= 1 + len(obedient._idle))
    before = hold()
    for _ in range(8):
        round_of_faults()
    assert becomes_true(lambda: hold() == before)


def test_an_answer_too_many_is_nobody_elses(obedient: WorkerPool) -> None:
    """A second OVER, kept back in the channel, must not answer for the next person."""
    assert obedient.check(b"two answers") == OVER
    pid = first_worker_pid(obedient)
    time.sleep(0.1)
    assert obedient.check(b"no face") == NO_FACE
    assert first_worker_pid(obedient) != pid


def test_an_answer_that_nobody_asked_for_is_no_answer() -> None:
    """A worker that says OVER before it has a picture is not believed, and gets none."""
    server = ForkServer(WorkerSetup("seal.tasks:Hasty"))
    worker = server.request_worker()
    time.sleep(0.3)  # it comes up, and speaks
    with pytest.raises(WorkerError) as caught:
        worker.wait_ready(5.0)
    assert caught.value.fault is WorkerFault.PROTOCOL
    worker.kill()
    server.stop()


def test_an_answer_left_over_is_not_the_next_answer() -> None:
    """The caller's side looks before it asks: what is there already answers nothing."""
    server = ForkServer(WorkerSetup("seal.tasks:Obedient", max_checks=10))
    worker = server.request_worker()
    worker.wait_ready(5.0)
    command = b"two answers"
    task = Task(TaskKind.ENCODED, size_bytes=len(command))
    assert codes.outcome_of_code(worker.ask(task, command, 5.0)) == OVER
    time.sleep(0.1)
    with pytest.raises(WorkerError) as caught:
        worker.ask(task, command, 5.0)
    assert caught.value.fault is WorkerFault.PROTOCOL
    worker.kill()
    server.stop()


def test_workers_that_never_come_up_are_a_seal_error() -> None:
    """When no worker can be had, the caller is told so and does not wait without end."""
    with pytest.raises(SealError, match="comes up"):
        WorkerPool(WorkerSetup("seal.tasks:StillBorn"))
    assert zombies_below(os.getpid()) == []


def test_a_process_that_is_not_the_worker_is_neither_believed_nor_killed() -> None:
    """A poisoned library in the fork server could name any process for the caller to kill."""
    with pytest.raises(SealError, match="comes up"):
        WorkerPool(WorkerSetup("seal.tasks:Impostor"))  # it names this very process


def test_what_a_factory_says_is_not_passed_on() -> None:
    """An exception's words may hold anything; its name is enough to find it."""
    with pytest.raises(SealError, match=r"could not be prepared \(RuntimeError\)") as caught:
        WorkerPool(WorkerSetup("seal.tasks:Unloadable"))
    assert "17" not in str(caught.value)


def test_a_factory_that_is_not_there_is_a_seal_error() -> None:
    """The caller hears of it at once, and no process stays."""
    with pytest.raises(SealError):
        WorkerPool(WorkerSetup("seal.tasks:Nobody"))
    assert zombies_below(os.getpid()) == []


class TestForkServerKilled:
    @pytest.fixture
    def pool(self) -> Iterator[WorkerPool]:
        pool = WorkerPool(WorkerSetup("seal.tasks:Obedient", max_checks=1000, deadline_s=10.0))
        yield pool
        pool.close()

    def test_between_checks_the_next_one_works(self, pool: WorkerPool) -> None:
        """The out-of-memory killer may take the largest process: the fork server."""
        for _ in range(3):
            pid = server_pid_of(pool)
            os.kill(pid, signal.SIGKILL)
            assert becomes_true(lambda pid=pid: stats()[pid][0] == "Z")  # type: ignore[misc]
            assert pool.check(b"no face") == NO_FACE
            assert server_pid_of(pool) != pid
            assert becomes_true(lambda pid=pid: living_in_session(pid) == [])  # type: ignore[misc]

    def test_during_a_check_that_check_alone_is_lost(self, pool: WorkerPool) -> None:
        """Its worker goes with the server; it is said at once and not tried again."""
        outcomes: list[CheckResult | AgecheckError] = []

        def check() -> None:
            try:
                outcomes.append(pool.check(b"hang"))
            except AgecheckError as error:
                outcomes.append(error)

        thread = threading.Thread(target=check)
        thread.start()
        time.sleep(0.3)
        began_s = time.monotonic()
        os.kill(server_pid_of(pool), signal.SIGKILL)
        thread.join()
        assert time.monotonic() - began_s < 2
        assert [type(outcome) for outcome in outcomes] == [WorkerError]
        assert str(outcomes[0]) == WorkerFault.DIED.value
        assert pool.check(b"over") == OVER


@pytest.mark.parametrize("max_checks", [1, 3])
def test_a_worker_is_replaced_after_its_share(max_checks: int) -> None:
    """With 1, nothing of one person's check can be there in another's."""
    pool = WorkerPool(WorkerSetup("seal.tasks:Obedient", max_checks=max_checks))
    try:
        pids = []
        for _ in range(4 * max_checks):
            pids.append(first_worker_pid_when_ready(pool))
            assert pool.check(b"over") == OVER
        shares = [pids[i : i + max_checks] for i in range(0, len(pids), max_checks)]
        assert [len(set(share)) for share in shares] == [1, 1, 1, 1]
        assert len(set(pids)) == 4
    finally:
        pool.close()


def first_worker_pid_when_ready(pool: WorkerPool) -> int:
    pool._idle[0].wait_ready(5.0)
    return first_worker_pid(pool)
