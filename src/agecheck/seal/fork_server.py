"""python -m agecheck.seal.fork_server FD [MODULE...]: loads the networks once, forks workers ahead.

A fresh interpreter: the caller's keys, pictures and threads are not in it. It never holds a picture
either: those go to the workers directly, over a channel that it closes after the fork.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from agecheck.errors import AgecheckError, ModelError
from agecheck.seal import codes, residue, threaded_walls, walls
from agecheck.seal.channel import (
    CHANNEL_FD,
    MAX_SETUP_BYTES,
    end_of,
    receive_with_descriptor,
    send_with_descriptor,
)

if TYPE_CHECKING:
    import socket

    from agecheck.seal.worker import SealedTask

LEAVE_S = 1


def main(control_fd: int, *modules: str) -> None:
    """Serve one caller until its end of the control channel closes.

    Args:
        modules: imported while the caller is still finding out what it wants.
    """
    gc.disable()  # while libraries load, they leave next to nothing behind
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # workers are not waited for; no zombies
    control = end_of(control_fd)
    first_stage = walls.first_stage()
    with suppress(Exception):  # what the task cannot do without, it imports itself, and says so
        for module in modules:
            import_module(module)
    message = control.recv(MAX_SETUP_BYTES)
    if not message:  # started ahead, and not needed after all
        return
    setup = json.loads(message)
    sealed_task = _load(control, setup, sorted(first_stage))
    if sealed_task is None:
        return
    server_pid = os.getpid()
    gc.freeze()  # a collection in a worker would copy every page that holds an object
    while True:
        message, descriptor = receive_with_descriptor(control, 1)
        if not message or descriptor is None:
            _outlive_workers()
            return
        if os.fork() == 0:
            _become_worker(descriptor, sealed_task, setup, server_pid)
        os.close(descriptor)


def _outlive_workers() -> None:
    """Workers that end after this process are left to one that may never reap them."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(LEAVE_S)  # some worker hangs: it is killed when this process ends
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _load(
    control: socket.socket, setup: dict[str, Any], first_stage: list[str]
) -> SealedTask | None:
    """Make the task and say how it went. No picture was seen yet, so words are harmless here."""
    module, _, name = setup["factory"].partition(":")
    answer: dict[str, Any] = {"first_stage": first_stage}
    sealed_task: SealedTask | None = None
    try:
        sealed_task = getattr(import_module(module), name)(**setup["arguments"])
        import_module("agecheck.seal.worker")  # once, and not in every worker
    except AgecheckError as error:
        answer = {"error": type(error).__name__, "arguments": _arguments(error)}
    except Exception as error:
        answer = {"error": type(error).__name__, "arguments": []}
    control.send(json.dumps(answer).encode())
    return sealed_task


def _arguments(error: AgecheckError) -> list[str]:
    if isinstance(error, ModelError):
        return [error.fault.value, error.model_id]
    return [str(error)]


def _become_worker(
    descriptor: int, sealed_task: SealedTask, setup: dict[str, Any], server_pid: int
) -> None:
    """In the new process: raise the walls, say which stand, serve, end. Never returns."""
    try:
        walls.die_with_parent(server_pid)
        gc.enable()
        from agecheck.seal import worker

        residue.overwrite_freed_memory()
        sys.stdin = sys.stdout = sys.stderr = None
        if descriptor != CHANNEL_FD:
            os.dup2(descriptor, CHANNEL_FD, inheritable=False)
        channel = end_of(CHANNEL_FD)
        own_pidfd = os.pidfd_open(os.getpid())
        send_with_descriptor(channel, b"P", own_pidfd)
        limits = setup["cpu_s"], tuple(setup["extra_calls"])
        if setup["own_threads"] is None:
            sealed_task.before_seal()
            standing = walls.raise_walls(*limits)
        else:
            standing = threaded_walls.raise_walls(
                sealed_task.before_seal, *limits, setup["own_threads"]["readable"]
            )
        os.write(CHANNEL_FD, bytes([codes.code_of_walls(standing)]))
        worker.serve(channel, sealed_task, setup["max_checks"])
    finally:
        os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
    os._exit(0)  # there is nothing to write or to undo
