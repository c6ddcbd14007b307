"""What the checker needs from the outside, in the domain's words. Adapters implement these.

Coordinates are in frame pixels: x to the right, y down, the frame's top-left corner at (0, 0), the
centre of its first pixel at (0.5, 0.5). Left and right are the picture's, not the person's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from agecheck.challenge import Challenge
from agecheck.estimate import AgeEstimate
from agecheck.live_script import Step
from agecheck.policy import EffectivePolicy
from agecheck.seal_state import SealLevel
from agecheck.verdict import Reason

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    RgbFrame: TypeAlias = NDArray[np.uint8]
    """A camera's frame: uint8 RGB, shape (height, width, 3), upright."""
    Picture: TypeAlias = Image.Image | RgbFrame
    """A decoded picture, upright: Pillow's image of mode RGB, or the same as an array. What comes
    out of a decoder stays Pillow's, for every copy of it takes as long as a small network."""


@dataclass(frozen=True, slots=True, repr=False)
class DetectedFace:
    """A face that a detector found.

    Attributes:
        box_px: (left, top, right, bottom); may reach beyond the frame.
        keypoints_px: left eye, right eye, nose tip, mouth, left ear, right ear as (x, y).
        score: how sure the detector is, 0 to 1.
    """

    box_px: tuple[float, float, float, float]
    keypoints_px: tuple[tuple[float, float], ...]
    score: float

    def __repr__(self) -> str:
        return "<DetectedFace>"

    @property
    def width_px(self) -> float:
        return self.box_px[2] - self.box_px[0]

    @property
    def height_px(self) -> float:
        return self.box_px[3] - self.box_px[1]

    @property
    def centre_px(self) -> tuple[float, float]:
        """Of the box, (x, y)."""
        left, top, right, bottom = self.box_px
        return (left + right) / 2, (top + bottom) / 2


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class FaceMesh:
    """A face's surface, and the face aligned by it.

    Attributes:
        points_px: float32 (468, 3), MediaPipe's points in the frame; z in the same scale as x,
            smaller is nearer to the camera.
        frame_to_chip: float64 (2, 3), the similarity that aligns the face.
        chip_rgb: uint8 (112, 112, 3), the aligned face; its eyes are 42 px apart.
    """

    points_px: NDArray[np.float32]
    frame_to_chip: NDArray[np.float64]
    chip_rgb: NDArray[np.uint8]

    def __repr__(self) -> str:
        return "<FaceMesh>"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class AlignedFace:
    """All that the age networks are shown of a face.

    Attributes:
        chip_rgb: uint8 (112, 112, 3), the mesh's.
        wide_chip_rgb: uint8 (192, 192, 3), with more around it; its eyes are 63 px apart.
    """

    chip_rgb: NDArray[np.uint8]
    wide_chip_rgb: NDArray[np.uint8]

    def __repr__(self) -> str:
        return "<AlignedFace>"


class Photo(Protocol):
    """A picture that was accepted but not decoded yet."""

    def decode(self, min_short_side_px: int | None = None) -> Image.Image:
        """Decode to mode RGB, upright. The image is the photo's own and is not to be changed.

        Args:
            min_short_side_px: a smaller decoded picture is enough, as long as its shorter side
                stays at least this long. None decodes at full size.

        Raises:
            ImageError: the data is truncated or corrupt.
        """


class PhotoReader(Protocol):
    """Opens whatever a caller hands in as a picture."""

    def open(self, source: object) -> Photo:
        """Accept or refuse a picture by its header.

        Raises:
            ImageError: it is not a picture that can be taken; the fault names the cause.
        """


class FaceDetector(Protocol):
    """Finds faces."""

    def detect(self, frame: Picture) -> Sequence[DetectedFace]:
        """All faces of a frame, the surest first; empty when there is none."""


class FaceLandmarker(Protocol):
    """Finds the surface of one face."""

    def locate(self, frame: Picture, face: DetectedFace) -> FaceMesh | None:
        """The face's mesh, or None when what was detected is not a face after all."""


