"""Labelled clips through the passive parts of liveness: APCER by species, and BPCER.

The words are those of ISO/IEC 30107-3. A clip ends as a live session would: ATTACK, BONA_FIDE, or
NO_ANSWER where nothing showed either. No age is estimated.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from agecheck._version import __version__
from agecheck.bench.machine import describe_machine
from agecheck.bench.pools import processes
from agecheck.bench.statistics import DIGITS, Figure, wilson_interval
from agecheck.errors import AgecheckError, ImageError
from agecheck.guidance import KEPT_FRAMES, MIN_FRAMES
from agecheck.live_script import TICK_MS
from agecheck.verdict import Reason

SCHEMA = "agecheck-bench-attacks/1"
PARTS_RUN = ("continuity", "flatness", "blink", "texture")
PARTS_NOT_RUN = {
    "challenge": "a recording cannot be asked to move",
    "light": "a recording was not lit by our screen",
    "hint": "a recording cannot be asked to turn when it shows no life",
}
LIVE, SPOOF = "live", "spoof"
UNNAMED = "unnamed"
MIN_FRAME_STEP_MS = 28
"""Faster clips are thinned to about the 30 frames a second of a live session."""
Document = dict[str, Any]


class ClipLabelError(AgecheckError, ValueError):
    """The labels as a whole cannot be used; the message names the cause, never a path."""


class Outcome(StrEnum):
    """How one clip ended."""

    BONA_FIDE = "BONA_FIDE"
    ATTACK = "ATTACK"
    NO_ANSWER = "NO_ANSWER"


@dataclass(frozen=True, slots=True)
class Labelled:
    """One row of the labels. `species` is empty for a bona fide clip."""

    file: str
    is_attack: bool
    species: str


@dataclass(frozen=True, slots=True)
class Seen:
    """One clip's outcome, and why there was no answer; or the fault that kept it from being run."""

    outcome: Outcome | None
    reason: str = ""


def read_labels(path: Path) -> tuple[list[Labelled], int]:
    """The rows of a CSV file with the columns file, label (live or spoof) and attack.

    Returns:
        (usable rows, how many are not usable).

    Raises:
        ClipLabelError: the file cannot be read, or lacks a column.
    """
    rows, bad = [], 0
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if not {"file", "label"} <= set(reader.fieldnames or ()):
                raise ClipLabelError("the labels need the columns file and label")
            for row in reader:
                name, label = (row["file"] or "").strip(), (row["label"] or "").strip().lower()
                if not name or label not in (LIVE, SPOOF) or not _stays_inside(name):
                    bad += 1
                    continue
                species = (row.get("attack") or "").strip() or UNNAMED
                is_attack = label == SPOOF
                rows.append(Labelled(name, is_attack, species if is_attack else ""))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise ClipLabelError("the labels cannot be read") from None
    if not rows:
        raise ClipLabelError("the labels have no usable row")
    return rows, bad


def run_clips(
    folder: Path,
    labels: Sequence[Labelled],
    *,
    workers: int,
    on_clip: Callable[[int], None] = lambda _: None,
) -> list[Seen]:
    """Every labelled clip's outcome, in the order of the labels."""
    paths = [folder / row.file for row in labels]
    seen = []
    if workers == 1:
        for path in paths:
            seen.append(look_at(path))
            on_clip(1)
        return seen
    with processes(workers) as pool:
        for one in pool.map(look_at, paths):
            seen.append(one)
            on_clip(1)
    return seen


def look_at(path: Path) -> Seen:
    """One clip through the passive parts."""
    from agecheck.clips import read_clip

    try:
        return judge(read_clip(path))
    except ImageError as error:
        return Seen(None, error.fault.name)


