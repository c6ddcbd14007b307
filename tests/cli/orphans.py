"""Processes that a program leaves behind: the test process adopts them, so none can hide.

Neither command line nor environment would name them: a fork server shows others neither.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None, use_errno=True)
PATIENCE_S = 3.0


class Adopted:
    """What has become a child of this process since it began to adopt."""

    def __init__(self) -> None:
        self._before = children_of(os.getpid())

    def living(self) -> set[int]:
        """Those that are still there after a moment; the ended ones are reaped."""
        until_s = time.monotonic() + PATIENCE_S
        while left := children_of(os.getpid()) - self._before:
            # One that was reaped just now may have left us children that this look has missed.
            unended = {pid for pid in left if os.waitpid(pid, os.WNOHANG) == (0, 0)}
            if unended and time.monotonic() > until_s:
                return unended
            time.sleep(0.02)
        return set()


@contextmanager
def adopted() -> Iterator[Adopted]:
    """Until it ends, whatever a program's end orphans becomes a child of this process.

    Source: prctl(2), PR_SET_CHILD_SUBREAPER.
    """
    _be_subreaper(True)
    try:
        yield Adopted()
    finally:
        _be_subreaper(False)


def children_of(parent: int) -> set[int]:
    """By the kernel's word, zombies among them."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            stat = (process / "stat").read_text()
        except OSError:  # it has ended meanwhile
            continue
        if stat.rpartition(") ")[2].split()[1] == str(parent):
            found.add(int(process.name))
    return found


def _be_subreaper(wanted: bool) -> None:
    if _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, int(wanted), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "this process cannot adopt others")
