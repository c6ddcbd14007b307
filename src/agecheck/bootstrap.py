"""Puts the parts together. The heavy imports happen here, when a checker is made."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from agecheck import mediapipe_extra
from agecheck.calibration import load_calibration, shipped_calibration
from agecheck.checker import DEFAULT_RELEASE_QUANTUM_MS, AgeChecker, require_release_quantum
from agecheck.errors import CalibrationError, ChallengeError, PolicyError, SealError
from agecheck.policy import AgePolicy, EffectivePolicy, Liveness
from agecheck.seal.setup import DEFAULT_DEADLINE_S, WorkerSetup
from agecheck.seal_state import OPEN

if TYPE_CHECKING:
    from agecheck.adapters.age_ensemble import AgeNetworks
    from agecheck.calibration import Calibration, Fusion
    from agecheck.guidance import GuidedSession
    from agecheck.live_session import SessionChannel
    from agecheck.models.store import ModelStore
    from agecheck.pipeline import FaceAgePipeline
    from agecheck.ports import AgeEstimator, AttackDetector
    from agecheck.runtime import OnnxModel
    from agecheck.seal.pool import WorkerPool

Detector: TypeAlias = Literal["blazeface", "mediapipe"]
DETECTORS: tuple[Detector, ...] = get_args(Detector)
SealWanted: TypeAlias = Literal["require", "best-effort", "off"]
SEAL_MODES: tuple[SealWanted, ...] = get_args(SealWanted)
DEFAULT_WORKER_CHECKS = 32
"""A fork costs as much as a check; with 32 to share it, a sealed check is hardly slower."""
TIGHT_CROP_MARGIN_SHARE = 0.25
"""Border for the second try: BlazeFace does not fire on a face that fills the picture."""


def load_checker(
    policy: AgePolicy | None = None,
    *,
    calibration: str | os.PathLike[str] | None = None,
    detector: Detector = "blazeface",
    seal: SealWanted | None = None,
    seal_worker_checks: int = DEFAULT_WORKER_CHECKS,
    deadline_s: float = DEFAULT_DEADLINE_S,
    release_quantum_ms: int = DEFAULT_RELEASE_QUANTUM_MS,
) -> AgeChecker:
    """Load the models, once, and bind a policy to them.

    Args:
        policy: what to answer; AgePolicy() asks "over 18?" at the shipped challenge age.
        calibration: path of a calibration file made for these models; None takes the shipped one.
        detector: "blazeface", or "mediapipe" for MediaPipe's runtime on the same networks. That
            one is an extra, and runs in a sealed worker only; as it has threads of its own, the
            best that `AgeChecker.seal` can say is PARTIAL, without SINGLE_THREAD.
        seal: "require": pictures are seen by a sealed worker process, or not at all.
            "best-effort": with the walls that this machine has; `AgeChecker.seal` names those that
            are missing. "off": in the calling process. None means "require" on Linux and
            "best-effort" elsewhere.
        seal_worker_checks: pictures that one worker sees before a fresh one takes its place;
            with 1, nothing of one person's check can be there in another's.
        deadline_s: how long a sealed worker may take for its answer once it has a picture, in
            seconds. Waiting for a free worker comes on top.
        release_quantum_ms: a token is handed out only at whole multiples of this time after the
            check began, in milliseconds; 0 hands it out at once.

    Returns:
        A checker. It holds no picture and keeps nothing between checks. Close it, or use it in a
        `with` statement, to end its worker before the program ends.

    Raises:
        PolicyError: the calibration cannot support the policy; the message names what it can. Or
            there is no such detector, or a number is out of range.
        ModelError: a model is missing, altered, or cannot be loaded.
        CalibrationError: the calibration is missing, malformed, or made for other models.
        SealError: the seal asked for cannot be had, or there is none of that name, or the detector
            does not run without one.
        MissingExtraError: the detector is not installed.
    """
    from agecheck.models.store import ModelStore

    require_release_quantum(release_quantum_ms)
    if detector not in DETECTORS:
        raise PolicyError("detector is 'blazeface' or 'mediapipe'")
    with_mediapipe = detector == "mediapipe"
    if with_mediapipe:
        mediapipe_extra.require_mediapipe(seal)
    store = ModelStore()
    in_use = calibration_in_use(calibration)
    effective = (AgePolicy() if policy is None else policy).resolve(in_use.challenge_ages_years)
    setup = WorkerSetup(
        factory="agecheck.sealed_checks:SealedChecks",
        arguments={
            "policy": asdict(effective),
            "calibration": None if calibration is None else os.fspath(calibration),
            "bundle_digest": in_use.digest,
        },
        max_checks=seal_worker_checks,
        deadline_s=deadline_s,
    )
    bundle_digest = in_use.digest
    if with_mediapipe:
        setup = mediapipe_extra.for_mediapipe(setup)
        bundle_digest = mediapipe_extra.digest_with_mediapipe(bundle_digest)
    workers = _start_workers(seal, setup)
    if workers is not None:
        return AgeChecker(
            workers.check,
            effective,
            bundle_digest=bundle_digest,
            seal=workers.state,
            release_quantum_ms=release_quantum_ms,
            close=workers.close,
            open_channel=partial(_sealed_channel, workers, deadline_s),
        )
    pipeline = build_pipeline(store, build_estimator(store, in_use.fusion))
    return AgeChecker(
        partial(pipeline.check, policy=effective, max_sd_years=in_use.max_sd_years),
        effective,
        bundle_digest=in_use.digest,
        seal=OPEN,
        release_quantum_ms=release_quantum_ms,
        open_channel=partial(_local_channel, pipeline, effective, in_use.max_sd_years),
    )


def calibration_in_use(path: str | os.PathLike[str] | None = None) -> Calibration:
    """A deployer's own calibration, or the shipped one, for the models that are installed.

    Raises:
        CalibrationError: it is missing, malformed, or made for other models.
        ModelError: the models' manifest is missing or malformed.
    """
    from agecheck.models.store import ModelStore

    calibration = shipped_calibration() if path is None else load_calibration(Path(path))
    if calibration.models_digest != ModelStore().digest():
        raise CalibrationError("the calibration was made for other models than those installed")
    return calibration


def _sealed_channel(workers: WorkerPool, deadline_s: float, script: bytes) -> SessionChannel:
    from agecheck.seal.live_channel import LiveChannel

    return LiveChannel(workers, script, deadline_s=deadline_s)


def _local_channel(
    pipeline: FaceAgePipeline, policy: EffectivePolicy, max_sd_years: float, script: bytes
) -> SessionChannel:
    from agecheck.local_channel import LocalChannel

    return LocalChannel(build_session(pipeline, policy, max_sd_years, script))


def _start_workers(seal: SealWanted | None, setup: WorkerSetup) -> WorkerPool | None:
    """Sealed workers, or None when the check is to run in the calling process."""
    on_linux = sys.platform == "linux"
    if seal is None:
        seal = "require" if on_linux else "best-effort"
    if seal not in SEAL_MODES:
        raise SealError("seal is 'require', 'best-effort' or 'off'")
    if seal == "off":
        return None
    try:
        if not on_linux:
            raise SealError("a sealed worker needs Linux")
        from agecheck.seal.pool import WorkerPool

        return WorkerPool(setup, require_all=seal == "require")
    except SealError:
        if seal == "require" or setup.own_threads is not None:
            raise
        return None


def build_pipeline(store: ModelStore, estimator: AgeEstimator) -> FaceAgePipeline:
    """The default parts in front of an estimator. Internal: the benchmarks build on it.

    Raises:
        ModelError: a model is missing, altered, or cannot be loaded.
    """
    from agecheck.adapters.blazeface import BlazeFaceDetector
    from agecheck.adapters.facemesh import FaceMeshLandmarker
    from agecheck.adapters.quality import FaceQualityAssessor
    from agecheck.image.reader import PillowPhotoReader
    from agecheck.pipeline import FaceAgePipeline
    from agecheck.runtime import DeferredModel
    from agecheck.vision.blazeface import FULL_RANGE, SHORT_RANGE

    short_range = _load_model(store, "blazeface-short")
    full_range = DeferredModel(store.entry("blazeface-full"), store.read("blazeface-full"))
    return FaceAgePipeline(
        reader=PillowPhotoReader(),
        detectors=(
            BlazeFaceDetector(short_range, SHORT_RANGE),
            BlazeFaceDetector(short_range, SHORT_RANGE, margin_share=TIGHT_CROP_MARGIN_SHARE),
            BlazeFaceDetector(full_range, FULL_RANGE),
        ),
        landmarker=FaceMeshLandmarker(_load_model(store, "facemesh")),
        assessor=FaceQualityAssessor(),
        estimator=estimator,
    )


def build_session(
    pipeline: FaceAgePipeline, policy: EffectivePolicy, max_sd_years: float, script: bytes
) -> GuidedSession:
    """One live session over a pipeline's parts, at the policy's level of liveness.

    Raises:
        ChallengeError: the level is active, and the bytes hold no script that asks for something.
    """
    from agecheck.adapters.face_tracker import MeshTracker
    from agecheck.guidance import GuidedSession

    tracker = MeshTracker(pipeline.detectors, pipeline.landmarker)
    watch = build_watch(policy.liveness, script)
    return GuidedSession(tracker, pipeline.estimator, watch, policy, max_sd_years)


def build_watch(liveness: Liveness, script: bytes) -> AttackDetector:
    """The shipped attack detector for one live session at this level.

    Raises:
        ChallengeError: the level is active, and the bytes hold no script that asks for something.
    """
    if liveness == "none":
        from agecheck.liveness.one_face import OneFaceWatch

        return OneFaceWatch()
    from agecheck.live_script import script_of_bytes
    from agecheck.liveness.watch import LivenessWatch

    if liveness == "passive":
        return LivenessWatch(None)
    asked = script_of_bytes(script)
    if not asked.steps or not asked.lights:  # nothing asked for would count as all of it done
        raise ChallengeError("an active session asks for movements and colours")
    return LivenessWatch(asked)


def build_estimator(store: ModelStore, fusion: Fusion) -> AgeEstimator:
    """Both age networks under a fusion.

    Raises:
        ModelError: a model is missing, altered, or cannot be loaded.
        CalibrationError: the fusion was fitted on other features.
    """
    from agecheck.adapters.age_ensemble import AgeEnsemble

    return AgeEnsemble(build_age_networks(store), fusion)


def build_age_networks(store: ModelStore) -> AgeNetworks:
    """Both age networks, without the fusion that is fitted on their answers.

    Raises:
        ModelError: a model is missing, altered, or cannot be loaded.
    """
    from agecheck.adapters.age_ensemble import AgeNetworks

    return AgeNetworks(
        mobilenet=_load_model(store, "age-mobilenet"),
        tinyxception=_load_model(store, "age-tinyxception"),
    )


def _load_model(store: ModelStore, model_id: str) -> OnnxModel:
    from agecheck.runtime import OnnxModel

    return OnnxModel(store.entry(model_id), store.read(model_id))
