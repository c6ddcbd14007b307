"""Some of the faults that `python -m long.faulty_kiosk` puts a real kiosk through."""

from __future__ import annotations

from pathlib import Path

import pytest

from long import budget
from long.budget import LongRun
from long.faulty_kiosk import drawn, faulty_kiosk


@pytest.mark.long_share("camera faults")
def test_a_camera_fault_costs_one_visit_and_no_verdict(long_run: LongRun, tmp_path: Path) -> None:
    """Nobody gets a token out of a faulty session, and the next person gets theirs."""
    with faulty_kiosk(tmp_path) as kiosk:
        for _ in long_run.cases(fewest=2):
            broken = kiosk.suffer(*drawn(budget.SEED, long_run.count))
            long_run.outcomes[f"{broken.fault}: {broken.ended}"] += 1
            assert broken.wrong == 0, broken
            assert broken.tries > 0, broken