def judge(clip: Iterator[tuple[Any, int]]) -> Seen:
    """The outcome of frames and their times in ms, as a passive session would come to it."""
    from agecheck.adapters.face_tracker import MeshTracker
    from agecheck.liveness.watch import LivenessWatch

    tracker, watch = MeshTracker(*_networks()), LivenessWatch(None)
    n_usable, last_ms, next_tick_ms = 0, -MIN_FRAME_STEP_MS, TICK_MS
    reason = Reason.NO_FACE.value
    for frame, at_ms in clip:
        if at_ms - last_ms < MIN_FRAME_STEP_MS:
            continue
        last_ms = at_ms
        sight = tracker.look(frame, at_ms)
        is_vouched_for = watch.see(frame, sight)
        if watch.ended_by is Reason.PRESENTATION_ATTACK:
            return Seen(Outcome.ATTACK)
        if watch.ended_by is not None:
            return Seen(Outcome.NO_ANSWER, watch.ended_by.value)
        if sight.reason is None:
            n_usable += is_vouched_for
        else:
            reason = sight.reason.value
        if at_ms >= next_tick_ms:
            next_tick_ms = at_ms + TICK_MS
            if watch.life_shown and n_usable >= KEPT_FRAMES:
                return Seen(Outcome.BONA_FIDE)
    if n_usable < MIN_FRAMES:
        return Seen(Outcome.NO_ANSWER, reason)
    if watch.signs_of_life:
        return Seen(Outcome.BONA_FIDE)
    return Seen(Outcome.NO_ANSWER, Reason.LIVENESS_NOT_SHOWN.value)


def results(
    labels: Sequence[Labelled], seen: Sequence[Seen], *, bad_rows: int, seconds: float
) -> Document:
    """The whole document; docs/explanation/liveness.md describes it."""
    run = [
        (row, one.outcome, one.reason)
        for row, one in zip(labels, seen, strict=True)
        if one.outcome is not None
    ]
    bona_fide = [(outcome, reason) for row, outcome, reason in run if not row.is_attack]
    attacks = [(row.species, outcome) for row, outcome, _ in run if row.is_attack]
    by_species = {
        species: _attack_figures([outcome for name, outcome in attacks if name == species])
        for species in sorted({name for name, _ in attacks})
    }
    worst = max(by_species, key=lambda name: by_species[name]["apcer"]["value"], default=None)
    real = [outcome for outcome, _ in bona_fide]
    return {
        "schema": SCHEMA,
        "note": (
            "Passive parts only, on recordings. A clip with neither a sign of life nor of an "
            "attack has no answer: it is not accepted, and not called an attack."
        ),
        **_attack_figures([outcome for _, outcome in attacks]),
        "apcer_worst": None if worst is None else {"species": worst, **by_species[worst]["apcer"]},
        "bpcer": wilson(real.count(Outcome.ATTACK), len(real)),
        "bpnrr": wilson(real.count(Outcome.NO_ANSWER), len(real)),
        "bona_fide_not_accepted": wilson(len(real) - real.count(Outcome.BONA_FIDE), len(real)),
        "no_answer_reasons": dict(Counter(reason for _, reason in bona_fide if reason)),
        "by_species": by_species,
        "parts_run": list(PARTS_RUN),
        "parts_not_run": PARTS_NOT_RUN,
        "data": {
            "clips": len(run),
            "bona_fide": len(real),
            "attacks": len(attacks),
            "bad_rows": bad_rows,
            "unreadable": dict(Counter(one.reason for one in seen if one.outcome is None)),
        },
        "run": {
            "agecheck": __version__,
            "machine": describe_machine(),
            "seconds": round(seconds, 1),
        },
    }


def wilson(count: int, n: int) -> Figure:
    """A share with Wilson's 95 % interval; None over nothing.

    Clips say nothing about a person's age, so that few of them may be shown, unlike elsewhere.
    """
    if n == 0:
        return {"value": None, "n": 0, "interval": None}
    value = count / n
    return {"value": round(value, DIGITS), "n": n, "interval": wilson_interval(value, n)}


def _attack_figures(outcomes: Sequence[Outcome]) -> Document:
    n = len(outcomes)
    return {
        "apcer": wilson(outcomes.count(Outcome.BONA_FIDE), n),
        "apnrr": wilson(outcomes.count(Outcome.NO_ANSWER), n),
        "detected": wilson(outcomes.count(Outcome.ATTACK), n),
    }


def _stays_inside(name: str) -> bool:
    path = Path(name)
    return not path.is_absolute() and ".." not in path.parts


@cache
def _networks() -> tuple[Any, Any]:
    """The detectors and the landmarker, once a process."""
    from agecheck.bootstrap import build_estimator, build_pipeline
    from agecheck.calibration import shipped_calibration
    from agecheck.models.store import ModelStore

    store = ModelStore()
    pipeline = build_pipeline(store, build_estimator(store, shipped_calibration().fusion))
    return pipeline.detectors, pipeline.landmarker
