"""What the measured memory of a run rests on: more pictures, and nothing else that is more."""

from __future__ import annotations

import csv
from pathlib import Path

from benchmarks.bench_memory import COPIES, draw, lay_out


def test_copies_are_pictures_of_their_own_with_the_same_labels(tmp_path: Path) -> None:
    """A copy under its original's name would be read as no further picture."""
    faces = tmp_path / "faces"
    (faces / "images").mkdir(parents=True)
    with (faces / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        labels = csv.writer(file)
        labels.writerow(["file", "age", "split"])
        for number in range(9):
            (faces / "images" / f"{number}.jpg").write_bytes(b"%d" % number)
            labels.writerow([f"{number}.jpg", 20 + number, "test" if number > 5 else "calibrate"])
    rows = draw(faces, 4)
    assert {row["split"] for row in rows} == {"calibrate"}
    into = tmp_path / "laid out"
    into.mkdir()
    lay_out(faces, rows, COPIES, into)
    with (into / "labels.csv").open(encoding="utf-8", newline="") as file:
        laid_out = list(csv.DictReader(file))
    assert len({row["file"] for row in laid_out}) == COPIES * len(rows)
    for row in laid_out:
        picture = (into / "images" / row["file"]).read_bytes()
        assert int(row["age"]) == 20 + int(picture)
