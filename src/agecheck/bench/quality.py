"""Does refusing pay? Every face measured and estimated, those that the gate refuses too.

For each quality component the sums are kept over bins of its value, whose edges are multiples of
the gate's limit: so the report shows what lies on either side of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from agecheck.adapters.age_ensemble import AgeNetworks
from agecheck.bench import bands
from agecheck.bench.labels import FaceLabel
from agecheck.bench.statistics import IntArray
from agecheck.bench.tally import MILLI, Key, Tally, bootstrap_weights
from agecheck.bootstrap import build_age_networks, build_pipeline
from agecheck.calibration import Calibration
from agecheck.errors import CalibrationError, ImageError
from agecheck.estimate import AgeEstimate
from agecheck.models.store import ModelStore
from agecheck.policy import EffectivePolicy
from agecheck.ports import AlignedFace, FaceMesh
from agecheck.verdict import Reason, Verdict
from agecheck.vision import age
from agecheck.vision import quality as vision
from agecheck.vision.quality import FaceQuality

if TYPE_CHECKING:
    from agecheck.ports import Picture

QUALITY = "quality"
ALL_FACES, KEPT, REFUSED = "all faces", "kept", "refused"
_UP_TO = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
_FROM = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)


@dataclass(frozen=True, slots=True)
class Component:
    """One measure with the gate's limit.

    Attributes:
        name: of the measure, with its unit.
        limit: the highest value that is kept, or the lowest where `is_lowest`.
        measure: reads it off a face.
        reason: that a face beyond the limit is refused for.
    """

    name: str
    limit: float
    is_lowest: bool
    measure: Callable[[FaceQuality], float]
    reason: Reason

    @property
    def edges(self) -> tuple[float, ...]:
        """Between bins, ascending; the limit is one of them."""
        return tuple(self.limit * times for times in (_FROM if self.is_lowest else _UP_TO))

    def bin_of(self, quality: FaceQuality) -> int:
        """The number of the bin, from 0; a value that is not finite lies beyond the limit."""
        value = float(self.measure(quality))  # a numpy number could not be kept as a key
        if not math.isfinite(value):
            return 0 if self.is_lowest else len(self.edges)
        # A value on an edge lies on the side that the limit's would: kept.
        return sum(value >= e if self.is_lowest else value > e for e in self.edges)

    def is_beyond(self, bin_index: int) -> bool:
        """Whether a bin lies beyond the limit."""
        limit_edge = self.edges.index(self.limit)
        return bin_index <= limit_edge if self.is_lowest else bin_index > limit_edge

    def bin_ends(self, bin_index: int) -> tuple[float | None, float | None]:
        """Its lower and upper end; None where it has none."""
        low = self.edges[bin_index - 1] if bin_index else None
        high = self.edges[bin_index] if bin_index < len(self.edges) else None
        return low, high


COMPONENTS = (
    Component(
        "share outside the frame",
        vision.MAX_SHARE_OUTSIDE_FRAME,
        False,
        lambda q: q.share_outside_frame,
        Reason.FACE_CUT_OFF,
    ),
    Component(
        "inter-eye distance, px",
        vision.MIN_INTER_EYE_DISTANCE_PX,
        True,
        lambda q: q.inter_eye_distance_px,
        Reason.INTER_EYE_DISTANCE,
    ),
    Component(
        "dark share", vision.MAX_DARK_SHARE, False, lambda q: q.dark_share, Reason.UNDER_EXPOSURE
    ),
    Component(
        "bright share",
        vision.MAX_BRIGHT_SHARE,
        False,
        lambda q: q.bright_share,
        Reason.OVER_EXPOSURE,
    ),
    Component(
        "yaw, degrees", vision.MAX_YAW_DEG, False, lambda q: abs(q.pose.yaw_deg), Reason.HEAD_POSE
    ),
    Component(
        "chin raised, degrees",
        vision.MAX_RAISED_DEG,
        False,
        lambda q: -q.pose.pitch_deg,
        Reason.HEAD_POSE,
    ),
    Component(
        "chin lowered, degrees",
        vision.MAX_LOWERED_DEG,
        False,
        lambda q: q.pose.pitch_deg,
        Reason.HEAD_POSE,
    ),
    Component(
        "roll, degrees",
        vision.MAX_ROLL_DEG,
        False,
        lambda q: abs(q.pose.roll_deg),
        Reason.HEAD_POSE,
    ),
    Component("sharpness", vision.MIN_SHARPNESS, True, lambda q: q.sharpness, Reason.SHARPNESS),
    Component(
        "eye contrast",
        vision.MIN_EYE_CONTRAST,
        True,
        lambda q: q.eye_contrast,
        Reason.EYES_COVERED,
    ),
    Component(
        "eye brightness",
        vision.MIN_EYE_BRIGHTNESS,
        True,
        lambda q: q.eye_brightness,
        Reason.EYES_COVERED,
    ),
    Component(
        "flat share",
        vision.MAX_FLAT_SHARE,
        False,
        lambda q: q.flat_share,
        Reason.NOT_A_PHOTOGRAPH,
    ),
)


class _Recorder:
    """Stands where the assessor and the estimator stand: measures, and refuses nobody."""

    def __init__(self, networks: AgeNetworks, calibration: Calibration) -> None:
        self._networks, self._fusion = networks, calibration.fusion
        self.quality: FaceQuality | None = None

    def assess(self, frame_size_px: tuple[int, int], mesh: FaceMesh) -> None:
        self.quality = vision.measure(frame_size_px, mesh)

    def align(self, frame: Picture, mesh: FaceMesh) -> AlignedFace:
        return self._networks.align(frame, mesh)

    def estimate(self, face: AlignedFace) -> AgeEstimate:
        return age.fuse(self._fusion, self._networks.extract(face))


class QualityObserver:
    """Measures and estimates pictures, and adds them to a tally.

    Raises:
        CalibrationError: the calibration was made for other models or features.
        ModelError: a model is missing, altered, or cannot be loaded.
    """

    def __init__(self, calibration: Calibration, policy: EffectivePolicy) -> None:
        store = ModelStore()
        if calibration.models_digest != store.digest():
            raise CalibrationError("the calibration was made for other models")
        if calibration.fusion.features != age.FEATURE_SET_ID:
            raise CalibrationError("the calibration was fitted on other features")
        self._calibration, self._policy = calibration, policy
        self._recorder = _Recorder(build_age_networks(store), calibration)
        self._pipeline = replace(build_pipeline(store, self._recorder), assessor=self._recorder)

    def add(self, tally: Tally, label: FaceLabel, encoded: bytes) -> str | None:
        """Add one picture; says why it could not be decoded, or None.

        Raises:
            ModelError: a network failed.
        """
        weights = bootstrap_weights(label.subject or label.file)
        tally.counts["pictures",] += 1
        tally.add_sum((QUALITY, "shown"), weights)
        try:
            outcome = self._pipeline.estimate(encoded)
        except ImageError as error:
            tally.counts[QUALITY, "reason", f"IMAGE_{error.fault.name}"] += 1
            return error.fault.name
        quality = self._recorder.quality
        if isinstance(outcome, Reason) or quality is None:
            tally.counts[QUALITY, "reason", str(outcome)] += 1
            return None
        self._add_face(tally, label, quality, outcome, weights)
        return None

    def _add_face(
        self,
        tally: Tally,
        label: FaceLabel,
        quality: FaceQuality,
        estimate: AgeEstimate,
        weights: IntArray,
    ) -> None:
        reason = vision.first_reason(quality)
        places: list[Key] = [(ALL_FACES,), (KEPT if reason is None else REFUSED,)]
        if reason is not None:
            tally.counts[QUALITY, "reason", str(reason)] += 1
            places.append(("refused for", str(reason)))
        for component in COMPONENTS:
            places.append((component.name, component.bin_of(quality)))
            side = "beyond" if component.is_beyond(component.bin_of(quality)) else "within"
            places.append((component.name, side))
        decided = self._policy.decide(estimate, max_sd_years=self._calibration.max_sd_years)
        is_over = decided.verdict is Verdict.OVER
        for place in places:
            where = (QUALITY, *place)
            tally.counts[*where, "faces"] += 1
            tally.add_sum((*where, "faces"), weights)
            for band in (bands.MINORS, bands.ADULTS[1]):
                if band.holds(label.lowest_age_years, label.highest_age_years):
                    tally.add_sum((*where, band.name), weights)
                    tally.counts[*where, band.name, "over"] += is_over
            if label.is_exact and math.isfinite(estimate.mean_years):
                milli_years = round((estimate.mean_years - label.lowest_age_years) * MILLI)
                tally.add_sum((*where, "estimates"), weights)
                tally.add_sum((*where, "error"), weights * milli_years)
                tally.add_sum((*where, "absolute error"), weights * np.int64(abs(milli_years)))
