"""Live sessions, one after the other: memory, descriptors and time stay where they are."""

from __future__ import annotations

import pytest

from benchmarks.live_long import SESSION_FRAMES, WARM_UP_SESSIONS, run_frames
from long.budget import LongRun

FRAMES_PER_S = 60
"""About what a core that is shared takes, the making of the frames included."""
FEWEST_FRAMES = (WARM_UP_SESSIONS + 1) * SESSION_FRAMES


@pytest.mark.long_share("live frames")
def test_a_kiosk_that_films_all_day_neither_fills_up_nor_slows_down(long_run: LongRun) -> None:
    """Faster than real time, and every session is looked at to its end: none is cut short."""
    done = run_frames(max(FEWEST_FRAMES, int(long_run.seconds * FRAMES_PER_S)))
    long_run.count = done.frames
    long_run.outcomes.update(done.ended)
    long_run.notes = (
        f"{done.real_time_factor} x real time, {done.growth_bytes / 2**20:.1f} MiB more"
    )
    assert done.missed() == [], done
