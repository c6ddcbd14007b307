"""Small charts as inline SVG. Colours come from the page's style sheet, for light and dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

WIDTH, HEIGHT = 640, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 66, 20, 14, 52


@dataclass(frozen=True, slots=True)
class Point:
    """One value over x, with its interval if it has one."""

    x: float
    y: float
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """A line with a ribbon, broken at each None; a point alone is a dot with its interval.

    `colour` is a number from 1 to 5 of the page's palette.
    """

    name: str
    points: Sequence[Point | None]
    colour: int
    dashed: bool = False

    def runs(self) -> list[list[Point]]:
        """The points that are joined, in order."""
        groups = groupby(self.points, key=lambda point: point is None)
        return [[p for p in group if p is not None] for is_gap, group in groups if not is_gap]


@dataclass(frozen=True, slots=True)
class Axes:
    """What both axes show, and their ends; x_names stand at the ticks instead of numbers."""

    x_label: str
    y_label: str
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    x_step: float
    y_step: float
    as_percent: bool = False
    x_names: tuple[str, ...] = ()

    def x(self, value: float) -> float:
        low, high = self.x_range
        return _LEFT + (value - low) / (high - low) * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        low, high = self.y_range
        inside = min(max(value, low), high)
        return HEIGHT - _BOTTOM - (inside - low) / (high - low) * (HEIGHT - _TOP - _BOTTOM)


def line_chart(
    title: str,
    axes: Axes,
    series: Sequence[Series],
    *,
    marked_x: tuple[float, str] | None = None,
    diagonal: bool = False,
    note: str = "",
) -> str:
    """Lines with their 95 % ribbons, a legend, and perhaps a marked place, a diagonal or a note."""
    parts = [_frame(axes)]
    if diagonal:
        (x0, x1), (y0, y1) = axes.x_range, axes.y_range
        ends = f'x1="{axes.x(x0):.1f}" y1="{axes.y(y0):.1f}" x2="{axes.x(x1):.1f}"'
        parts.append(f'<line class="guide" {ends} y2="{axes.y(y1):.1f}"/>')
    for one in series:
        for run in one.runs():
            parts += [_ribbon(axes, run, one.colour), _line(axes, run, one)]
    if marked_x is not None:
        x = axes.x(marked_x[0])
        parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" ')
        parts.append(f'y2="{HEIGHT - _BOTTOM}"/>')
        side = "end" if x > WIDTH / 2 else "start"
        shift = -6 if side == "end" else 6
        parts.append(f'<text class="marked" x="{x + shift:.1f}" y="{_TOP + 12}" ')
        parts.append(f'text-anchor="{side}">{escape(marked_x[1])}</text>')
    legend = [(one.name, one.colour) for one in series]
    return _figure(title, "".join(parts), legend, note=note)


def no_chart(title: str, why: str) -> str:
    """The place of a chart that the data cannot support."""
    caption = f"<figcaption>{escape(title)}</figcaption>"
    return f'<figure>{caption}<p class="faint">{escape(why)}</p></figure>'


def bar_chart(title: str, axes: Axes, bars: Sequence[Point], *, expected: float) -> str:
    """Bars over equal bins from x to x + step, beside the height that they should have."""
    parts = [_frame(axes)]
    for bar in bars:
        x, width = axes.x(bar.x), axes.x(bar.x + axes.x_step) - axes.x(bar.x)
        y = axes.y(bar.y)
        height = HEIGHT - _BOTTOM - y
        parts.append(f'<rect class="fill c1" x="{x + 2:.1f}" y="{y:.1f}" ')
        parts.append(f'width="{width - 4:.1f}" height="{height:.1f}"/>')
    y = axes.y(expected)
    parts.append(f'<line class="guide" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" ')
    parts.append(f'y1="{y:.1f}" y2="{y:.1f}"/>')
    return _figure(title, "".join(parts), [])


def interval_chart(
    title: str,
    axis_label: str,
    rows: Sequence[tuple[str, Sequence[tuple[int, Point]]]],
    legend: Sequence[tuple[str, int]],
) -> str:
    """Shares from 0 to 1 with intervals: one row a name, one dot a (colour, point)."""
    left, row_height = 222, 40
    height = _TOP + row_height * len(rows) + _BOTTOM
    scale = WIDTH - left - 30  # room for half of the last label
    parts = []
    for tick in range(0, 101, 20):
        x = left + scale * tick / 100
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" ')
        parts.append(f'y2="{height - _BOTTOM}"/><text x="{x:.1f}" y="{height - _BOTTOM + 16}" ')
        parts.append(f'text-anchor="middle">{tick} %</text>')
    for index, (name, dots) in enumerate(rows):
        middle = _TOP + row_height * (index + 0.5)
        parts.append(f'<text x="{left - 10}" y="{middle + 4:.1f}" ')
        parts.append(f'text-anchor="end">{escape(name)}</text>')
        for place, (colour, dot) in enumerate(dots):
            y = middle + (place - (len(dots) - 1) / 2) * 12
            low, high = dot.interval or (dot.y, dot.y)
            parts.append(f'<line class="line c{colour}" x1="{left + scale * low:.1f}" ')
            parts.append(f'x2="{left + scale * high:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<circle class="fill c{colour}" cx="{left + scale * dot.y:.1f}" ')
            parts.append(f'cy="{y:.1f}" r="4.5"/>')
    parts.append(f'<text x="{left + scale / 2:.1f}" y="{height - 8}" ')
    parts.append(f'text-anchor="middle">{escape(axis_label)}</text>')
    return _figure(title, "".join(parts), legend, height)


def duration_chart(
    title: str, rows: Sequence[tuple[str, float, float | None]], legend: tuple[str, str]
) -> str:
    """Bars of ms, one row a name: what half of the calls keep below, and what most keep below.

    Args:
        rows: name, the shorter and the longer time; None where the longer one is not supported.
        legend: what the bar and the line are.
    """
    left, row_height = 222, 34
    height = _TOP + row_height * len(rows) + _BOTTOM
    step, longest = round_step(max(max(row[1], row[2] or 0.0) for row in rows))
    scale = (WIDTH - left - 30) / longest
    parts = []
    for index in range(round(longest / step) + 1):
        x = left + scale * step * index
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" ')
        parts.append(f'y2="{height - _BOTTOM}"/><text x="{x:.1f}" y="{height - _BOTTOM + 16}" ')
        parts.append(f'text-anchor="middle">{step * index:g}</text>')
    for index, (name, usual_ms, most_ms) in enumerate(rows):
        y = _TOP + row_height * index
        parts.append(f'<text x="{left - 10}" y="{y + 21}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect class="fill c1" x="{left}" y="{y + 7}" height="{row_height - 14}" ')
        parts.append(f'width="{max(scale * usual_ms, 1):.1f}"/>')
        if most_ms is not None:
            ends = f'x1="{left + scale * usual_ms:.1f}" x2="{left + scale * most_ms:.1f}"'
            parts.append(f'<line class="line c2" {ends} y1="{y + 17}" y2="{y + 17}"/>')
    parts.append(f'<text x="{(left + WIDTH) / 2}" y="{height - 8}" text-anchor="middle">ms</text>')
    return _figure(title, "".join(parts), [(legend[0], 1), (legend[1], 2)], height)


def round_step(longest: float) -> tuple[float, float]:
    """A step of 1, 2 or 5 times a power of ten, and the end of an axis with at most ten of them."""
    power = 10.0 ** math.floor(math.log10(max(longest, 1e-3)))
    steps = (power * times / 10 for times in (1, 2, 5, 10))
    step = next(step for step in steps if longest / step <= 10)
    return step, step * math.ceil(longest / step)


def _figure(
    title: str,
    body: str,
    legend: Sequence[tuple[str, int]],
    height: int = HEIGHT,
    note: str = "",
) -> str:
    keys = "".join(
        f'<span><i class="key c{colour}"></i>{escape(name)}</span>' for name, colour in legend
    )
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>"
        f'<div class="legend">{keys}</div>'
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">{body}</svg>'
        + (f'<p class="faint">{escape(note)}</p>' if note else "")
        + "</figure>"
    )


def _frame(axes: Axes) -> str:
    parts = []
    for value in _ticks(axes.y_range, axes.y_step):
        y = axes.y(value)
        label = f"{100 * value:.0f} %" if axes.as_percent else f"{value:g}"
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" ')
        parts.append(f'y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    ticks = _ticks(axes.x_range, axes.x_step)
    names = axes.x_names or tuple(f"{value:g}" for value in ticks)
    for value, name in zip(ticks, names, strict=True):
        parts.append(f'<text x="{axes.x(value):.1f}" y="{HEIGHT - _BOTTOM + 18}" ')
        parts.append(f'text-anchor="middle">{escape(name)}</text>')
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 7}" text-anchor="middle">')
    parts.append(f"{escape(axes.x_label)}</text>")
    y = (_TOP + HEIGHT - _BOTTOM) / 2
    parts.append(
        f'<text class="y-title" transform="translate(13 {y}) rotate(-90)" text-anchor="middle">'
    )
    parts.append(f"{escape(axes.y_label)}</text>")
    return "".join(parts)


def _ticks(ends: tuple[float, float], step: float) -> list[float]:
    low, high = ends
    return [round(low + index * step, 6) for index in range(int((high - low) / step + 1.001))]


def _line(axes: Axes, run: Sequence[Point], series: Series) -> str:
    if len(run) == 1:
        x, y = axes.x(run[0].x), axes.y(run[0].y)
        low, high = (axes.y(end) for end in run[0].interval or (run[0].y, run[0].y))
        return (
            f'<line class="line c{series.colour}" x1="{x:.1f}" x2="{x:.1f}" '
            f'y1="{low:.1f}" y2="{high:.1f}"/>'
            f'<circle class="fill c{series.colour}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
        )
    path = " ".join(f"{axes.x(p.x):.1f},{axes.y(p.y):.1f}" for p in run)
    dash = ' stroke-dasharray="6 4"' if series.dashed else ""
    return f'<polyline class="line c{series.colour}"{dash} points="{path}"/>'


def _ribbon(axes: Axes, run: Sequence[Point], colour: int) -> str:
    held = [(p.x, *p.interval) for p in run if p.interval is not None]
    if len(held) < 2:
        return ""
    there = [f"{axes.x(x):.1f},{axes.y(high):.1f}" for x, _, high in held]
    back = [f"{axes.x(x):.1f},{axes.y(low):.1f}" for x, low, _ in reversed(held)]
    return f'<polygon class="ribbon c{colour}" points="{" ".join(there + back)}"/>'
