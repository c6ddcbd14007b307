"""The log of the looks at the test split: it has what is committed, and one function writes it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.log_run import LOG, accuracy_run, logged_runs, main

RESULTS = LOG.parent


def result(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((RESULTS / name).read_text(encoding="utf-8"))
    return document


def without_note(run: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in run.items() if key != "note"}


@pytest.mark.parametrize("behind", ["accuracy", "gate"])
def test_the_run_behind_a_committed_result_is_in_the_log(behind: str) -> None:
    """What the pages show was logged when it was measured."""
    runs = [without_note(run) for run in logged_runs()]
    if behind == "accuracy":
        assert accuracy_run(result("accuracy-utkface.json")) in runs
    else:
        assert result("gate.json") in runs


def test_a_result_is_appended_by_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What contributors are told to type adds one line in the log's form, and changes no other."""
    log = tmp_path / "log.jsonl"
    log.write_text('{"note": "first"}\n', encoding="utf-8")
    typed = [str(RESULTS / "accuracy-utkface.json"), "--note", "why", "--log", str(log)]
    monkeypatch.setattr(sys, "argv", ["log_run", *typed])
    assert main() == 0
    first, added = logged_runs(log)
    assert first == {"note": "first"}
    assert added == {"note": "why"} | accuracy_run(result("accuracy-utkface.json"))
