"""Shared by the long tests: the checker, the time budget, and a line on what each one ran."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agecheck import AgeChecker, AgePolicy, load_checker
from long import budget
from long.budget import LongRun

RUNS: list[LongRun] = []


@pytest.fixture(scope="session")
def checker() -> Iterator[AgeChecker]:
    """As shipped, at Challenge 25: the laxest gate that an application is likely to set."""
    with load_checker(AgePolicy(age_limit=18, challenge_age=25)) as checker:
        yield checker


@pytest.fixture
def long_run(request: pytest.FixtureRequest) -> LongRun:
    """The share of the time that the test's `long_share` mark names."""
    marker = request.node.get_closest_marker("long_share")
    run = LongRun(marker.args[0])
    RUNS.append(run)
    return run


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long_share(name): which share of LONG_SECONDS a test has")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what ran, also when a test failed: the last case counted is the one that did."""
    for run in RUNS:
        terminalreporter.write_line(run.summary())
    results = os.environ.get("LONG_RESULTS")
    if results and RUNS:
        record = {
            "seed": budget.SEED,
            "seconds": budget.SECONDS,
            "cases": {run.name: run.count for run in RUNS},
            "outcomes": {run.name: dict(run.outcomes) for run in RUNS},
        }
        with Path(results).open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
