"""Figures against their limits: a table to read, a file to keep."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agecheck.bench.machine import describe_machine

Limits = Mapping[str, tuple[str, float]]
"""For each figure that has one: "at least" or "at most", and the bound."""


def report(
    figures: Mapping[str, float | None], limits: Limits, facts: Mapping[str, Any], out: Path
) -> list[str]:
    """Print and write them; a figure that could not be taken is None and meets no limit.

    Args:
        facts: what else belongs into the file's head.

    Returns:
        The names of the figures that miss their limits.

    Raises:
        KeyError: a limit is for a figure that there is not.
    """
    met = {name: _met(figures[name], *limit) for name, limit in limits.items()}
    print(f"{'figure':44} {'value':>10}  limit")
    for name, value in figures.items():
        shown = "not taken" if value is None else f"{value:.3f}"
        kind, bound = limits.get(name, ("", 0.0))
        note = f"{kind} {bound:.3g}: {'met' if met[name] else 'MISSED'}" if kind else ""
        print(f"{name:44} {shown:>10}  {note}".rstrip())
    document = {
        "machine": describe_machine(),
        **facts,
        "figures": {n: None if v is None else round(v, 3) for n, v in figures.items()},
        "limits": {name: f"{kind} {bound:.3g}" for name, (kind, bound) in limits.items()},
        "missed": [name for name, is_met in met.items() if not is_met],
    }
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return [name for name, is_met in met.items() if not is_met]


def _met(value: float | None, kind: str, bound: float) -> bool:
    if value is None:
        return False
    return value >= bound if kind == "at least" else value <= bound
