"""QualityAssessor on the measures of ISO/IEC 29794-5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agecheck.ports import FaceMesh
from agecheck.verdict import Reason
from agecheck.vision import quality

if TYPE_CHECKING:
    from agecheck.ports import RgbFrame


class FaceQualityAssessor:
    """Refuses faces whose estimate would not be worth much."""

    def assess(self, frame: RgbFrame, mesh: FaceMesh) -> Reason | None:
        return quality.first_reason(quality.measure(frame, mesh.points_px))
