"""What the fusion sees of labelled faces, for the scripts that need every picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agecheck.bench.extraction import FaceFeatures
from agecheck.bench.extraction import extract_features as extract_from_folder
from agecheck.bench.labels import FaceLabel


def extract_features(paths: Sequence[Path], workers: int) -> list[FaceFeatures]:
    """Features of every picture, in order.

    Raises:
        ModelError: a network failed.
        SystemExit: a file cannot be read; these figures are not made on less than all pictures.
    """
    labels = [FaceLabel(str(path.absolute()), 0, 0) for path in paths]
    found = extract_from_folder(Path("/"), labels, workers, lambda _: None)
    features = [one for one in found if one is not None]
    if len(features) < len(paths):
        raise SystemExit("a picture cannot be read")
    return features
