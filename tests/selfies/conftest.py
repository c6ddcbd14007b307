"""The real pipeline on the sample portrait, shared by the tests in this folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agecheck.bootstrap import build_estimator, build_pipeline
from agecheck.calibration import shipped_calibration
from agecheck.models.store import ModelStore
from agecheck.pipeline import FaceAgePipeline
from selfies.degrade import Portrait

PORTRAIT = Path(__file__).parent.parent / "pictures" / "astronaut.png"


@pytest.fixture(scope="session")
def pipeline() -> FaceAgePipeline:
    """Shipped models, shipped calibration."""
    store = ModelStore()
    return build_pipeline(store, build_estimator(store, shipped_calibration().fusion))


@pytest.fixture(scope="session")
def sample(pipeline: FaceAgePipeline) -> Portrait:
    """The portrait with the mesh that the shipped models find in it."""
    with Image.open(PORTRAIT) as opened:
        picture = opened.convert("RGB")
    frame = np.asarray(picture)
    mesh = pipeline.landmarker.locate(frame, pipeline.detectors[0].detect(frame)[0])
    if mesh is None:
        pytest.fail("the shipped models find no face in the sample portrait")
    return Portrait(picture, mesh)
