"""Live sessions on generated clips: who is let through, how soon, and what a frame costs.

    python -m benchmarks.live [--seeds 200] [--attack-seeds 20] [--only passive|active]

Everything here is generated from the sample portrait (benchmarks/clips.py): it shows that the cues
do what they are made for, and is no measurement of real attacks or real people.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

from agecheck.bench.attacks import wilson
from agecheck.bench.machine import describe_machine
from agecheck.policy import Liveness
from agecheck.verdict import Reason, Verdict
from benchmarks.actors import Person
from benchmarks.live_runs import FRAME_MS, Run, run_session
from benchmarks.species import ACTIVE_ONLY, SPECIES

BONA_FIDE = "bona fide"
RESULTS = Path(__file__).parent / "results" / "live.json"
FIRST_ATTACK_SEED = 1000
MAX_FRAME_MS = 15.0
MAX_FIRST_VERDICT_MS = {"passive": 3000, "active": 8000}
MAX_BPCER, MAX_APCER = 0.05, 0.0
SLOW_FRAME_MS = (100, 125, 160, 200)
"""Fewer frames than the usual 20 a second: a small computer, or a dark room. 200 may be too few."""
MAX_FRAME_STEP_MS = 160
MAX_MS = {"passive": 8000, "active": 14_000}


def main(arguments: list[str] | None = None) -> int:
    """Run, print, write; 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="of bona fide people, each level")
    parser.add_argument("--attack-seeds", type=int, default=20, help="of each species")
    parser.add_argument("--slow-seeds", type=int, default=20, help="of people, each frame rate")
    parser.add_argument("--only", choices=("passive", "active"))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    began_s = time.monotonic()
    levels: tuple[Liveness, ...] = (
        ("passive", "active") if options.only is None else (options.only,)
    )
    # One level can be measured anew beside the other's figures.
    figures = _figures_in(options.out) if options.only else {}
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        figures |= {
            level: _level(pool, level, options.seeds, options.attack_seeds)
            | {"bpcer_by_frame_step_ms": _slow(pool, level, options.slow_seeds)}
            for level in levels
        }
    missed = [line for level, of in figures.items() for line in _missed(level, of)]
    document = {
        "schema": "agecheck-live/1",
        "note": "Generated clips only: one portrait, warped. No claim about real presentations.",
        "figures": figures,
        "missed": missed,
        "frame_step_ms": FRAME_MS,
        "machine": describe_machine(),
        "seconds": round(time.monotonic() - began_s, 1),
    }
    options.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    for line in missed:
        _say(f"missed: {line}")
    return 1 if missed else 0


def _figures_in(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["figures"]
    return figures


def _level(pool: Executor, liveness: Liveness, n_people: int, n_attacks: int) -> dict[str, Any]:
    people = _runs(pool, liveness, BONA_FIDE, range(n_people))
    done_ms = [run.done_at_ms for run in people if run.result.verdict is Verdict.OVER]
    first_ms = sorted(at_ms for at_ms in done_ms if at_ms is not None)
    frames_ms = sorted(cost for run in people for cost in run.frame_ms)
    not_passed = sum(run.result.verdict is not Verdict.OVER for run in people)
    called_attack = sum(run.result.reason is Reason.PRESENTATION_ATTACK for run in people)
    species = {}
    for name in SPECIES:
        if liveness == "active" or name not in ACTIVE_ONLY:
            seeds = range(FIRST_ATTACK_SEED, FIRST_ATTACK_SEED + n_attacks)
            runs = _runs(pool, liveness, name, seeds)
            passed = sum(run.result.reason is None for run in runs)
            species[name] = {
                "apcer": wilson(passed, n_attacks),
                "ended": dict(Counter(str(run.result.reason) for run in runs)),
            }
    return {
        # An attack's word for it: whoever was not passed counts, for whatever reason.
        "bpcer": wilson(not_passed, n_people),
        "called_an_attack": wilson(called_attack, n_people),
        "first_verdict_ms": {
            "median": median(first_ms) if first_ms else None,
            "p95": first_ms[int(0.95 * (len(first_ms) - 1))] if first_ms else None,
            "max": first_ms[-1] if first_ms else None,
        },
        "frame_ms": {
            "median": round(median(frames_ms), 2),
            "p95": round(frames_ms[int(0.95 * (len(frames_ms) - 1))], 2),
        },
        "species": species,
    }


def _slow(pool: Executor, liveness: Liveness, n_people: int) -> dict[str, Any]:
    by_step = {}
    for step_ms in SLOW_FRAME_MS:
        runs = _runs(pool, liveness, BONA_FIDE, range(n_people), step_ms)
        not_passed = sum(run.result.verdict is not Verdict.OVER for run in runs)
        by_step[str(step_ms)] = wilson(not_passed, n_people)
    return by_step


def _runs(
    pool: Executor, liveness: Liveness, name: str, seeds: range, frame_step_ms: int = FRAME_MS
) -> list[Run]:
    runs = list(pool.map(partial(_run, liveness, name, frame_step_ms), seeds))
    ended = Counter(str(run.result.reason or run.result.verdict) for run in runs)
    _say(f"{liveness:<8} {name:<24} {frame_step_ms:>3} ms {dict(ended)}")
    return runs


def _run(liveness: Liveness, name: str, frame_step_ms: int, seed: int) -> Run:
    actor = Person(seed) if name == BONA_FIDE else SPECIES[name](seed)
    max_ms = MAX_MS[liveness]
    return run_session(actor, liveness, frame_step_ms=frame_step_ms, max_ms=max_ms)


def _missed(level: str, figures: dict[str, Any]) -> list[str]:
    missed = []
    if figures["bpcer"]["value"] > MAX_BPCER:
        missed.append(f"{level}: bpcer")
    if figures["frame_ms"]["median"] > MAX_FRAME_MS:
        missed.append(f"{level}: frame_ms")
    missed += [
        f"{level}: bpcer at a frame in {step_ms} ms"
        for step_ms, bpcer in figures.get("bpcer_by_frame_step_ms", {}).items()
        if int(step_ms) <= MAX_FRAME_STEP_MS and bpcer["value"] > MAX_BPCER
    ]
    limit_ms = MAX_FIRST_VERDICT_MS[level]
    if (figures["first_verdict_ms"]["median"] or limit_ms + 1) > limit_ms:
        missed.append(f"{level}: first_verdict_ms")
    missed += [
        f"{level}: apcer of {name}"
        for name, of in figures["species"].items()
        if of["apcer"]["value"] > MAX_APCER
    ]
    return missed


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
