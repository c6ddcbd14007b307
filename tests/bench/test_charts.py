"""Charts show what is supported and lead no line across what is not."""

from __future__ import annotations

import json
import re
from typing import Any

from agecheck.bench import latency_report
from agecheck.bench.accuracy_report import html_report
from agecheck.bench.charts import Axes, Point, Series, line_chart
from agecheck.bench.statistics import Figure, unsupported
from agecheck.bench.timing import percentiles_ms

AXES = Axes("x", "y", (0, 10), (0, 10), 1, 1)


def figure(value: float) -> Figure:
    return {"value": value, "n": 30, "interval": [value - 0.1, value + 0.1]}


def chart_of(page: str, title: str) -> str:
    """The figure under a title."""
    return page.partition(f"<figcaption>{title}</figcaption>")[2].partition("</figure>")[0]


def points_of_lines(chart: str) -> list[int]:
    """How many points each line joins."""
    return [len(path.split()) for path in re.findall(r'<polyline[^>]* points="([^"]*)"', chart)]


def test_a_line_and_its_ribbon_break_at_a_gap() -> None:
    """Nothing was measured between, and a point alone between gaps is still seen."""
    points = [Point(x, 5, (4, 6)) for x in range(10)]
    broken = [*points[:3], None, points[4], None, *points[6:8]]
    chart = line_chart("title", AXES, [Series("name", broken, 1)])
    assert points_of_lines(chart) == [3, 2]
    assert chart.count("<polygon") == 2
    assert chart.count("<circle") == 1


def test_error_by_age_breaks_where_an_age_has_too_few(document: dict[str, Any]) -> None:
    """An age under n = 20, or without any picture, is not passed over by a line or a band."""
    changed = json.loads(json.dumps(document))
    few = unsupported(3, 20)
    by_age = {20: figure(4), 21: figure(5), 22: few, 23: figure(4), 30: figure(3), 31: figure(2)}
    changed["by_age_year"] = [
        {"age_years": age, "pictures": of["n"], "mae_years": of, "bias_years": of}
        for age, of in by_age.items()
    ]
    chart = chart_of(html_report(changed), "Error by age")
    assert points_of_lines(chart) == [2, 2] * 2  # 20-21 and 30-31 of both lines
    assert chart.count("<polygon") == 4
    assert chart.count("<circle") == 2  # 23, of both


def test_reliability_breaks_across_empty_bins(document: dict[str, Any]) -> None:
    """Between two bins with faces lie others that say nothing."""
    changed = json.loads(json.dumps(document))
    bins = changed["uncertainty"]["adult_reliability"]
    for index, row in enumerate(bins):
        held = index in (0, 1, 5, 9)
        row["stated_mean"] = 0.1 * index + 0.05 if held else None
        row["adults"] = figure(0.1 * index) if held else unsupported(2, 20)
    chart = chart_of(html_report(changed), "Reliability")
    assert points_of_lines(chart) == [2]
    assert chart.count("<circle") == 2


def latency_document(checks: int) -> dict[str, Any]:
    times = percentiles_ms([30.0 + index for index in range(checks)])
    cold = times["p50"]
    return {
        "note": "",
        "seal": "sealed",
        "check_ms": {"default": times, "unsealed": times},
        "stages_ms": {"age": times},
        "callers": [{"callers": 1, "checks_per_s": 30.0, "lowest": 29.0, "highest": 31.0}],
        "cold_start_ms": {"command": cold, "imports": cold},
        "batch": [],
        "peak_memory_mib": None,
        "run": {
            "machine": {"cpu": "", "affinity": None, "cores": 1, "python": ""},
            "load_average_before": None,
        },
    }


def test_a_short_latency_run_shows_its_median_and_says_what_is_missing() -> None:
    """25 checks have a median and no 90th percentile: a dot of each kind, and how many it takes."""
    page = latency_report.html_report(latency_document(25))
    chart = chart_of(page, "How the times are spread")
    assert chart.count("<circle") == 2
    assert "25 checks are too few: p90 takes 36, p95 takes 72, p99 takes 368." in chart


def test_a_latency_run_without_any_percentile_says_why() -> None:
    """The place of the chart is not left empty."""
    chart = chart_of(latency_report.html_report(latency_document(5)), "How the times are spread")
    assert "5 checks are too few: p50 takes 20," in chart
    assert "<svg" not in chart