class QualityAssessor(Protocol):
    """Says whether a face is fit to be estimated."""

    def assess(self, frame_size_px: tuple[int, int], mesh: FaceMesh) -> Reason | None:
        """The first reason to refuse, or None when the face is fit."""


class AgeEstimator(Protocol):
    """Estimates the age of one face."""

    def align(self, frame: Picture, mesh: FaceMesh) -> AlignedFace:
        """Cut out what the estimate is made from.

        It must be a copy: a live frame's memory is given back, and no part of it may be held.
        """

    def estimate(self, face: AlignedFace) -> AgeEstimate:
        """The calibrated age distribution. The aligned face is all that it sees."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Sight:
    """What one frame of a live session shows.

    Attributes:
        at_ms: the frame's time on the caller's monotonic clock.
        frame_size_px: (height, width).
        mesh: the one face; None when there is none, or more than one.
        reason: why the frame is not fit for an estimate; None when it is.
        worth: how good it is for an estimate, 0 to 1.
    """

    at_ms: int
    frame_size_px: tuple[int, int]
    mesh: FaceMesh | None
    reason: Reason | None
    worth: float = 0.0

    def __repr__(self) -> str:
        return "<Sight>"


class FaceTracker(Protocol):
    """Follows one face through the frames of one live session."""

    def look(self, frame: RgbFrame, at_ms: int) -> Sight:
        """What this frame shows."""


class AttackDetector(Protocol):
    """Watches one live session for a presentation attack. Made anew for each session."""

    def see(self, frame: RgbFrame, sight: Sight) -> bool:
        """Take in one frame, in the order of the frames.

        Returns:
            True when the frame shows the face that every sign of life so far came from, and is not
            a repeated frame; where no life is asked for, any frame of the one face. Only such a
            frame is kept for the estimate.
        """

    def showed_life(self, index: int) -> bool:
        """Asked at the end: is the face in that frame the one that has shown life?

        Args:
            index: of those frames for which `see` was True, in their order, from 0.
        """

    def lights_began(self, at_ms: int) -> None:
        """The screen began to show the script's colours, on the same clock as the frames."""

    def ask(self) -> Step | None:
        """The movement to ask for now. From this moment on an answer to it counts."""

    @property
    def ended_by(self) -> Reason | None:
        """Why the session is over, once it is: an attack, or another or no face in view."""

    @property
    def life_shown(self) -> bool:
        """Whether everything that this level asks for has been seen."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """How an answer came about. All of it is public and equal on every device with this setup.

    Attributes:
        age_limit: in whole years.
        challenge_age_years: the effective challenge age, in steps of 0.1.
        policy_id: public name of the effective policy.
        max_attempts: the policy's constant, never a count.
        bundle_digest: sha256 in hex over models and calibration.
        seal: "open", "partial" or "sealed".
        liveness: "none", "passive" or "active".
        input: "file", "browser" or "device": where the picture came from.
    """

    age_limit: int
    challenge_age_years: float
    policy_id: str
    max_attempts: int
    bundle_digest: str
    seal: str
    liveness: str
    input: str

    @classmethod
    def of(
        cls, policy: EffectivePolicy, *, bundle_digest: str, seal: SealLevel, input_kind: str
    ) -> Evidence:
        """What is said of every answer under this policy, seal and source of pictures."""
        return cls(
            age_limit=policy.age_limit,
            challenge_age_years=policy.challenge_age_years,
            policy_id=policy.policy_id,
            max_attempts=policy.max_attempts,
            bundle_digest=bundle_digest,
            seal=seal,
            liveness=policy.liveness,
            input=input_kind,
        )


class TokenSigner(Protocol):
    """Holds the key for one audience. It has no public way to sign a verdict."""

    def _begin(self, challenge: Challenge, evidence: Evidence) -> Callable[[bool], str]:
        """Bind a challenge before any pixel is read.

        Returns:
            A function that takes whether the person is over the limit, can be called once, and
            returns the token.

        Raises:
            ChallengeError: the challenge does not fit this signer's audience.
        """
