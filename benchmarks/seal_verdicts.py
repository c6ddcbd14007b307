"""Does the seal change an answer? Sealed and unsealed verdicts on labelled faces, compared.

Part of `benchmarks.seal --faces FOLDER`. Only the counts are kept, nothing of a picture.
"""

from __future__ import annotations

from pathlib import Path

from agecheck import AgeChecker, ImageError, load_checker
from agecheck.errors import WorkerError
from benchmarks.figures import report
from benchmarks.labelled_faces import read_labels

SPLIT = "test"
PICTURES = 500


def measure(folder: Path, out: Path) -> list[str]:
    """Compare on PICTURES faces spread over a folder; the figures that miss their limits."""
    faces = read_labels(folder, SPLIT)
    step = max(1, len(faces) // PICTURES)
    pictures = [face.path.read_bytes() for face in faces[::step][:PICTURES]]
    unsealed = load_checker(seal="off")
    equal = 0
    outcomes = set()
    with load_checker() as sealed:
        for picture in pictures:
            inside, outside = _outcome(sealed, picture), _outcome(unsealed, picture)
            equal += inside == outside
            outcomes.add(outside)
    figures = {
        "pictures": len(pictures),
        "equal": equal,
        "unequal": len(pictures) - equal,
        "different_outcomes": len(outcomes),
    }
    limits = {
        "pictures": ("at least", PICTURES),
        "unequal": ("at most", 0),
        "different_outcomes": ("at least", 3),  # a set that is all OVER would prove little
    }
    return report(figures, limits, {}, out)


def _outcome(checker: AgeChecker, picture: bytes) -> str:
    try:
        result = checker.check(picture)
    except (ImageError, WorkerError) as error:
        return f"{type(error).__name__} {error.fault.name}"
    return str(result.reason or result.verdict)
