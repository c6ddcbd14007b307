"""A guided session over scripted parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from agecheck.estimate import AgeEstimate
from agecheck.guidance import GuidedSession, LiveCode
from agecheck.live_script import Step
from agecheck.policy import EffectivePolicy
from agecheck.ports import AlignedFace, FaceMesh, Sight
from agecheck.verdict import CheckResult, Reason
from unit import fakes

if TYPE_CHECKING:
    from agecheck.ports import Picture, RgbFrame

POLICY = EffectivePolicy(18, 25.0, 3)
FRAME = np.zeros((40, 30, 3), np.uint8)
GUIDED = {
    Reason.NO_FACE: LiveCode.NO_FACE,
    Reason.SEVERAL_FACES: LiveCode.SEVERAL_FACES,
    Reason.FACE_CUT_OFF: LiveCode.MOVE_INTO_VIEW,
    Reason.INTER_EYE_DISTANCE: LiveCode.COME_CLOSER,
    Reason.HEAD_POSE: LiveCode.LOOK_STRAIGHT,
    Reason.UNDER_EXPOSURE: LiveCode.MORE_LIGHT,
    Reason.OVER_EXPOSURE: LiveCode.LESS_LIGHT,
    Reason.SHARPNESS: LiveCode.HOLD_STILL,
    Reason.EYES_COVERED: LiveCode.UNCOVER_EYES,
}


@dataclass
class Scripted:
    """A tracker that shows what it is told to: (age of the face, worth) or a reason."""

    next: tuple[float, float] | Reason = (40.0, 0.5)
    ages_years: dict[int, float] = field(default_factory=dict)
    error: Exception | None = None
    kept: list[FaceMesh] = field(default_factory=list)  # so that no id is used twice

    def look(self, frame: RgbFrame, at_ms: int) -> Sight:  # noqa: ARG002
        if self.error is not None:
            raise self.error
        if isinstance(self.next, Reason):
            return Sight(at_ms, (40, 30), None, self.next)
        mesh = fakes.mesh()
        age_years, worth = self.next
        self.ages_years[id(mesh.chip_rgb)] = age_years
        self.kept.append(mesh)
        return Sight(at_ms, (40, 30), mesh, None, worth)


@dataclass
class Ages:
    """Reads the age that the tracker gave to a face, and counts how often it was asked."""

    tracker: Scripted
    sd_years: float = 3.0
    asked: int = 0
    cut: int = 0

    def align(self, frame: Picture, mesh: FaceMesh) -> AlignedFace:  # noqa: ARG002
        self.cut += 1
        return AlignedFace(mesh.chip_rgb, mesh.chip_rgb)

    def estimate(self, face: AlignedFace) -> AgeEstimate:
        self.asked += 1
        age_years = self.tracker.ages_years[id(face.chip_rgb)]
        return AgeEstimate(age_years, self.sd_years, cautious_years=age_years)


@dataclass
class Watch:
    """Says what it is told to."""

    asks: Step | None = None
    ended_by: Reason | None = None
    life_shown: bool = True
    vouches: bool = True
    lit_at_ms: int | None = None
    others: frozenset[int] = frozenset()

    def showed_life(self, index: int) -> bool:
        return index not in self.others

    def see(self, frame: RgbFrame, sight: Sight) -> bool:  # noqa: ARG002
        return self.vouches

    def lights_began(self, at_ms: int) -> None:
        self.lit_at_ms = at_ms

    def ask(self) -> Step | None:
        return self.asks


class Rig:
    """A session over scripted parts."""

    def __init__(self, watch: Watch | None = None, sd_years: float = 3.0) -> None:
        self.tracker = Scripted()
        self.estimator = Ages(self.tracker, sd_years)
        self.session = GuidedSession(self.tracker, self.estimator, watch or Watch(), POLICY, 10.0)

    def see(self, shown: tuple[float, float] | Reason, times: int = 1) -> None:
        self.tracker.next = shown
        for _ in range(times):
            self.session.see(FRAME, at_ms=0)


def result_of(faces: Sequence[tuple[float, float]], *, sd_years: float = 3.0) -> CheckResult:
    """Of a session that sees faces of these ages and worths."""
    rig = Rig(sd_years=sd_years)
    for face in faces:
        rig.see(face)
    return rig.session.finish()


def alike(*ages_years: float) -> list[tuple[float, float]]:
    return [(age_years, 0.5) for age_years in ages_years]
