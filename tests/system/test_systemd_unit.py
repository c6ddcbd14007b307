"""The kiosk lives under the filter of its unit, as this machine's systemd lays it out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.programs import nonce_of, portrait_frames, running, settings, verified, visit

UNIT = Path(__file__).parents[2] / "deploy" / "agecheck-kiosk.service"
FILTER = Path(__file__).with_name("systemd_filter.py")


def test_a_visit_passes_under_the_units_filter(tmp_path: Path) -> None:
    """All walls can be raised inside it, and nothing that a check needs is refused."""
    under = (sys.executable, str(FILTER), str(UNIT))
    with running(settings(tmp_path), under=under) as kiosk, kiosk.page() as page:
        assert visit(page, portrait_frames()) == "passed"
        token = kiosk.line()
    assert verified(token, tmp_path, nonce_of(token))


@pytest.mark.parametrize("call", ["capset", "landlock_restrict_self", "seccomp"])
def test_a_unit_that_forbids_a_wall_is_found(call: str, tmp_path: Path) -> None:
    """The test above can fail: without one of these calls the kiosk does not start."""
    unit = tmp_path / "narrow.service"
    text = UNIT.read_text(encoding="utf-8")
    unit.write_text(f"{text}\nSystemCallFilter=~{call}\n", encoding="utf-8")
    program = (sys.executable, "-m", "agecheck", "kiosk", "--config", settings(tmp_path))
    ran = subprocess.run(  # noqa: S603
        [sys.executable, FILTER, unit, *program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 3
    assert "cannot raise the walls" in ran.stderr
