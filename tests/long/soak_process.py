"""A process that does nothing but check the pictures it is sent, and says what that costs.

Started by test_soak.py, which makes the pictures: only the check is in the figures. It checks
unsealed: what would grow in a worker grows here, and is not hidden by the worker's end. On stdin
come a picture's length, four bytes big-endian, and its bytes; on stdout goes one JSON object a
picture.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from agecheck import AgePolicy, ImageError, load_checker

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def rss_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


MATRIX = np.random.default_rng(0).random((384, 384), np.float32)


def fixed_work_ms() -> float:
    """What the machine takes for the same sums each time: other programs slow a check as much."""
    start_s = time.process_time()
    for _ in range(20):
        np.tanh(MATRIX @ MATRIX)
    return (time.process_time() - start_s) * 1000


def main() -> None:
    checker = load_checker(AgePolicy(age_limit=18, challenge_age=25), seal="off")
    while length := sys.stdin.buffer.read(4):
        picture = sys.stdin.buffer.read(int.from_bytes(length))
        machine_ms = fixed_work_ms()
        start_s = time.process_time()
        try:
            result = checker.check(picture)
            outcome = str(result.reason or result.verdict)
        except ImageError as error:
            outcome = f"ImageError {error.fault.name}"
        cost = {
            "outcome": outcome,
            "processor_ms": (time.process_time() - start_s) * 1000,
            "fixed_work_ms": machine_ms,
            "rss_bytes": rss_bytes(),
            "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        }
        print(json.dumps(cost), flush=True)


if __name__ == "__main__":
    main()
