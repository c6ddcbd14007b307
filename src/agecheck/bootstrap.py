"""Puts the parts together. The heavy imports happen here, when a checker is made."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agecheck.calibration import load_calibration, shipped_calibration
from agecheck.checker import AgeChecker
from agecheck.errors import CalibrationError, SealError
from agecheck.policy import AgePolicy

if TYPE_CHECKING:
    from agecheck.adapters.age_ensemble import AgeFeatures
    from agecheck.calibration import Fusion
    from agecheck.models.store import ModelStore
    from agecheck.pipeline import FaceAgePipeline
    from agecheck.ports import AgeEstimator
    from agecheck.runtime import OnnxModel

TIGHT_CROP_MARGIN_SHARE = 0.25
"""Border for the second try: BlazeFace does not fire on a face that fills the picture."""


def load_checker(
    policy: AgePolicy | None = None,
    *,
    calibration: str | os.PathLike[str] | None = None,
    seal: str = "off",
) -> AgeChecker:
    """Load the models, once, and bind a policy to them.

    Args:
        policy: what to answer; AgePolicy() asks "over 18?" at the shipped challenge age.
        calibration: path of a calibration file made for these models; None takes the shipped one.
        seal: "off" is the only level in this version: the check runs in the calling process.

    Returns:
        A checker. It holds no picture and keeps nothing between checks.

    Raises:
        PolicyError: the calibration cannot support the policy; the message names what it can.
        ModelError: a model is missing, altered, or cannot be loaded.
        CalibrationError: the calibration is missing, malformed, or made for other models.
        SealError: the seal asked for cannot be had.
    """
    from agecheck.models.store import ModelStore

    if seal != "off":
        raise SealError("this version has no sealed worker yet; seal='off' is the only level")
    store = ModelStore()
    in_use = shipped_calibration() if calibration is None else load_calibration(Path(calibration))
    if in_use.models_digest != store.digest():
        raise CalibrationError("the calibration was made for other models than those installed")
    effective = (AgePolicy() if policy is None else policy).resolve(in_use.challenge_ages_years)
    pipeline = build_pipeline(store, build_estimator(store, in_use.fusion))
    return AgeChecker(
        partial(pipeline.check, policy=effective, max_sd_years=in_use.max_sd_years),
        effective,
        bundle_digest=in_use.digest,
        seal="open",
    )


def build_pipeline(store: ModelStore, estimator: AgeEstimator) -> FaceAgePipeline:
    """The default parts in front of an estimator. Internal: the benchmarks build on it.

    Raises:
        ModelError: a model is missing, altered, or cannot be loaded.
    """
    from agecheck.adapters.blazeface import BlazeFaceDetector, CascadeFaceDetector
    from agecheck.adapters.facemesh import FaceMeshLandmarker
    from agecheck.adapters.quality import FaceQualityAssessor
    from agecheck.image import PillowPhotoReader
    from agecheck.pipeline import FaceAgePipeline
    from agecheck.vision.blazeface import FULL_RANGE, SHORT_RANGE

    short_range = _load_model(store, "blazeface-short")
    return FaceAgePipeline(
        reader=PillowPhotoReader(),
        detector=CascadeFaceDetector(
            [
                BlazeFaceDetector(short_range, SHORT_RANGE),
                BlazeFaceDetector(short_range, SHORT_RANGE, margin_share=TIGHT_CROP_MARGIN_SHARE),
                BlazeFaceDetector(_load_model(store, "blazeface-full"), FULL_RANGE),
            ]
        ),
        landmarker=FaceMeshLandmarker(_load_model(store, "facemesh")),
        assessor=FaceQualityAssessor(),
        estimator=estimator,
    )


def build_estimator(store: ModelStore, fusion: Fusion) -> AgeEstimator:
    """Both age networks under a fusion.

    Raises:
        ModelError: a model is missing, altered, or cannot be loaded.
        CalibrationError: the fusion was fitted on other features.
    """
    from agecheck.adapters.age_ensemble import AgeEnsemble

    return AgeEnsemble(build_age_features(store), fusion)


def build_age_features(store: ModelStore) -> AgeFeatures:
    """What the fusion is fitted on: both age networks without a fusion.

    Raises:
        ModelError: a model is missing, altered, or cannot be loaded.
    """
    from agecheck.adapters.age_ensemble import AgeFeatures

    return AgeFeatures(
        resnet10=_load_model(store, "age-resnet10"),
        tinyxception=_load_model(store, "age-tinyxception"),
    )


def _load_model(store: ModelStore, model_id: str) -> OnnxModel:
    from agecheck.runtime import OnnxModel

    return OnnxModel(store.entry(model_id), store.read(model_id))
