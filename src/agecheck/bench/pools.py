"""Processes that share a benchmark's work, and end with the one that started them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import contextmanager

from agecheck.errors import InternalError

WORKER_LOST = "a worker process ended by itself"
"""It cannot say what ended it."""


def process_pool(
    workers: int, prepare: Callable[..., None] | None = None, *arguments: object
) -> ProcessPoolExecutor:
    """Fresh interpreters, each prepared once by `prepare(*arguments)`."""
    return ProcessPoolExecutor(
        workers,
        multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(prepare, arguments),
    )


@contextmanager
def processes(
    workers: int, prepare: Callable[..., None] | None = None, *arguments: object
) -> Iterator[ProcessPoolExecutor]:
    """The same for the length of a `with` statement.

    Raises:
        InternalError: one of them ended by itself.
    """
    with process_pool(workers, prepare, *arguments) as pool:
        try:
            yield pool
        except BrokenExecutor:
            raise InternalError(f"{WORKER_LOST}, as one without memory does") from None


def _begin(prepare: Callable[..., None] | None, arguments: tuple[object, ...]) -> None:
    # Ctrl-C reaches every process of a terminal; the parent ends the run in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    if prepare is not None:
        prepare(*arguments)


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # it was killed: nobody is left to take a result
