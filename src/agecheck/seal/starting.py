"""Starts a fork server's process. Light: a program can do it before it loads anything else."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from agecheck.seal.channel import pair

if TYPE_CHECKING:
    import socket

_PROGRAM = "agecheck.seal.fork_server"
_KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ")
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class Started(NamedTuple):
    """A process that waits on a control channel to be told what it is for."""

    process: subprocess.Popen[bytes]
    control: socket.socket


_ahead: dict[int, Started] = {}
"""By the process that started it: after a fork it is the parent's."""


def start_ahead(*modules: str) -> None:
    """Start the fork server that this process is going to need: it comes up meanwhile.

    For a program that checks a picture and ends. A server that nobody asks for ends with it.

    Args:
        modules: what it may import, behind its first walls, before it is told what it is for.
    """
    with suppress(OSError):  # whoever asks for it will be told
        _ahead[os.getpid()] = _start(*modules)


def started() -> Started:
    """The one that was started ahead, or a new one.

    Raises:
        OSError: it cannot be started.
    """
    return _ahead.pop(os.getpid(), None) or _start()


def _start(*modules: str) -> Started:
    if not sys.executable:
        raise FileNotFoundError("there is no Python program to start it with")
    control, theirs = pair()
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    descriptor = theirs.fileno()
    try:
        with theirs:
            process = subprocess.Popen(  # noqa: S603
                # -S: no sitecustomize and no .pth file runs before the first walls
                [sys.executable, "-PsS", "-m", _PROGRAM, str(descriptor), *modules],
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
    return Started(process, control)


def _stop_ahead() -> None:
    unused = _ahead.pop(os.getpid(), None)
    if unused is not None:
        unused.control.close()
        unused.process.kill()
        unused.process.wait()


atexit.register(_stop_ahead)
