"""One worker, seen from the calling process: ask it, and kill it at the first wrong word."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from agecheck.errors import InternalError, WorkerError, WorkerFault
from agecheck.seal import codes, process
from agecheck.seal.channel import Task, receive_with_descriptor, send_task
from agecheck.seal.memory import sealed_memfd
from agecheck.seal_state import SealState, Wall

if TYPE_CHECKING:
    import socket


class WorkerHandle:
    """A worker that the fork server was asked for.

    `wait_ready`, `ask` and `tell` may raise WorkerError; after that the worker is only good to be
    killed.

    Args:
        channel: the caller's end.
        server_pid: the process whose child the worker has to be.
        first_stage: the walls around that process.
        max_checks: how many pictures or sessions it may be asked about.
    """

    def __init__(
        self,
        channel: socket.socket,
        server_pid: int,
        first_stage: frozenset[Wall],
        max_checks: int,
    ) -> None:
        self._channel = channel
        self._server_pid = server_pid
        self._first_stage = first_stage
        self._pidfd: int | None = None
        self._pid: int | None = None
        self.checks_left = max_checks
        self.state: SealState | None = None

    def wait_ready(self, deadline_s: float) -> SealState:
        """Wait until it has raised its walls; which ones stand. At once the second time."""
        if self.state is None:
            self._channel.settimeout(deadline_s)
            try:
                message, descriptor = receive_with_descriptor(self._channel, 1)
            except OSError:
                raise WorkerError(WorkerFault.DIED) from None
            if descriptor is not None:
                self._adopt(descriptor)
            if message != b"P" or self._pidfd is None:
                raise WorkerError(WorkerFault.PROTOCOL if message else WorkerFault.DIED)
            standing = codes.walls_of_code(self._listen(deadline_s))
            if standing is None or not self._confirms(standing):
                raise WorkerError(WorkerFault.PROTOCOL)
            self._require_quiet()  # what it said may be all that is left of it
            self.state = SealState.of_worker(standing, self._first_stage)
        return self.state

    def is_quiet(self) -> bool:
        """False when it has said something unasked, or has gone."""
        try:
            self._require_quiet()
        except WorkerError:
            return False
        return True

    def run_here(self) -> None:
        """Move it to the processor that the caller's thread is on, which is about to wait.

        That one is awake and at speed; on another that has idled, a check takes a quarter longer.
        """
        processor = process.current_processor()
        self._run_on(set() if processor is None else {processor})

    def run_anywhere(self) -> None:
        """Let the kernel choose, for work beside the caller's."""
        self._run_on(os.sched_getaffinity(0))

    def _run_on(self, processors: set[int]) -> None:
        if self._pid is not None and processors:
            with suppress(OSError):  # it has gone, or may not be moved and runs where it is put
                os.sched_setaffinity(self._pid, processors)

    def ask(self, task: Task, payload: bytes | memoryview | None, deadline_s: float) -> int:
        """Hand over a task and wait for its one byte. A byte said before does not count as it."""
        self._require_quiet()
        self.tell(task, payload, deadline_s)
        return self._listen(deadline_s)

    def tell(self, task: Task, payload: bytes | memoryview | None, deadline_s: float) -> None:
        """Hand over a task to which nothing is said."""
        self._channel.settimeout(deadline_s)
        try:
            descriptor = None if payload is None else sealed_memfd(payload)
        except (OSError, MemoryError) as error:
            cause = getattr(error, "strerror", None) or "no memory"
            raise InternalError(f"the picture cannot be handed over: {cause}") from None
        try:
            send_task(self._channel, task, descriptor)
        except TimeoutError:
            raise WorkerError(WorkerFault.DEADLINE) from None
        except OSError:
            raise WorkerError(WorkerFault.DIED) from None
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def kill(self) -> None:
        """End it, whatever it does, and let go of it. Its exit status is nobody's."""
        self.strike()
        self.forget()

    def strike(self) -> None:
        """End it from another thread than the one that uses it, and that will `kill` it."""
        if self._pidfd is not None:
            with suppress(OSError):  # it has gone already
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def forget(self) -> None:
        """Let go of it without ending it: in a forked child, it is the parent's."""
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = self._pid = None
        self._channel.close()

    def _require_quiet(self) -> None:
        self._channel.settimeout(0)
        try:
            unasked = self._channel.recv(1)
        except BlockingIOError:
            return
        except OSError:
            raise WorkerError(WorkerFault.DIED) from None
        raise WorkerError(WorkerFault.PROTOCOL if unasked else WorkerFault.DIED)

    def _listen(self, deadline_s: float) -> int:
        self._channel.settimeout(deadline_s)
        try:
            message = self._channel.recv(2)
        except TimeoutError:
            raise WorkerError(WorkerFault.DEADLINE) from None
        except OSError:
            raise WorkerError(WorkerFault.DIED) from None
        if len(message) != 1:
            raise WorkerError(WorkerFault.PROTOCOL if message else WorkerFault.DIED)
        return message[0]

    def _adopt(self, descriptor: int) -> None:
        """Take over what is to be the worker's pidfd: no other process is to be killed by it."""
        stated = _fields(Path(f"/proc/self/fdinfo/{descriptor}"))
        status = _fields(Path(f"/proc/{stated.get('Pid', '')}/status"))
        is_pidfd = "Pid" in stated or not stated  # there may be no /proc to ask
        is_alive = stated.get("Pid") != "-1"
        parent = status.get("PPid", str(self._server_pid))
        if is_pidfd and is_alive and parent == str(self._server_pid):
            self._pidfd = descriptor
            self._pid = int(stated["Pid"]) if "Pid" in stated else None
        else:
            os.close(descriptor)

    def _confirms(self, standing: frozenset[Wall]) -> bool:
        """Whether the kernel says the same of the process, as far as it can be asked."""
        stated = _fields(Path(f"/proc/self/fdinfo/{self._pidfd}"))
        status = _fields(Path(f"/proc/{stated.get('Pid', '')}/status"))
        if not status:  # a /proc that hides other processes
            return True
        return (
            status.get("PPid") == str(self._server_pid)
            and (Wall.SINGLE_THREAD not in standing or status.get("Threads") == "1")
            and _all_threads_are_behind(standing, Path(f"/proc/{stated['Pid']}/task"))
        )


def _all_threads_are_behind(standing: frozenset[Wall], tasks: Path) -> bool:
    """Whether every thread of a process is; one that has ended meanwhile is."""
    try:
        threads = [_fields(thread / "status") for thread in tasks.iterdir()]
    except OSError:
        return False
    return all(
        (Wall.NO_NEW_PRIVILEGES not in standing or thread["NoNewPrivs"] == "1")
        and (Wall.SECCOMP not in standing or thread["Seccomp"] == "2")
        for thread in threads
        if thread
    )


def _fields(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
