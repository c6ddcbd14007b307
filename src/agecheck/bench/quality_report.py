"""The page and the tables of a quality run."""

from __future__ import annotations

from typing import Any

from agecheck.bench import charts
from agecheck.bench.charts import Axes, Series
from agecheck.bench.page import (
    Tile,
    broken_line,
    faint,
    page,
    plots,
    tables_of,
    tiles,
    value_and_interval,
)
from agecheck.bench.statistics import Figure
from agecheck.bench.table import Cell, Table

Document = dict[str, Any]
_SIDES = ("within", "beyond")
_GROUP = ("faces", "mae_years", "bias_years", "over_14_17", "over_25_40")
_GROUP_HEADS = (
    "faces",
    "mean absolute error, years",
    "bias, years",
    "aged 14-17 OVER",
    "aged 25-40 OVER",
)


def html_report(document: Document) -> str:
    """The page; it loads nothing and runs no script."""
    data, machine = document["data"], document["run"]["machine"]
    return page(
        "agecheck bench: quality",
        "Does refusing faces pay?",
        [
            faint(
                f"{data['pictures']:,} labelled pictures. Every face was measured and estimated, "
                "those that the gate refuses too. A limit pays where the error, or the share of "
                "minors answered OVER, is higher beyond it than within. Ranges in brackets are "
                "95 % intervals; nothing is shown for fewer than 20 faces."
            ),
            faint(document["note"]),
            tiles(headline(document)),
            plots([_component_plot(of) for of in document["components"]]),
            tables_of(tables(document)),
            faint(
                f"agecheck {document['bundle']['agecheck']}, policy {document['policy']}; "
                f"{machine['cpu']}, {document['run']['workers']} workers, "
                f"{document['run']['seconds']:g} s."
            ),
        ],
    )


def headline(document: Document) -> list[Tile]:
    """What most readers come for: name, value, and interval with n."""
    of = document["refusing"]
    chosen: list[tuple[str, Figure, bool]] = [
        ("mean absolute error, faces kept", of["kept"]["mae_years"], False),
        ("mean absolute error, faces refused", of["refused"]["mae_years"], False),
        ("refused less kept, years", of["mae_difference_years"], False),
        ("minors of 14-17 OVER, of those kept", of["kept"]["over_14_17"], True),
        ("the same, of those refused", of["refused"]["over_14_17"], True),
        ("adults of 25-40 OVER, of those kept", of["kept"]["over_25_40"], True),
        ("the same, of those refused", of["refused"]["over_25_40"], True),
    ]
    return [(name, *value_and_interval(figure, share)) for name, figure, share in chosen]


def tables(document: Document) -> list[Table]:
    """All tables of a quality run."""
    groups = {
        **{name: document["refusing"][name] for name in ("all faces", "kept", "refused")},
        **{f"refused for {reason}": of for reason, of in document["refused_faces"].items()},
    }
    return [
        Table(
            "refused",
            "Not decided on, and why",
            "The first reason of each picture, of all labelled pictures.",
            ["reason", "share"],
            [[reason, figure] for reason, figure in document["refused"].items()],
        ),
        Table(
            "refusing",
            "Faces kept and faces refused",
            "As if the gate refused nobody; a face is refused for its first reason.",
            ["faces that are", *_GROUP_HEADS],
            [[name, *_cells(of)] for name, of in groups.items()],
        ),
        Table(
            "limits",
            "On either side of each limit",
            "By this component alone, whatever the others say. Difference: mean absolute error "
            "beyond less within.",
            [
                *("component", "limit", "beyond", "difference, years"),
                *(f"{ages} OVER {side}" for side in _SIDES for ages in ("14-17", "25-40")),
            ],
            [
                [
                    *(of["name"], f"{of['limit_is']} {of['limit']:g}", of["beyond_share"]),
                    of["mae_difference_years"],
                    *(of[side][key] for side in _SIDES for key in ("over_14_17", "over_25_40")),
                ]
                for of in document["components"]
            ],
        ),
        *(_bins(of) for of in document["components"]),
    ]


def _bins(of: Document) -> Table:
    name = "".join(char if char.isalnum() else " " for char in of["name"])
    rows: list[list[Cell]] = [
        [_range(row), "beyond" if row["is_beyond"] else "", row["share"], *_cells(row)]
        for row in of["bins"]
    ]
    return Table(
        "by_" + "_".join(name.split()),
        f"By {of['name']}",
        f"The {of['limit_is']} value that is kept is {of['limit']:g} ({of['reason']}).",
        ["from, to", "limit", "share of faces", *_GROUP_HEADS],
        rows,
    )


def _range(row: Document) -> str:
    low, high = (("" if end is None else f"{end:g}") for end in (row["from"], row["to"]))
    return f"{low} - {high}".strip() if low and high else f"from {low}" if low else f"up to {high}"


def _cells(of: Document) -> list[Cell]:
    return [of[key] for key in _GROUP]


def _component_plot(of: Document) -> str:
    """Error and share of faces over the component's bins, each at its number."""
    numbered = list(enumerate(of["bins"]))
    error = broken_line([(index + 0.5, row["mae_years"]) for index, row in numbered])
    highest = max(((p.interval or (0, p.y))[1] for p in error if p is not None), default=None)
    if highest is None:
        return ""
    step, top = charts.round_step(highest)
    ends = tuple(f"{row['to']:g}" for row in of["bins"][:-1])
    limit_at = 1 + next(index for index, row in numbered if row["to"] == of["limit"])
    axes = Axes(
        f"{of['name']}: where each bin ends",
        "mean absolute error, years",
        *((0, len(numbered)), (0, top), 1, step),
        x_names=("", *ends, ""),
    )
    mark = (limit_at, f"limit: {of['limit']:g}")
    return charts.line_chart(of["name"], axes, [Series("error", error, 1)], marked_x=mark)
