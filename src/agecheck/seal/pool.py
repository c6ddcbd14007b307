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

    _idle: list[WorkerHandle]
    _out: set[WorkerHandle]
    _server: ForkServer | None

    def __init__(
        self, setup: WorkerSetup, *, require_all: bool = True, concurrency: int | None = None
    ) -> None:
        self._setup = setup
        self._concurrency = concurrency or len(os.sched_getaffinity(0))
        self._state: SealState | None = None
        self._start_empty()
        _POOLS.add(self)
        try:
            worker = self.reserve()
            worker.checks_left += 1  # it is only looked at
            self.release(worker)
            if require_all and not setup.walls_given_up.issuperset(self.state.missing):
                raise SealError(f"this machine cannot seal the worker: {self.state}")
        except BaseException:
            self.close()
            raise

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
            worker.run_here()
            outcome = codes.outcome_of_code(worker.ask(task, payload, self._setup.deadline_s))
            if outcome is None:
                raise WorkerError(WorkerFault.PROTOCOL)
        except BaseException:
            self.discard(worker)
            raise
        self.release(worker)
        if isinstance(outcome, CheckResult):
            return outcome
        raise outcome

    def reserve(self) -> WorkerHandle:
        """A worker behind its walls that has said nothing since, for one picture or session.

        Waits while `concurrency` others are out. Whatever happens, give it to `release` or
        `discard`.

        Raises:
            WorkerError, SealError: there is none to be had.
        """
        self._slots.acquire()
        worker = None
        try:
            worker = self._ready_worker()
            self._state = self._state or worker.state
            if worker.state != self._state:
                raise SealError("a worker stands behind other walls than the first one")
        except BaseException:  # Ctrl-C comes anywhere
            if worker is not None:
                self._end(worker)
            self._slots.release()
            raise
        worker.checks_left -= 1
        return worker

    def release(self, worker: WorkerHandle) -> None:
        """Keep a worker for the next check, or end it when it has seen its share."""
        self._take_back(worker, usable=worker.checks_left > 0)

    def discard(self, worker: WorkerHandle) -> None:
        """End a worker."""
        self._take_back(worker, usable=False)

    def close(self) -> None:
        """End the workers and the fork server. A later check would start them anew."""
        with self._lock:
            for worker in self._out:
                worker.strike()  # the check that uses it ends in a WorkerError
            self._drop_server()

    def __del__(self) -> None:
        if hasattr(self, "_lock"):
            self.close()

    def _take_back(self, worker: WorkerHandle, *, usable: bool) -> None:
        with self._lock:
            if worker not in self._out:
                return  # in a forked child: it is the parent's
            self._out.remove(worker)
            keep = usable and len(self._idle) <= self._concurrency
            if keep:
                self._idle.insert(0, worker)  # warm, so it is taken first
        if not keep:
            worker.kill()
        self._slots.release()

    def _ready_worker(self) -> WorkerHandle:
        for _ in range(MAX_DEAD_WORKERS):
            worker = self._take()
            if worker is None:
                continue
            try:
                worker.wait_ready(READY_DEADLINE_S)
            except WorkerError:
                self._end(worker)  # it died before it was handed anything: nothing is tried again
            except BaseException:
                self._end(worker)
                raise
            else:
                return worker
        raise SealError("no sealed worker comes up")

    def _take(self) -> WorkerHandle | None:
        """The first in line. Another one is forked while this check runs, if it will be needed."""
        with self._lock:
            server = self._running_server()
            for worker in list(self._idle):
                if worker.state is not None and not worker.is_quiet():
                    self._idle.remove(worker)
                    worker.kill()  # it said something unasked, or died
            try:
                if not self._idle:
                    self._idle.append(server.request_worker())
                is_last = self._idle[0].checks_left <= 1
                if len(self._idle) < 2 and (is_last or self._out):
                    self._idle.append(server.request_worker())
            except OSError:  # the server has gone just now
                self._drop_server()
                return None
            worker = self._idle.pop(0)
            self._out.add(worker)  # from here on, so that no fork overlooks it
            return worker

    def _end(self, worker: WorkerHandle) -> None:
        with self._lock:
            self._out.discard(worker)
        worker.kill()

    def _running_server(self) -> ForkServer:
        if self._server is not None and not self._server.is_running:
            self._drop_server()  # its workers have gone with it
        if self._server is None:
            self._server = ForkServer(self._setup)
        return self._server

    def _drop_server(self) -> None:
        while self._idle:
            self._idle.pop().kill()
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def _start_empty(self) -> None:
        self._lock = threading.RLock()  # a signal's handler may fork while its thread holds it
        self._slots = threading.BoundedSemaphore(self._concurrency)
        self._idle = []
        self._out = set()
        self._server = None

    def _start_empty_in_child(self) -> None:
        """After a fork: the workers are the parent's. Only its descriptors are closed here."""
        for worker in (*self._idle, *self._out):
            worker.forget()
        if self._server is not None:
            self._server.forget()
        self._start_empty()


_POOLS: weakref.WeakSet[WorkerPool] = weakref.WeakSet()
_forking = threading.local()


def _before_fork() -> None:
    """So that no child inherits a descriptor that another thread has just made."""
    _forking.pools = sorted(_POOLS, key=id)
    for pool in _forking.pools:
        pool._lock.acquire()


def _in_parent() -> None:
    for pool in _forking.__dict__.pop("pools", ()):
        pool._lock.release()


def _in_child() -> None:
    _forking.__dict__.clear()
    for pool in list(_POOLS):
        pool._start_empty_in_child()


def _at_exit() -> None:
    for pool in list(_POOLS):
        pool.close()


os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
atexit.register(_at_exit)
