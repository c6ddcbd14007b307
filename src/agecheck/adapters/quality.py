"""QualityAssessor on the measures of ISO/IEC 29794-5."""

from __future__ import annotations

from agecheck.ports import FaceMesh
from agecheck.verdict import Reason
from agecheck.vision import quality


class FaceQualityAssessor:
    """Refuses faces whose estimate would not be worth much."""

    def assess(self, frame_size_px: tuple[int, int], mesh: FaceMesh) -> Reason | None:
        return quality.first_reason(quality.measure(frame_size_px, mesh))
