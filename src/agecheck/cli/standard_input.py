"""Standard input, where an argument says so: read once and no further than a limit."""

from __future__ import annotations

import sys

DASH = "-"
"""The argument that stands for standard input."""


def read_at_most(limit_bytes: int) -> bytes:
    """All of standard input, or its beginning where it is longer than the limit."""
    if sys.stdin is None:  # the caller closed it
        return b""
    return sys.stdin.buffer.read(limit_bytes)
