"""Writes the tables of README.md, the documentation and the cards from the committed results.

    python -m benchmarks.readme_tables           writes them
    python -m benchmarks.readme_tables --check   changes nothing; exit code 1 if one is stale

A page marks each place with a pair of comments that name the table:

    <!-- accuracy: estimators -->
    <!-- /accuracy -->
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from agecheck.bench.accuracy_tables import subjects
from agecheck.bench.statistics import MIN_N
from benchmarks.accuracy_claims import aims, alone, beside_the_peer, since_first
from benchmarks.bench_memory import MAX_RATIO
from benchmarks.recipe_tables import by_number_of_faces, judged, with_wrong_labels
from benchmarks.table_cells import percent, ratio, table, years

Document = dict[str, Any]
ROOT = Path(__file__).parent.parent
RESULT = ROOT / "benchmarks" / "results" / "accuracy-utkface.json"
SECOND_RESULT = RESULT.with_name("accuracy-fairface540.json")
QUALITY_RESULT = RESULT.with_name("quality-utkface.json")
TRIES_RESULT = RESULT.with_name("fusion-tries.json")
BOUNDS_RESULT = RESULT.with_name("bounds.json")
FIRST_RESULT = RESULT.with_name("accuracy-utkface-first.json")
MEMORY_RESULT = RESULT.with_name("bench-memory.json")
PAGES = (
    ROOT / "README.md",
    ROOT / "docs" / "explanation" / "accuracy.md",
    ROOT / "docs" / "how-to" / "calibrate.md",
    ROOT / "docs" / "how-to" / "ten-million-pictures.md",
    ROOT / "models" / "cards" / "age-mobilenet.md",
    ROOT / "models" / "cards" / "age-tinyxception.md",
)
_BLOCK = re.compile(
    r"^(?P<head><!-- accuracy: (?P<name>[a-z-]+) -->\n)(?P<body>.*?)^<!-- /accuracy -->$",
    re.MULTILINE | re.DOTALL,
)


def refreshed(page: str, documents: Mapping[Path, Document]) -> str:
    """The page with every marked table as the results have it.

    Raises:
        ValueError: the page marks no table, or one that there is not, or a marker has no end.
    """
    names = [match["name"] for match in _BLOCK.finditer(page)]
    if not names or len(names) != page.count("<!-- accuracy: "):
        raise ValueError("each table's marker needs an end, and a page has at least one")
    if unknown := [name for name in names if name not in TABLES]:
        raise ValueError(f"there is no table {unknown[0]!r}")
    return _BLOCK.sub(lambda block: _filled(block, documents), page)


def read_documents() -> dict[Path, Document]:
    """The committed results."""
    paths = {path for paths, _ in TABLES.values() for path in paths}
    return {path: json.loads(path.read_text(encoding="utf-8")) for path in paths}


def _filled(block: re.Match[str], documents: Mapping[Path, Document]) -> str:
    paths, lines_of = TABLES[block["name"]]
    lines = lines_of(*(documents[path] for path in paths))
    return block["head"] + "".join(line + "\n" for line in lines) + "<!-- /accuracy -->"


def _estimators(document: Document) -> Iterator[str]:
    """Each estimator at its own challenge age, and the shipped one as it ships."""
    data, policy = document["data"], document["shipped_policy"]
    rows = []
    for name, of in subjects(document).items():
        at = of["adult_pass"]["25-40"]["at_false_over"]
        rows.append(
            [
                name,
                years(of["mae_years"]["all"]),
                years(of["bias_years"]["13-17"]),
                *(percent(at[rate]) for rate in ("0.05", "0.02")),
            ]
        )
    yield from table(
        ["", "error, years", "bias at 13-17", "adults 25-40 passed at 5 %", "at 2 %"], rows
    )
    minors, refused = policy["false_over_14_17"], policy["adults_refused"]
    yield ""
    yield f"{data['pictures']:,} pictures of UTKFace, split `{data['split']}`,"
    yield "with 95 % intervals. Passed at 5 % or 2 %: at the challenge age that lets this share of"
    yield "the minors of 14-17 pass."
    yield f"At the shipped challenge age of {policy['challenge_age_years']:g},"
    yield f"{percent(minors)} of the {minors['n']} minors were answered OVER, and"
    yield f"{percent(refused['25-40'])} of the adults of 25-40 and"
    yield f"{percent(refused['30+'])} of those of 30 and more were not."


def _bands(document: Document) -> Iterator[str]:
    """Error and bias by age band."""
    yield from table(
        ["ages", "error, years", "bias, years", "n"],
        [
            [band, years(error), years(document["bias_years"][band]), f"{error['n']:,}"]
            for band, error in document["mae_years"].items()
        ],
    )


def _groups(document: Document) -> Iterator[str]:
    """The finest grouping, at challenge age 25, and who is refused at the shipped one."""
    name, of = list(document["by_group"].items())[-1]
    policy = document["shipped_policy"]
    shipped = {row["group"]: row for row in policy["by_group"][name]["groups"]}
    yield from table(
        [
            *(name, "pictures", "error, years", "minors 14-17 OVER at 25"),
            *("adults 25-40 refused at 25", f"at {policy['challenge_age_years']:g}"),
        ],
        [
            [
                row["group"],
                f"{row['pictures']:,}",
                years(row["mae_years"]),
                percent(row["false_over_14_17_at_25"]),
                percent(row["adults_refused_at_25"]["25-40"]),
                percent(shipped[row["group"]]["adults_refused"]["25-40"]),
            ]
            for row in of["groups"]
            if row["pictures"] >= MIN_N
        ],
    )
    spread = of["spread"]["mae_years"]
    yield ""
    yield f"The worst group's error is {ratio(spread)} times the best's."


def _ranges(document: Document) -> Iterator[str]:
    """Where the estimates lie whose labels are ranges of ages, and who is OVER at 25."""
    yield from table(
        ["labelled", "pictures", "estimated below", "inside", "above", "OVER at 25"],
        [
            [
                row["age_range"],
                f"{row['pictures']:,}",
                *(percent(row[where]) for where in ("below", "inside", "above", "over_at_25")),
            ]
            for row in document["by_age_range"]
        ],
    )
    refused = document["failure_to_acquire"]
    yield ""
    yield f"{percent(refused)} of the {refused['n']} pictures have no estimate and are not OVER."


def _refusing(quality: Document) -> Iterator[str]:
    """Faces kept and refused, and each limit that has a figure beyond it."""
    of = quality["refusing"]
    rows = [
        [name, f"{of[name]['faces']:,}", years(of[name]["mae_years"])]
        for name in ("kept", "refused")
    ]
    rows += [
        [f"beyond the limit of {c['name']}", f"{c['beyond']['faces']:,}", years(figure)]
        for c in quality["components"]
        for figure in [c["beyond"]["mae_years"]]
        if figure["value"] is not None
    ]
    yield from table(["faces that are", "n", "error, years"], rows)
    yield ""
    yield f"Refused less kept: {years(of['mae_difference_years'])} years."


def _not_acquired(document: Document) -> Iterator[str]:
    """Why there is no decision, by reason."""
    failures = document["failure_to_acquire"]
    by_reason = sorted(failures["by_reason"].items(), key=lambda named: -named[1]["value"])
    rows = [[name.lower().replace("_", " "), percent(figure)] for name, figure in by_reason]
    yield from table(["reason", "of all pictures"], [*rows, ["together", percent(failures)]])


def _memory(document: Document) -> Iterator[str]:
    """What all processes of a run held at once, over few pictures and over more."""
    rows = zip(document["pictures"], document["peak_mib"], strict=True)
    yield from table(
        ["pictures", "all processes at once"],
        [[f"{pictures:,}", f"{peak_mib:.0f} MiB"] for pictures, peak_mib in rows],
    )
    yield ""
    told = "**missed**" if document["missed"] else "reached"
    yield f"That is {document['ratio']:.2f} times as much; we aim at {MAX_RATIO:g} or less: {told}."


TABLES: dict[str, tuple[tuple[Path, ...], Callable[..., Iterator[str]]]] = {
    "estimators": ((RESULT,), _estimators),
    "bands": ((RESULT,), _bands),
    "groups": ((RESULT,), _groups),
    "aims": ((RESULT, FIRST_RESULT), aims),
    "beside-the-peer": ((RESULT,), beside_the_peer),
    "since-first": ((RESULT, FIRST_RESULT), since_first),
    "age-mobilenet": ((RESULT,), alone("age-mobilenet alone")),
    "age-tinyxception": ((RESULT,), alone("age-tinyxception alone")),
    "ranges": ((SECOND_RESULT,), _ranges),
    "refusing": ((QUALITY_RESULT,), _refusing),
    "not-acquired": ((SECOND_RESULT,), _not_acquired),
    "tried": ((TRIES_RESULT,), judged("tried")),
    "bounds": ((BOUNDS_RESULT,), judged("bounds")),
    "faces": ((BOUNDS_RESULT,), by_number_of_faces),
    "wrong-labels": ((BOUNDS_RESULT,), with_wrong_labels),
    "memory": ((MEMORY_RESULT,), _memory),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if stale")
    options = parser.parse_args()
    documents = read_documents()
    stale = []
    for path in PAGES:
        page = path.read_text(encoding="utf-8")
        current = refreshed(page, documents)
        if current != page:
            stale.append(path.relative_to(ROOT))
            if not options.check:
                path.write_text(current, encoding="utf-8")
    if stale and options.check:
        print(
            f"stale: {', '.join(map(str, stale))}; python -m benchmarks.readme_tables renews them"
        )
    return 1 if stale and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
