"""The watch of liveness `none`: one face, and no sign of life.

Stops: another or a second face within a session. Does not stop: any picture or film of one face,
frozen or repeated as it may be, for a still picture would pass as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agecheck.liveness.continuity import ContinuityCue
from agecheck.liveness.reading import read_face

if TYPE_CHECKING:
    from agecheck.live_script import Step
    from agecheck.ports import RgbFrame, Sight
    from agecheck.verdict import Reason


class OneFaceWatch:
    """An AttackDetector that follows the face and asks for nothing."""

    def __init__(self) -> None:
        self._continuity = ContinuityCue()

    @property
    def ended_by(self) -> Reason | None:
        return self._continuity.ended_by

    @property
    def life_shown(self) -> bool:
        return self.ended_by is None

    def lights_began(self, at_ms: int) -> None:
        """There are none."""

    def ask(self) -> Step | None:
        return None

    def see(self, frame: RgbFrame, sight: Sight) -> bool:  # noqa: ARG002
        reading = None if sight.mesh is None else read_face(sight.mesh, sight.at_ms)
        return self._continuity.see(sight, reading)

    def showed_life(self, index: int) -> bool:  # noqa: ARG002
        return True
