"""The fork server, seen from the calling process: start it, ask it for workers, end it."""

from __future__ import annotations

import json

from agecheck.errors import CalibrationError, ModelError, ModelFault, SealError
from agecheck.seal import starting
from agecheck.seal.channel import MAX_SETUP_BYTES, hang_up, pair, send_with_descriptor
from agecheck.seal.handle import WorkerHandle
from agecheck.seal.setup import WorkerSetup
from agecheck.seal_state import Wall

START_DEADLINE_S = 60.0
"""For loading the networks on a slow machine, before the first picture."""
STOP_DEADLINE_S = 2.0


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
            self._process, self._control = starting.started()
        except OSError:
            raise SealError("the sealed worker could not be started") from None
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
        hang_up(self._control, STOP_DEADLINE_S)
        self._process.kill()  # it has ended; or it hangs, and the kernel kills its workers with it
        self._process.wait()

    def forget(self) -> None:
        """Let go of it without ending it: in a forked child, it is the parent's."""
        self._control.close()
        self._process.returncode = 0  # not ours to wait for


def _load_error(answer: object) -> Exception:
    match answer:
        case {"error": "ModelError", "arguments": [str(fault), str(model_id)]}:
            return ModelError(ModelFault(fault), model_id)
        case {"error": "CalibrationError", "arguments": [str(message)]}:
            return CalibrationError(message)
        case {"error": str(name)}:
            return SealError(f"the sealed worker could not be prepared ({name})")
    return SealError("the sealed worker could not be started")
