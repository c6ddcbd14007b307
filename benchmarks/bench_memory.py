"""Does `agecheck bench accuracy` hold more, the more pictures there are?

    python -m benchmarks.bench_memory FOLDER [--pictures 3200]

Two workers; the most that all processes held at once, over so many pictures, and over four copies
of each under names of their own: as many more pictures, but no other ages and groups, of which
there is an end. They are drawn from the split `calibrate`.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from agecheck.bench.machine import describe_machine
from agecheck.bench.processes import family, pss_mib

RESULT = Path(__file__).parent / "results" / "bench-memory.json"
COPIES = 4
MAX_RATIO = 1.05
_EVERY_S = 0.1


def draw(folder: Path, pictures: int) -> list[dict[str, str]]:
    """So many rows of labels.csv, the same ones each time."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "calibrate"]
    return random.Random(0).sample(rows, pictures)  # noqa: S311


def lay_out(folder: Path, rows: list[dict[str, str]], copies: int, into: Path) -> None:
    """A folder of these pictures, each in so many copies."""
    (into / "images").mkdir()
    with (into / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        labels = csv.DictWriter(file, rows[0].keys())
        labels.writeheader()
        for copy in range(copies):
            for row in rows:
                name = f"{copy}-{row['file']}"
                shutil.copyfile(folder / "images" / row["file"], into / "images" / name)
                labels.writerow(row | {"file": name})


def peak_mib(folder: Path) -> float:
    """The most that all processes of the command held at once; a shared page counts once.

    Raises:
        SystemExit: the command failed.
    """
    peak = 0.0
    with tempfile.TemporaryDirectory() as out:
        typed = ["bench", "accuracy", str(folder), "--workers", "2", "--out", out]
        process = subprocess.Popen(
            [sys.executable, "-m", "agecheck", *typed],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None:
            peak = max(peak, sum(map(pss_mib, family(process.pid))))
            time.sleep(_EVERY_S)
    if process.returncode:
        raise SystemExit("agecheck bench accuracy failed")
    return peak


def measured(folder: Path, pictures: int) -> dict[str, object]:
    """The figures, and whether they miss the limit."""
    rows = draw(folder, pictures)
    peaks = []
    for copies in (1, COPIES):
        with tempfile.TemporaryDirectory() as scratch:
            lay_out(folder, rows, copies, Path(scratch))
            peaks.append(peak_mib(Path(scratch)))
    ratio = peaks[1] / peaks[0]
    return {
        "schema": "agecheck-bench-memory/1",
        "pictures": [pictures, COPIES * pictures],
        "peak_mib": [round(peak, 1) for peak in peaks],
        "ratio": round(ratio, 3),
        "missed": [] if ratio <= MAX_RATIO else ["ratio"],
        "machine": describe_machine(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=3200)
    given = parser.parse_args()
    document = measured(given.folder, given.pictures)
    text = json.dumps(document, indent=1) + "\n"
    RESULT.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 1 if document["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
