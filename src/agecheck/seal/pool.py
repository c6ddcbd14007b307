"""Keeps sealed workers ready for the calling process, and replaces those that fail."""

from __future__ import annotations

import atexit
import os
import threading
import weakref

from agecheck.errors import SealError, WorkerError, WorkerFault
from agecheck.seal import codes
from agecheck.seal.handle import WorkerHandle
from agecheck.seal.launcher import ForkServer
from agecheck.seal.setup import WorkerSetup
from agecheck.seal.sources import task_of_source
from agecheck.seal_state import OPEN, SealState
from agecheck.verdict import CheckResult

READY_DEADLINE_S = 10.0
"""For forking a worker and raising its walls."""
MAX_DEAD_WORKERS = 4
"""So many in a row that end before they are handed a picture, and it is the machine's fault."""


class WorkerPool:
    """Sealed workers for one setup. Safe under threads, and after a fork of the caller.

    Args:
        setup: what the workers do.
        require_all: refuse to work when a wall is missing on this machine.
        concurrency: how many checks may run at once; by default one a processor.

    Raises:
        SealError: no worker can be had, or not with the walls required.
        ModelError, CalibrationError: the setup's factory says so.
    """

    def __init__(
        self, setup: WorkerSetup, *, require_all: bool = True, concurrency: int | None = None
    ) -> None:
        self._setup = setup
        self._concurrency = concurrency or len(os.sched_getaffinity(0))
        self._idle: list[WorkerHandle] = []
        self._server: ForkServer | None = None
        self._start_empty()
        _POOLS.add(self)
        self._state: SealState | None = None
        try:
            worker = self.reserve()
            if require_all and self.state.missing:
                raise SealError(f"this machine cannot seal the worker: {self.state}")
        except BaseException:
            self.close()
            raise
        worker.checks_left += 1  # it was only looked at
        self.release(worker)

    @property
    def state(self) -> SealState:
        """The walls around every worker of this pool."""
        return OPEN if self._state is None else self._state

    def check(self, source: object) -> CheckResult:
        """One picture's result, from a worker.

        Raises:
            ImageError: the picture cannot be used; InternalError: the check failed.
            WorkerError: the worker failed; another one will take the next check.
            SealError: there is no worker to be had.
        """
        task, payload = task_of_source(source)
        worker = self.reserve()
        try:
            outcome = codes.outcome_of_code(worker.ask(task, payload, self._setup.deadline_s))
            if outcome is None:
                raise WorkerError(WorkerFault.PROTOCOL)
        except BaseException:
            worker.kill()
            self.release(None)
            raise
        self.release(worker)
        if isinstance(outcome, CheckResult):
            return outcome
        raise outcome

    def reserve(self) -> WorkerHandle:
        """A worker behind its walls that has said nothing since, for one picture or session.

        Waits while `concurrency` others are out. Give it to `release` whatever happens.

        Raises:
            WorkerError, SealError: there is none to be had.
        """
        self._slots.acquire()
        try:
            worker = self._ready_worker()
            self._state = self._state or worker.state
            if worker.state != self._state:
                worker.kill()
                raise SealError("a worker stands behind other walls than the first one")
        except BaseException:
            self._slots.release()
            raise
        worker.checks_left -= 1
        return worker

    def release(self, worker: WorkerHandle | None) -> None:
        """Keep a worker for the next check, or end it when it has seen its share.

        Args:
            worker: what `reserve` gave; None when it was killed.
        """
        self._slots.release()
        if worker is None:
            return
        with self._lock:
            if worker.checks_left > 0 and len(self._idle) <= self._concurrency:
                self._idle.insert(0, worker)  # warm, so it is taken first
                return
        worker.kill()

    def close(self) -> None:
        """End the workers and the fork server. A later check would start them anew."""
        with self._lock:
            while self._idle:
                self._idle.pop().kill()
            if self._server is not None:
                self._server.stop()
                self._server = None

    def __del__(self) -> None:
        if hasattr(self, "_lock"):
            self.close()

    def _ready_worker(self) -> WorkerHandle:
        for _ in range(MAX_DEAD_WORKERS):
            with self._lock:
                worker = self._next_idle() or self._request()
                if not self._idle:
                    self._idle.append(self._request())  # forked while this check runs
            try:
                worker.wait_ready(READY_DEADLINE_S)
            except WorkerError:
                worker.kill()  # it died before it was handed anything, so nothing is tried again
            except BaseException:
                worker.kill()
                raise
            else:
                return worker
        raise SealError("no sealed worker comes up")

    def _next_idle(self) -> WorkerHandle | None:
        while self._idle:
            worker = self._idle.pop(0)
            if worker.state is None or worker.is_quiet():
                return worker
            worker.kill()  # it said something unasked, or died
        return None

    def _request(self) -> WorkerHandle:
        if self._server is not None and not self._server.is_running:
            self._server.stop()
            self._server = None
        if self._server is None:
            self._server = ForkServer(self._setup)
        try:
            return self._server.request_worker()
        except OSError:
            raise WorkerError(WorkerFault.DIED) from None

    def _start_empty(self) -> None:
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(self._concurrency)
        self._idle = []
        self._server = None

    def _start_empty_in_child(self) -> None:
        """After a fork: the workers are the parent's. Only its descriptors are closed here."""
        for worker in self._idle:
            worker.forget()
        if self._server is not None:
            self._server.forget()
        self._start_empty()


_POOLS: weakref.WeakSet[WorkerPool] = weakref.WeakSet()


def _in_child() -> None:
    for pool in list(_POOLS):
        pool._start_empty_in_child()


def _at_exit() -> None:
    for pool in list(_POOLS):
        pool.close()


os.register_at_fork(after_in_child=_in_child)
atexit.register(_at_exit)
