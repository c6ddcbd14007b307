"""Tables of what was tried for the fusion (fusion_tries.py), and of what bounds it (bounds.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.table_cells import table

Document = dict[str, Any]
_TRIED_COLUMNS = [
    *("recipe", "passed", "less the shipped", "ranked within a group, less the shipped"),
    *("error, years", "at 13-17"),
]


def judged(member: str) -> Callable[[Document], Iterator[str]]:
    """The rows of that member, the shipped recipe first, each beside it."""
    return lambda document: _judged(document, document[member])


def _judged(document: Document, found: list[Document]) -> Iterator[str]:
    rows = []
    for tried in found:
        leads = [
            f"{tried[name]:+.3f} ({low:+.3f} to {high:+.3f})"
            for name in ("lead", "lead_within_groups")
            for low, high in (tried[f"{name}_interval"],)
        ]
        rows.append(
            [
                tried["recipe"],
                f"{tried['adults_25_40_passed']:.3f}",
                *(["", ""] if tried is found[0] else leads),
                f"{tried['mae_years']:.2f}",
                f"{tried['bias_13_17_years']:+.1f}",
            ]
        )
    yield from table(_TRIED_COLUMNS, rows)
    yield ""
    yield (
        f"{document['pictures']:,} pictures, {document['fit']:,} of them not refused; "
        f"{document['minors_14_17']:,} minors of 14-17"
    )
    yield f"and {document['adults_25_40']:,} adults of 25-40."


def by_number_of_faces(document: Document) -> Iterator[str]:
    """How good a fit is on ever more faces."""
    rows = [
        [
            f"{row['faces']:,}",
            f"{row['mae_years']:.2f}",
            f"{row['adults_25_40_passed_at_5_percent']:.2f}",
        ]
        for row in document["by_number_of_faces"]
    ]
    yield from table(["faces", "error, years", "adults of 25-40 passed at 5 %"], rows)


def with_wrong_labels(document: Document) -> Iterator[str]:
    """What wrong labels among the minors cost."""
    rows = [
        [
            f"{row['wrong_share']:.1%}".replace("%", " %"),
            f"{row['adults_25_40_passed_at_5_percent']:.2f}",
            f"{row['adults_25_40_passed_at_2_percent']:.2f}",
        ]
        for row in document["with_wrong_labels"]
    ]
    yield from table(
        ["minors who are adults by mistake", "adults of 25-40 passed at 5 %", "at 2 %"],
        rows,
    )
