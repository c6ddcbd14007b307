"""What agecheck, its two networks alone, and the peers make of one picture. Kept in memory only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from numpy.typing import NDArray

from agecheck.adapters.age_ensemble import AgeNetworks
from agecheck.adapters.quality import FaceQualityAssessor
from agecheck.bench.peers import load_peer, years_of
from agecheck.bootstrap import build_age_networks, build_pipeline
from agecheck.calibration import Calibration
from agecheck.errors import CalibrationError, ImageError
from agecheck.estimate import AgeEstimate
from agecheck.image.header import read_header
from agecheck.models.store import ModelStore
from agecheck.policy import EffectivePolicy
from agecheck.ports import AlignedFace, FaceMesh
from agecheck.verdict import Reason, Verdict
from agecheck.vision import age, facemesh

if TYPE_CHECKING:
    from agecheck.ports import Picture

AGECHECK = "agecheck"
TINYXCEPTION_ALONE, MOBILENET_ALONE = "age-tinyxception alone", "age-mobilenet alone"
OWN_SUBJECTS = (AGECHECK, TINYXCEPTION_ALONE, MOBILENET_ALONE)
TINYXCEPTION_COLUMN, MOBILENET_COLUMN = 0, 1
"""Where the feature vector holds each network's own age."""
PEER_FAILED = "PEER_FAILED"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Observation:
    """What one estimator makes of one picture.

    Attributes:
        reason: why there is no estimate, or why it is not decided on; None when it is.
        mean_years, sd_years: the estimate; None where there is none, or no stated uncertainty.
        decision_years: the age that reaches a challenge age or not; None when it cannot pass.
        verdict: the policy's answer to the estimate; None for whoever answers by no policy.

    Like AgeEstimate it shows nothing when printed and refuses to be pickled or copied.
    """

    reason: str | None
    mean_years: float | None = None
    sd_years: float | None = None
    decision_years: float | None = None
    verdict: Verdict | None = None

    def __repr__(self) -> str:
        return "<Observation>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("an Observation is not pickled or copied")


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Sighting:
    """All observations of one picture, by estimator.

    Attributes:
        eye_distance_px: between the eyes, in pixels of the picture as it came; None without a face.
        image_fault: why agecheck could not decode it; None when it could.
    """

    by_subject: Mapping[str, Observation]
    eye_distance_px: float | None = None
    image_fault: str | None = None

    def __repr__(self) -> str:
        return "<Sighting>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Sighting is not pickled or copied")


class MeshRecorder:
    """Stands where the assessor and the estimator stand, so that refused faces are seen too."""

    def __init__(self, networks: AgeNetworks) -> None:
        self._networks = networks
        self._assessor = FaceQualityAssessor()
        self.forget()

    def forget(self) -> None:
        self.reason: Reason | None = None
        self.vector: NDArray[np.float64] | None = None
        self.eye_distance_px = math.nan
        self.frame_size_px = (0, 0)

    def assess(self, frame_size_px: tuple[int, int], mesh: FaceMesh) -> None:
        self.reason = self._assessor.assess(frame_size_px, mesh)
        self.eye_distance_px = facemesh.inter_eye_distance_px(mesh.points_px)
        self.frame_size_px = frame_size_px

    def align(self, frame: Picture, mesh: FaceMesh) -> AlignedFace:
        return self._networks.align(frame, mesh)

    def estimate(self, face: AlignedFace) -> AgeEstimate:
        self.vector = self._networks.extract(face)
        return AgeEstimate(0.0, 0.0, 0.0)  # not used: the vector is fused where it is needed


class Observer:
    """Looks at pictures with agecheck's shipped pipeline, and with peers.

    Raises:
        CalibrationError: the calibration was made for other models or features.
        ModelError: a model is missing, altered, or cannot be loaded.
        PeerError: a peer cannot run here.
    """

    def __init__(
        self, calibration: Calibration, policy: EffectivePolicy, peers: Sequence[str] = ()
    ) -> None:
        store = ModelStore()
        if calibration.models_digest != store.digest():
            raise CalibrationError("the calibration was made for other models")
        if calibration.fusion.features != age.FEATURE_SET_ID:
            raise CalibrationError("the calibration was fitted on other features")
        self._calibration, self._policy = calibration, policy
        self._recorder = MeshRecorder(build_age_networks(store))
        self._pipeline = replace(build_pipeline(store, self._recorder), assessor=self._recorder)
        self._peers = {name: load_peer(name) for name in peers}

    def see(self, encoded: bytes) -> Sighting:
        """Everything about one encoded picture.

        Raises:
            ModelError: a network failed.
        """
        peers = {name: self._ask(name, encoded) for name in self._peers}
        try:
            self._recorder.forget()
            outcome = self._pipeline.estimate(encoded)
        except ImageError as error:
            refused = Observation(f"IMAGE_{error.fault.name}")
            return Sighting(dict.fromkeys(OWN_SUBJECTS, refused) | peers, None, error.fault.name)
        vector = self._recorder.vector
        if isinstance(outcome, Reason) or vector is None:
            reason = outcome if isinstance(outcome, Reason) else Reason.ESTIMATE_INVALID
            return Sighting(dict.fromkeys(OWN_SUBJECTS, Observation(str(reason))) | peers)
        own = {
            AGECHECK: self._own(vector),
            TINYXCEPTION_ALONE: _alone(vector[TINYXCEPTION_COLUMN]),
            MOBILENET_ALONE: _alone(vector[MOBILENET_COLUMN]),
        }
        return Sighting(own | peers, self._eye_distance_px(encoded))

    def _own(self, vector: NDArray[np.float64]) -> Observation:
        """As the shipped pipeline and policy have it: refused faces have no estimate."""
        if self._recorder.reason is not None:
            return Observation(str(self._recorder.reason))
        estimate = age.fuse(self._calibration.fusion, vector)
        mean_years, sd_years = estimate.mean_years, estimate.sd_years
        decided = self._policy.decide(estimate, max_sd_years=self._calibration.max_sd_years)
        if decided.reason is Reason.ESTIMATE_INVALID:
            return Observation(str(decided.reason))
        if decided.reason is Reason.ESTIMATE_UNCERTAIN:
            return Observation(str(decided.reason), mean_years, sd_years)
        return Observation(None, mean_years, sd_years, estimate.cautious_years, decided.verdict)

    def _ask(self, name: str, encoded: bytes) -> Observation:
        try:
            answer = self._peers[name].estimate_years(encoded)
            if answer is None:
                return Observation(str(Reason.NO_FACE))
            return _alone(years_of(answer))
        except Exception:  # whatever a peer does on a picture, it is a failure of the peer
            return Observation(PEER_FAILED)

    def _eye_distance_px(self, encoded: bytes) -> float:
        """The recorder's distance is in the decoded frame, which may be reduced."""
        header = read_header(encoded)
        reduction = min(header.height_px, header.width_px) / min(self._recorder.frame_size_px)
        return self._recorder.eye_distance_px * reduction


def _alone(years: float) -> Observation:
    """An estimator that states no uncertainty and refuses nobody: it decides on its estimate."""
    if not math.isfinite(years):
        return Observation(str(Reason.ESTIMATE_INVALID))
    return Observation(None, float(years), None, float(years))
