"""agecheck doctor: is this installation whole, does its seal hold, and how fast is it here?"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import TYPE_CHECKING, TypeVar

import click

from agecheck.bootstrap import load_checker
from agecheck.cli import machine
from agecheck.cli.exits import ExitCode
from agecheck.cli.walls import Ending, examine_walls
from agecheck.errors import AgecheckError, ModelError
from agecheck.verdict import AFTER_THE_ESTIMATE

if TYPE_CHECKING:
    from agecheck.checker import AgeChecker
    from agecheck.models.manifest import ModelEntry
    from agecheck.models.store import ModelStore

REPEATS = 15
_ENDINGS = {
    Ending.ANSWERED: "answered",
    Ending.DIED: "died, as it should",
    Ending.REFUSED: "was refused, but lived",
}
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _ModelHealth:
    """One network: intact or its fault, and what it costs here."""

    id: str
    state: str
    load_ms: float | None = None
    run_ms: float | None = None


@dataclass(frozen=True, slots=True)
class _CheckHealth:
    """What one check of a given picture costs; `ended_early` says why it was not a full one."""

    first_ms: float
    median_ms: float
    ended_early: str | None


@dataclass(slots=True)
class _Report:
    """All that doctor says. `problems` is empty when the installation is whole."""

    versions: dict[str, str | None]
    cpu_features: list[str] | None
    seal: str | None = None
    seal_parts: dict[str, bool] = field(default_factory=dict)
    walls: dict[str, bool] = field(default_factory=dict)
    attempts: dict[str, Ending] = field(default_factory=dict)
    provider: str | None = None
    policy: str | None = None
    bundle_digest: str | None = None
    load_ms: float | None = None
    models: list[_ModelHealth] = field(default_factory=list)
    check: _CheckHealth | None = None
    problems: list[str] = field(default_factory=list)


@click.command()
@click.option(
    "--image",
    type=click.Path(readable=False),
    metavar="FILE",
    help="Time whole checks of this picture; without it, each network on blank input.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def doctor(ctx: click.Context, *, image: str | None, as_json: bool) -> None:
    """Examine this installation: is it whole, sealed, and how fast?

    A sealed worker like that of a check tries to open a socket and a file, to write, to start a
    thread and a child, and to say two bytes at once; each attempt has to kill it. Nothing about a
    picture's content is shown except why a check ended early. The exit code is 3 when something is
    broken, 2 when the picture cannot be used.
    """
    report = _examine(image)
    click.echo(json.dumps(asdict(report)) if as_json else _as_text(report))
    if report.problems:
        ctx.exit(ExitCode.BROKEN)


def _examine(image: str | None) -> _Report:
    report = _Report(versions=machine.versions(), cpu_features=machine.cpu_features())
    report.seal_parts = machine.seal_parts()
    report.problems += [
        f"{name} is not installed" for name, found in report.versions.items() if found is None
    ]
    # First, so that the time to load is that of a fresh process, imports included.
    loaded = _attempt(report, "loading the checker", lambda: _timed_ms(load_checker))
    _attempt(report, "trying the seal", lambda: _examine_seal(report))
    _attempt(report, "running the networks", lambda: _examine_models(report))
    if loaded is None:
        return report
    checker, report.load_ms = loaded
    with checker:
        report.seal = str(checker.seal)
        report.policy = checker.policy.policy_id
        report.bundle_digest = checker.bundle_digest
        if image is not None:
            # An unusable picture is the caller's mistake, not a problem of the installation.
            report.check = _time_check(checker, image)
    return report


def _attempt(report: _Report, what: str, examine: Callable[[], _T]) -> _T | None:
    """Run one examination; a failure becomes a problem of the report, without its text."""
    try:
        return examine()
    except AgecheckError as error:
        report.problems.append(f"{what}: {error}")
    except Exception as error:
        report.problems.append(f"{what}: {type(error).__name__}")
    return None


def _examine_seal(report: _Report) -> None:
    health = examine_walls()
    report.walls, report.attempts = health.walls, health.attempts
    report.problems += health.problems


def _examine_models(report: _Report) -> None:
    from agecheck.models.store import ModelStore
    from agecheck.runtime import PROVIDER

    report.provider = PROVIDER
    store = ModelStore()
    for entry in store:
        health = _examine_model(store, entry)
        report.models.append(health)
        if health.run_ms is None:
            report.problems.append(f"model {health.id}: {health.state}")


def _examine_model(store: ModelStore, entry: ModelEntry) -> _ModelHealth:
    import numpy as np

    from agecheck.runtime import OnnxModel

    blank = {
        spec.name: np.zeros([d if isinstance(d, int) else 1 for d in spec.shape], spec.dtype)
        for spec in entry.inputs
    }
    try:
        model, load_ms = _timed_ms(lambda: OnnxModel(entry, store.read(entry.id)))
        runs_ms = [_timed_ms(lambda: model.run(blank))[1] for _ in range(REPEATS)]
    except ModelError as error:
        return _ModelHealth(entry.id, error.fault.value)
    return _ModelHealth(entry.id, "ok", load_ms, median(runs_ms))


def _time_check(checker: AgeChecker, image: str) -> _CheckHealth:
    result, first_ms = _timed_ms(lambda: checker.check(image))
    later_ms = [_timed_ms(lambda: checker.check(image))[1] for _ in range(REPEATS)]
    early = result.reason is not None and result.reason not in AFTER_THE_ESTIMATE
    return _CheckHealth(first_ms, median(later_ms), str(result.reason) if early else None)


def _timed_ms(action: Callable[[], _T]) -> tuple[_T, float]:
    start_s = time.perf_counter()
    outcome = action()
    return outcome, round((time.perf_counter() - start_s) * 1000, 2)


def _as_text(report: _Report) -> str:
    rows = [(name, found or "missing") for name, found in report.versions.items()]
    rows.append(("cpu features", _listed(report.cpu_features)))
    rows.append(("provider", report.provider or "none"))
    for model in report.models:
        cost = f", load {model.load_ms} ms, run {model.run_ms} ms" if model.run_ms else ""
        rows.append((f"model {model.id}", model.state + cost))
    if report.load_ms is not None:
        rows.append(("policy", f"{report.policy} (the default)"))
        rows.append(("bundle", str(report.bundle_digest)))
        rows.append(("load", f"{report.load_ms} ms, imports included"))
        rows.append(("seal", str(report.seal)))
    available = [name for name, found in report.seal_parts.items() if found]
    rows.append(("seal parts here", _listed(available)))
    rows += [(f"wall {wall}", "standing" if up else "missing") for wall, up in report.walls.items()]
    rows += [(f"worker tries {name}", _ENDINGS[ending]) for name, ending in report.attempts.items()]
    if report.check is not None:
        ended = report.check.ended_early
        cost = f"first {report.check.first_ms} ms, then {report.check.median_ms} ms"
        rows.append(("check", cost + (f" (INCONCLUSIVE {ended})" if ended else "")))
    lines = [f"{name + ':':<24} {value}" for name, value in rows]
    lines += [f"broken: {problem}" for problem in report.problems] or ["all well"]
    return "\n".join(lines)


def _listed(names: list[str] | None) -> str:
    return "unknown" if names is None else ", ".join(names) or "none"
