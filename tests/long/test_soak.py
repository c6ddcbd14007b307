"""One process, many different pictures: memory, descriptors and time stay where they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from long.budget import LongRun
from long.damage import damaged
from long.pictures import encoded, encoded_portraits, framed, opened, without_a_face
from unit.picture_makers import PORTRAIT, encode

TESTS = Path(__file__).parents[1]
WARM_UP_SHARE = 0.25
RSS_TOLERANCE_BYTES = 5 << 20
TIME_TOLERANCE = 1.25
"""Quiet moments of one machine differ by a tenth; what grows with every picture grows past it."""
PROBES = 4
"""After each picture: of fewer, a minute's run beside other programs has too few quiet moments."""

RETURN_FREED_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
    "OMP_NUM_THREADS": "1",
}
"""By default glibc keeps freed frames for the next picture, which moves the figure by 15 MiB."""


def picture_of(rng: np.random.Generator) -> bytes:
    """Most as people send them, some broken, some of nobody."""
    share = rng.random()
    if share < 0.75:
        return encoded(rng, framed(rng, opened(PORTRAIT)))
    if share < 0.9:
        return damaged(rng, encoded_portraits())
    return encode(Image.fromarray(without_a_face(rng)), "PNG")


def quiet(times_ms: list[float]) -> float:
    """What it takes while nothing else runs on the machine: the tenth percentile."""
    return float(np.quantile(times_ms, 0.1))


@contextmanager
def soak_process() -> Iterator[Callable[[bytes], dict[str, Any]]]:
    """A fresh process; calling what is yielded sends it a picture and returns what it cost."""
    with subprocess.Popen(
        [sys.executable, "-m", "long.soak_process"],
        cwd=TESTS,
        env=os.environ | RETURN_FREED_MEMORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:

        def cost_of(picture: bytes) -> dict[str, Any]:
            if process.stdin is None or process.stdout is None:
                pytest.fail("the process has no pipes")
            process.stdin.write(len(picture).to_bytes(4) + picture)
            process.stdin.flush()
            cost: dict[str, Any] = json.loads(process.stdout.readline())
            return cost

        yield cost_of


@pytest.mark.long_share("soak")
def test_nothing_grows(long_run: LongRun) -> None:
    """A kiosk that checks for weeks neither fills up nor slows down."""
    probe = encoded_portraits()[0]  # the same picture again and again: its time is comparable
    costs = []
    nobody = encode(Image.fromarray(without_a_face(np.random.default_rng(0))), "PNG")
    with soak_process() as cost_of:
        cost_of(
            nobody
        )  # asks every detector: what is loaded when first needed is there from now on
        for rng in long_run.cases():
            long_run.outcomes[cost_of(picture_of(rng))["outcome"]] += 1
            costs += [cost_of(probe) for _ in range(PROBES)]
    assert {cost["outcome"] for cost in costs} == {"OVER"}
    assert len({cost["descriptors"] for cost in costs}) == 1

    settled = costs[int(len(costs) * WARM_UP_SHARE) :]
    rss_bytes = [cost["rss_bytes"] for cost in settled]
    quarter = len(settled) // 4
    growth_of = {
        name: quiet([cost[name] for cost in settled[-quarter:]])
        / quiet([cost[name] for cost in settled[:quarter]])
        for name in ("processor_ms", "fixed_work_ms")
    }
    growth = growth_of["processor_ms"] / growth_of["fixed_work_ms"]
    long_run.notes = (
        f"memory {min(rss_bytes) / 2**20:.1f} to {max(rss_bytes) / 2**20:.1f} MiB, "
        f"time x {growth:.2f}"
    )
    assert max(rss_bytes) - min(rss_bytes) <= RSS_TOLERANCE_BYTES
    assert growth <= TIME_TOLERANCE
