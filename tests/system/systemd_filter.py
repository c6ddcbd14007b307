"""python systemd_filter.py UNIT PROGRAM...: run a program under a unit's system call filter.

Reads the unit's SystemCallFilter lines as systemd.exec(5) describes them, the groups from
systemd-analyze, and MemoryDenyWriteExecute. Loaded with libseccomp; needs no running systemd.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

from pyseccomp import ALLOW, ERRNO, MASKED_EQ, Arg, SyscallFilter

_WRITE, _EXECUTE = 2, 4
_MAPPING = {"mmap", "mprotect", "pkey_mprotect"}


def calls_of(word: str) -> set[str]:
    """A system call, or those of a group and of the groups in it."""
    if not word.startswith("@"):
        return {word}
    command = ["systemd-analyze", "--no-pager", "syscall-filter", word]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    words = [line.strip() for line in listing.splitlines()[1:]]
    return {call for word in words if word and word[0] != "#" for call in calls_of(word)}


def allowed_by(unit: str) -> set[str]:
    """What the unit's lines leave: each adds calls, or takes them away when it begins with ~."""
    allowed = calls_of("@default")
    for line in unit.splitlines():
        name, _, value = line.partition("=")
        if name != "SystemCallFilter":
            continue
        calls = {call for word in value.lstrip("~").split() for call in calls_of(word)}
        allowed = allowed - calls if value.startswith("~") else allowed | calls
    return allowed


def load(allowed: set[str]) -> None:
    """Allow these calls and no memory that is both written and executed; EPERM for all else."""
    rules = SyscallFilter(defaction=ERRNO(errno.EPERM))
    for call in sorted(allowed - _MAPPING):
        try:
            rules.add_rule(ALLOW, call)
        except OSError:
            continue  # another architecture's
    rules.add_rule(ALLOW, "mmap", Arg(2, MASKED_EQ, _EXECUTE, 0))
    rules.add_rule(ALLOW, "mmap", Arg(2, MASKED_EQ, _WRITE | _EXECUTE, _EXECUTE))
    for call in ("mprotect", "pkey_mprotect"):
        rules.add_rule(ALLOW, call, Arg(2, MASKED_EQ, _EXECUTE, 0))
    rules.load()


if __name__ == "__main__":
    load(allowed_by(Path(sys.argv[1]).read_text(encoding="utf-8")))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606
