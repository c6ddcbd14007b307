"""One self-contained page of an accuracy run: headline figures, plots, every table."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from agecheck.bench import bands, charts
from agecheck.bench.accuracy_tables import subjects, tables
from agecheck.bench.charts import Axes, Series
from agecheck.bench.page import (
    broken_line,
    faint,
    page,
    plots,
    supported_points,
    tables_of,
    tiles,
    value_and_interval,
)
from agecheck.bench.statistics import MIN_N, Figure, unsupported

Document = dict[str, Any]


def html_report(document: Document) -> str:
    """The page; it loads nothing and runs no script."""
    data, machine = document["data"], document["run"]["machine"]
    split = "" if data["split"] is None else f", split {data['split']}"
    left_out = [
        f"{data[key]:,} {words}"
        for key, words in (
            ("bad_rows", "rows with an unusable label"),
            ("unreadable_files", "files that cannot be read"),
        )
        if data[key]
    ]
    without = f" Left out: {', '.join(left_out)}." if left_out else ""
    return page(
        "agecheck bench: accuracy",
        "Accuracy of the age gate",
        [
            faint(
                f"{data['pictures']:,} labelled pictures{split}. All of them are in every share: "
                "one without a face, or refused, is not OVER. Ranges in brackets are 95 % "
                f"intervals; nothing is shown for fewer than 20 pictures.{without}"
            ),
            faint(document["note"]),
            tiles(headline(document)),
            _plots(document),
            _heat_maps(document),
            tables_of(tables(document)),
            faint(
                f"agecheck {document['bundle']['agecheck']}, calibration "
                f"{document['bundle']['calibration_digest'][:12]}, models "
                f"{document['bundle']['models_digest'][:12]}; {machine['cpu']}, "
                f"{document['run']['workers']} workers, {document['run']['seconds']:g} s."
            ),
        ],
    )


def headline(document: Document) -> list[tuple[str, str, str]]:
    """What most readers come for: name, value, and interval with n."""
    policy = document["shipped_policy"]
    rows = document["adult_pass"]["25-40"]["at_false_over"]
    challenge = f"challenge age {policy['challenge_age_years']:g}"
    chosen: list[tuple[str, Figure, bool]] = [
        ("mean absolute error, years", document["mae_years"]["all"], False),
        ("bias at 13-17, years", document["bias_years"]["13-17"], False),
        ("adults of 25-40 passed at 5 % false-over", rows["0.05"], True),
        ("adults of 25-40 passed at 2 % false-over", rows["0.02"], True),
        (f"minors of 14-17 answered OVER, {challenge}", policy["false_over_14_17"], True),
        (f"adults of 25-40 refused, {challenge}", policy["adults_refused"]["25-40"], True),
        (f"adults of 30+ refused, {challenge}", policy["adults_refused"]["30+"], True),
        ("failure to acquire", document["failure_to_acquire"], True),
    ]
    return [(name, *value_and_interval(figure, share)) for name, figure, share in chosen]


def _plots(document: Document) -> str:
    return plots(
        [
            _error_by_age(document),
            _challenge_curve(document),
            _adult_pass(document),
            _reliability(document),
            _pit(document),
        ]
    )


def _error_by_age(document: Document) -> str:
    rows = {row["age_years"]: row for row in document["by_age_year"]}
    ages = range(max(rows, default=0) + 1)
    # An age without any picture has no row, and breaks the lines as one with few does.
    error, bias = (
        broken_line(
            [(age, rows[age][key] if age in rows else unsupported(0, MIN_N)) for age in ages]
        )
        for key in ("mae_years", "bias_years")
    )
    shown = [point for point in error if point is not None]
    if not shown:
        return ""
    lowest = min([0.0, *(p.interval[0] if p.interval else p.y for p in bias if p is not None)])
    highest = max(p.interval[1] if p.interval else p.y for p in shown)
    oldest = max(p.x for p in shown)
    bottom = 5.0 * (lowest // 5)
    axes = Axes(
        "age, years", "years", (0, 10 * (oldest // 10 + 1)), (bottom, 5 * (highest // 5 + 1)), 10, 5
    )
    lines = [Series("mean absolute error", error, 1), Series("bias", bias, 2, dashed=True)]
    return charts.line_chart("Error by age", axes, lines)


def _challenge_curve(document: Document) -> str:
    rows = document["challenge_ages"]
    minors = bands.MINORS.name
    passed = [(row["challenge_age_years"], row["false_over"][minors]) for row in rows]
    series = [Series("minors of 14-17 passed", supported_points(passed), 2)]
    for colour, adults in ((3, "30+"), (1, "25-40"), (4, "18-24")):
        refused = [(row["challenge_age_years"], row["adults_refused"][adults]) for row in rows]
        name = f"adults of {adults} refused"
        series.append(Series(name, supported_points(refused), colour, dashed=True))
    axes = Axes("challenge age, years", "share", (18, 35), (0, 1), 2, 0.2, as_percent=True)
    chosen = document["shipped_policy"]["challenge_age_years"]
    mark = (chosen, f"policy: {chosen:g}")
    return charts.line_chart("What a challenge age costs", axes, series, marked_x=mark)


def _adult_pass(document: Document) -> str:
    legend, rows = [("at 5 % false-over", 1), ("at 2 %", 2), ("at 1 %", 3)], []
    for name, of in subjects(document).items():
        at = of["adult_pass"]["25-40"]["at_false_over"]
        dots = [
            (colour, point)
            for colour, rate in ((1, "0.05"), (2, "0.02"), (3, "0.01"))
            for point in supported_points([(0, at[rate])])
        ]
        rows.append((name, dots))
    shown = {colour for _, dots in rows for colour, _ in dots}
    if not shown:
        return ""
    return charts.interval_chart(
        "Adults of 25-40 passed, each estimator at its own challenge age",
        "share of adults passed",
        rows,
        [(name, colour) for name, colour in legend if colour in shown],
    )


def _reliability(document: Document) -> str:
    bins = document["uncertainty"]["adult_reliability"]
    points = broken_line([(row["stated_mean"], row["adults"]) for row in bins])
    if not any(points):
        return ""
    axes = Axes("stated probability of being 18 or more", "share that is", (0, 1), (0, 1), 0.2, 0.2)
    series = [Series("measured", points, 1)]
    return charts.line_chart("Reliability", axes, series, diagonal=True)


def _pit(document: Document) -> str:
    pit = document["uncertainty"]["pit"]
    bars = supported_points([(index / len(pit), figure) for index, figure in enumerate(pit)])
    if not bars:
        return ""
    top = max(0.2, round(max(bar.y for bar in bars) + 0.05, 1))
    axes = Axes(
        "where the label lies in the stated distribution",
        "share of pictures",
        *((0, 1), (0, top), 0.1, 0.05),
        as_percent=True,
    )
    title = "Is the uncertainty true? Flat at 10 % would be perfect"
    return charts.bar_chart(title, axes, bars, expected=1 / len(pit))


def _heat_maps(document: Document) -> str:
    """The finest grouping as a map: one row a group, one column a figure."""
    if not document["by_group"]:
        return ""
    name, of = list(document["by_group"].items())[-1]
    policy = document["shipped_policy"]
    challenge = f"{policy['challenge_age_years']:g}"
    columns: list[tuple[str, Callable[[Document], Figure], bool]] = [
        ("mean absolute error, years", lambda row: row["mae_years"], False),
        ("minors of 14-17 passed at 25", lambda row: row["false_over_14_17_at_25"], True),
        ("adults of 25-40 refused at 25", lambda row: row["adults_refused_at_25"]["25-40"], True),
        (
            f"adults of 25-40 refused at {challenge}",
            lambda row: row["adults_refused"]["25-40"],
            True,
        ),
        ("failure to acquire", lambda row: row["failure_to_acquire"], True),
    ]
    groups = [
        {**row, **answered}
        for row, answered in zip(of["groups"], policy["by_group"][name]["groups"], strict=True)
    ]
    highest = [
        max((pick(row)["value"] or 0 for row in groups), default=0) for _, pick, _ in columns
    ]
    rows = []
    for row in groups:
        cells = []
        for (_, pick, is_share), most in zip(columns, highest, strict=True):
            figure = pick(row)
            if figure["value"] is None:
                cells.append(f'<td class="none">n = {figure["n"]}</td>')
                continue
            level = 0.5 * figure["value"] / most if most else 0
            value, interval = value_and_interval(figure, is_share)
            cells.append(
                f'<td class="warm" style="--level:{level:.2f}">{value}'
                f"<small>{interval}</small></td>"
            )
        rows.append(f"<tr><th>{escape(row['group'])}</th>{''.join(cells)}</tr>")
    heads = "".join(f"<th>{escape(head)}</th>" for head, _, _ in columns)
    return (
        f"<h2>By {escape(name)}</h2>"
        f'<div class="scroll"><table class="heat"><tr><th></th>{heads}</tr>{"".join(rows)}</table>'
        "</div>"
    )
