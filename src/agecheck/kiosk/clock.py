"""Whether the machine's clock can be believed: a token states when it was issued."""

from __future__ import annotations

EARLIEST_S = 1_767_225_600
"""The beginning of 2026: a clock before it has not been set since the machine started, as happens
on boards without a battery."""


def clock_is_set(now_s: float) -> bool:
    """False for NaN, too."""
    return now_s >= EARLIEST_S
