"""The fork server, seen from the calling process: start it, ask it for workers, end it."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from agecheck.errors import CalibrationError, ModelError, ModelFault, SealError
from agecheck.seal.channel import MAX_SETUP_BYTES, hang_up, pair, send_with_descriptor
from agecheck.seal.handle import WorkerHandle
from agecheck.seal.setup import WorkerSetup
from agecheck.seal_state import Wall

if TYPE_CHECKING:
    import socket

START_DEADLINE_S = 60.0
"""For loading the networks on a slow machine, before the first picture."""
STOP_DEADLINE_S = 2.0
_KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ")
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class _Started(NamedTuple):
    """A fork server that has not been told yet what for."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    by_pid: int


_ahead: list[_Started] = []


def start_ahead() -> None:
    """Start the fork server that this process is going to need: it comes up meanwhile.

    For a program that checks one picture and ends. A server that nothing asks for ends with it.
    """
    with suppress(SealError, OSError):  # whoever needs it will be told
        _ahead.append(_start())


class ForkServer:
    """A running fork server.

    Attributes:
        first_stage: the walls that it has raised around itself.

    Raises:
        SealError: it cannot be started.
        ModelError, CalibrationError: its factory says so.
    """

    def __init__(self, setup: WorkerSetup) -> None:
        self._setup = setup
        try:
            started = _ahead.pop() if _ahead and _ahead[-1].by_pid == os.getpid() else _start()
        except OSError:
            raise SealError("the sealed worker could not be started") from None
        self._process, self._control = started.process, started.control
        try:
            self._wait_until_loaded()
        except BaseException:
            self.stop()
            raise

    def _wait_until_loaded(self) -> None:
        self._control.settimeout(START_DEADLINE_S)
        try:
            self._control.send(self._setup.as_json())
            answer = json.loads(self._control.recv(MAX_SETUP_BYTES) or b"null")
        except (OSError, ValueError):
            answer = None
        match answer:
            case {"first_stage": [*walls]}:
                self.first_stage = frozenset(Wall(wall) for wall in walls)
            case _:
                raise _load_error(answer)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def request_worker(self) -> WorkerHandle:
        """Ask for a worker, without waiting for it.

        Raises:
            OSError: the server has gone.
        """
        ours, theirs = pair()
        try:
            with theirs:
                send_with_descriptor(self._control, b"W", theirs.fileno())
        except OSError:
            ours.close()
            raise
        return WorkerHandle(ours, self._process.pid, self.first_stage, self._setup.max_checks)

    def stop(self) -> None:
        """End it, after its workers, so that no process is left to be reaped by another."""
        ends = hang_up(self._control, STOP_DEADLINE_S)
        try:
            self._process.wait(STOP_DEADLINE_S if ends else 0)
        except subprocess.TimeoutExpired:
            self._process.kill()  # and its workers are killed by the kernel
            self._process.wait()

    def forget(self) -> None:
        """Let go of it without ending it: in a forked child, it is the parent's."""
        self._control.close()
        self._process.returncode = 0  # not ours to wait for


def _start() -> _Started:
    if not sys.executable:
        raise SealError("there is no Python program to start a sealed worker with")
    control, theirs = pair()
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    descriptor = theirs.fileno()
    try:
        with theirs:
            process = subprocess.Popen(  # noqa: S603
                # -S: no sitecustomize and no .pth file runs before the first walls
                [sys.executable, "-PsS", "-m", "agecheck.seal.fork_server", str(descriptor)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[descriptor],
                env={**kept, **_ONE_THREAD, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,  # a Ctrl-C is the caller's to answer
            )
    except BaseException:
        control.close()
        raise
    return _Started(process, control, os.getpid())


def _stop_ahead() -> None:
    while _ahead:
        started = _ahead.pop()
        started.control.close()
        if started.by_pid == os.getpid():
            started.process.kill()
            started.process.wait()
        else:
            started.process.returncode = 0  # not ours to wait for


def _load_error(answer: object) -> Exception:
    match answer:
        case {"error": "ModelError", "arguments": [str(fault), str(model_id)]}:
            return ModelError(ModelFault(fault), model_id)
        case {"error": "CalibrationError", "arguments": [str(message)]}:
            return CalibrationError(message)
        case {"error": str(name)}:
            return SealError(f"the sealed worker could not be prepared ({name})")
    return SealError("the sealed worker could not be started")


atexit.register(_stop_ahead)
