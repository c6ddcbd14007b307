"""The log of the runs that measured accuracy on UTKFace's split `test`.

    python -m benchmarks.log_run RESULTS.JSON --note "why it was run"

appends a run of `agecheck bench accuracy`; benchmarks.gate and benchmarks.workers log theirs
themselves. Whoever looks at the test split often finds something by chance: so each look is kept.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LOG = Path(__file__).parent / "results" / "gate-runs.jsonl"
_OF_THE_POLICY = (
    *("policy", "age_limit_years", "challenge_age_years", "false_over_14_17"),
    *("answered_under_14_17", "adults_refused", "adults_answered_under"),
)


def log_run(document: Mapping[str, Any], note: str, log: Path = LOG) -> None:
    """Append one run, whatever came out."""
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"note": note, **document}) + "\n")


def accuracy_run(results: Mapping[str, Any]) -> dict[str, Any]:
    """What the log keeps of the results of `agecheck bench accuracy`."""
    policy = results["shipped_policy"]
    return {
        "split": results["data"]["split"],
        "pictures": results["data"]["pictures"],
        "calibration_digest": results["bundle"]["calibration_digest"],
        "models_digest": results["bundle"]["models_digest"],
        "adult_pass": results["adult_pass"],
        "shipped_policy": {name: policy[name] for name in _OF_THE_POLICY},
        "failure_to_acquire": results["failure_to_acquire"],
        "seconds": results["run"]["seconds"],
        "machine": results["run"]["machine"],
    }


def logged_runs(log: Path = LOG) -> list[dict[str, Any]]:
    """All runs, in the order in which they were logged."""
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("results", type=Path)
    parser.add_argument("--note", required=True, help="what was measured, and why")
    parser.add_argument("--log", type=Path, default=LOG)
    given = parser.parse_args()
    results = json.loads(given.results.read_text(encoding="utf-8"))
    if results["data"]["split"] != "test":
        parser.error("only runs on the split test are logged")
    log_run(accuracy_run(results), given.note, given.log)
    return 0


if __name__ == "__main__":
    sys.exit(main())
