"""Processes that share a benchmark's work, and end with the one that started them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor


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
