"""What every report page has in common: one self-contained file, figures as text, tables."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files

from agecheck.bench.charts import Point
from agecheck.bench.statistics import Figure
from agecheck.bench.table import Cell, Table, interval_of

Tile = tuple[str, str, str]
"""Name, value, and what stands small beside it."""


def page(title: str, heading: str, body: Sequence[str]) -> str:
    """The page; it loads nothing and runs no script.

    Args:
        title, heading: as text.
        body: HTML in which everything foreign is escaped.
    """
    style = (files("agecheck.bench") / "report.css").read_text(encoding="utf-8")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        # Without it a browser asks the server for an icon.
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title>'
        f"<style>{style}</style></head><body>"
        f"<h1>{escape(heading)}</h1>{''.join(body)}</body></html>\n"
    )


def faint(text: str) -> str:
    """A paragraph in small print."""
    return f'<p class="faint">{escape(text)}</p>'


def tiles(rows: Sequence[Tile]) -> str:
    """The figures that most readers come for."""
    return (
        '<div class="tiles">'
        + "".join(
            f'<div class="tile"><b>{escape(value)}</b>{escape(name)}<span>{escape(rest)}</span>'
            "</div>"
            for name, value, rest in rows
        )
        + "</div>"
    )


def plots(charts: Sequence[str]) -> str:
    """Charts side by side, where there is room."""
    return f'<div class="plots">{"".join(charts)}</div>'


def supported_points(pairs: Sequence[tuple[float, Figure]]) -> list[Point]:
    """The figures that are supported, over their x."""
    return [Point(x, f["value"], interval_of(f)) for x, f in pairs if f["value"] is not None]


def broken_line(pairs: Sequence[tuple[float, Figure]]) -> list[Point | None]:
    """The figures over their x, with None where one is not supported: no line leads across it."""
    return [next(iter(supported_points([pair])), None) for pair in pairs]


def text_of(cell: Cell, digits: int = 3) -> str:
    """A cell as plain text; a figure with its interval and n, or why it is missing."""
    if not isinstance(cell, dict):
        return f"{cell:g}" if isinstance(cell, float) else str("" if cell is None else cell)
    if cell["value"] is None:
        if "needs_n_of" in cell:
            return f"{cell['minors_n']} minors, needs {cell['needs_n']}"
        if "needs_people" in cell:
            return f"{cell['people']} people, needs {cell['needs_people']}"
        return f"n = {cell['n']}, needs {cell['needs_n']}"
    interval = interval_of(cell)
    shown = "" if interval is None else f" ({interval[0]:.{digits}f} to {interval[1]:.{digits}f})"
    return f"{cell['value']:.{digits}f}{shown}, {_n_of(cell)}"


def _n_of(figure: Figure) -> str:
    people = f" (worth {figure['people']:,} people)" if "people" in figure else ""
    return f"n = {figure['n']:,}{people}"


def value_and_interval(figure: Figure, is_share: bool) -> tuple[str, str]:
    """A figure for people: its value, and its interval with n; a share in percent."""
    if figure["value"] is None:
        return "not enough", text_of(figure)
    low, high = interval_of(figure) or (figure["value"], figure["value"])
    if is_share:
        interval = f"{100 * low:.1f} to {100 * high:.1f} %"
        return f"{100 * figure['value']:.1f} %", f"{interval}, {_n_of(figure)}"
    return f"{figure['value']:.2f}", f"{low:.2f} to {high:.2f}, {_n_of(figure)}"


def tables_of(tables: Sequence[Table]) -> str:
    """All tables, each behind its title."""
    return f"<h2>All figures</h2>{''.join(_table(table) for table in tables)}"


def _table(table: Table) -> str:
    heads = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    rows = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in table.rows)
    return (
        f"<details><summary>{escape(table.title)}</summary><p>{escape(table.note)}</p>"
        f'<div class="scroll"><table><tr>{heads}</tr>{rows}</table></div></details>'
    )


def _cell(cell: Cell) -> str:
    if not isinstance(cell, dict):
        return f"<td>{escape(text_of(cell))}</td>"
    if cell["value"] is None:
        return f'<td class="none">{escape(text_of(cell))}</td>'
    value, _, rest = text_of(cell).partition(" (")
    return f"<td>{escape(value)}<small>({escape(rest)}</small></td>"
