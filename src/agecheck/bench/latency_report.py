"""The page and the tables of a latency run."""

from __future__ import annotations

from typing import Any

from agecheck.bench import charts
from agecheck.bench.charts import Axes, Point, Series
from agecheck.bench.page import (
    Tile,
    faint,
    page,
    plots,
    supported_points,
    tables_of,
    text_of,
    tiles,
)
from agecheck.bench.statistics import Figure
from agecheck.bench.table import Table
from agecheck.bench.timing import PERCENTILES

Document = dict[str, Any]
_HEADS = [f"p{percent}" for percent in PERCENTILES]


def html_report(document: Document) -> str:
    """The page; it loads nothing and runs no script."""
    run, machine = document["run"], document["run"]["machine"]
    busy = run["load_average_before"]
    before = "" if busy is None else f" The load average before the run was {busy:g}."
    return page(
        "agecheck bench: latency",
        "How long a check takes",
        [
            faint(
                f"{machine['cpu']}, processors {machine['affinity'] or machine['cores']}, Python "
                f"{machine['python']}; the seal was {document['seal']}.{before}"
            ),
            faint(document["note"]),
            tiles(headline(document)),
            plots([_stages(document), _percentiles(document), _callers(document)]),
            tables_of(tables(document)),
        ],
    )


def headline(document: Document) -> list[Tile]:
    """What most readers come for: name, value, and what stands beside it."""
    check = document["check_ms"]["default"]
    most = max(document["callers"], key=lambda row: float(row["checks_per_s"]))
    memory = document["peak_memory_mib"]
    return [
        (f"a check, {document['seal']}", *_ms(check["p50"])),
        ("nineteen of twenty checks take at most", *_ms(check["p95"])),
        ("a check, unsealed", *_ms(document["check_ms"]["unsealed"]["p50"])),
        ("the command, cold", *_ms(document["cold_start_ms"]["command"])),
        (
            "the most checks a second",
            f"{most['checks_per_s']:g}",
            f"{most['lowest']:g} to {most['highest']:g}, callers: {most['callers']}",
        ),
        ("peak memory of the command", *_mib(memory)),
    ]


def tables(document: Document) -> list[Table]:
    """All tables of a latency run."""
    kinds, stages = document["check_ms"], document["stages_ms"]
    cold = document["cold_start_ms"]
    return [
        Table(
            "check_ms",
            "A check, ms",
            "From encoded bytes to the verdict; default: as this machine seals it.",
            ["check", *_HEADS],
            [[name, *(of[head] for head in _HEADS)] for name, of in kinds.items()],
        ),
        Table(
            "stages_ms",
            "Its stages, ms",
            "Of unsealed checks. Percentiles of stages do not add up to those of checks.",
            ["stage", *_HEADS],
            [[name, *(of[head] for head in _HEADS)] for name, of in stages.items()],
        ),
        Table(
            "cold_ms",
            "Cold start, ms",
            "Whole processes, without the release quantum. Imports: Python that imports numpy and "
            "onnxruntime and ends.",
            ["process", "median"],
            [["agecheck check", cold["command"]], ["imports", cold["imports"]]],
        ),
        Table(
            "batch_ms",
            "One command, several pictures",
            "ms a picture, the start of the process included.",
            ["pictures", "ms a picture"],
            [[row["pictures"], row["ms_a_picture"]] for row in document["batch"]],
        ),
        Table(
            "callers",
            "Threads that share a checker",
            "Checks a second, in all; the median, and the ends of the repeats.",
            ["callers", "checks a second", "lowest", "highest"],
            [list(row.values()) for row in document["callers"]],
        ),
    ]


def _ms(figure: Figure) -> tuple[str, str]:
    if figure["value"] is None:
        return "not enough", text_of(figure)
    low, high = figure["interval"]
    return f"{figure['value']:.1f} ms", f"{low:.1f} to {high:.1f}, n = {figure['n']:,}"


def _mib(memory: float | None) -> tuple[str, str]:
    if memory is None:
        return "unknown", "this system does not tell, or only root"
    return f"{memory:.0f} MiB", "all its processes, shared pages once"


def _stages(document: Document) -> str:
    rows = [
        (name, float(of["p50"]["value"]), of["p95"]["value"])
        for name, of in document["stages_ms"].items()
        if of["p50"]["value"] is not None
    ]
    legend = ("median", "up to the 95th percentile")
    return charts.duration_chart("Latency by stage, unsealed", rows, legend) if rows else ""


def _percentiles(document: Document) -> str:
    title, kinds = "How the times are spread", document["check_ms"]
    series = [
        Series(
            document["seal"] if name == "default" else name,
            supported_points([(percent, of[f"p{percent}"]) for percent in PERCENTILES]),
            colour,
        )
        for colour, (name, of) in enumerate(kinds.items(), start=1)
    ]
    missing = {
        f"p{percent} takes {of[f'p{percent}']['needs_n']}": of[f"p{percent}"]["n"]
        for percent in PERCENTILES
        for of in kinds.values()
        if of[f"p{percent}"]["value"] is None
    }
    too_few = f"Not shown, for {max(missing.values(), default=0)} checks are too few: "
    note = f"{too_few}{', '.join(missing)}." if missing else ""
    ends = [end for one in series for p in one.points if p for end in (p.interval or (p.y,))]
    if not ends:
        return charts.no_chart(title, note)
    step, top = charts.round_step(max(ends))
    axes = Axes("percentile", "ms", (50, 100), (0, top), 10, step)
    return charts.line_chart(title, axes, series, note=note)


def _callers(document: Document) -> str:
    rows = document["callers"]
    step, top = charts.round_step(max(float(row["highest"]) for row in rows))
    points = [
        Point(row["callers"], row["checks_per_s"], (row["lowest"], row["highest"])) for row in rows
    ]
    axes = Axes("callers", "checks a second", (0, len(rows) + 1), (0, top), 1, step)
    return charts.line_chart("Threads that share a checker", axes, [Series("checks", points, 1)])
