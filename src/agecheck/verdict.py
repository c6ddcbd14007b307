"""What a check answers: a verdict, and for an inconclusive one the reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NoReturn


class Verdict(Enum):
    """The answer of a check. It has no truth value: `if verdict:` raises TypeError."""

    OVER = "OVER"
    UNDER = "UNDER"
    INCONCLUSIVE = "INCONCLUSIVE"

    def __bool__(self) -> NoReturn:
        # `if checker.check(x).verdict:` would let UNDER and INCONCLUSIVE through.
        raise TypeError("a Verdict has no truth value; compare it with Verdict.OVER")

    def __str__(self) -> str:
        return self.value


class Reason(Enum):
    """Why a check was inconclusive. Quality reasons use the words of ISO/IEC 29794-5.

    EYES_COVERED alone does not: there it is the measure EyesVisible.
    """

    NO_FACE = "NO_FACE"
    SEVERAL_FACES = "SEVERAL_FACES"
    FACE_CUT_OFF = "FACE_CUT_OFF"
    INTER_EYE_DISTANCE = "INTER_EYE_DISTANCE"
    HEAD_POSE = "HEAD_POSE"
    UNDER_EXPOSURE = "UNDER_EXPOSURE"
    OVER_EXPOSURE = "OVER_EXPOSURE"
    SHARPNESS = "SHARPNESS"
    EYES_COVERED = "EYES_COVERED"
    NOT_A_PHOTOGRAPH = "NOT_A_PHOTOGRAPH"
    WITHIN_BUFFER = "WITHIN_BUFFER"
    ESTIMATE_UNCERTAIN = "ESTIMATE_UNCERTAIN"
    ESTIMATE_INVALID = "ESTIMATE_INVALID"
    LIVENESS_NOT_SHOWN = "LIVENESS_NOT_SHOWN"
    PRESENTATION_ATTACK = "PRESENTATION_ATTACK"

    def __str__(self) -> str:
        return self.value

    @property
    def explanation(self) -> str:
        """One plain sentence for the person in the picture."""
        return _EXPLANATIONS[self]


AFTER_THE_ESTIMATE = (Reason.WITHIN_BUFFER, Reason.ESTIMATE_UNCERTAIN, Reason.ESTIMATE_INVALID)
"""Where a still picture's check was a full one: an age was estimated, and its outcome is nobody's
business."""

_EXPLANATIONS = {
    Reason.NO_FACE: "No face was found.",
    Reason.SEVERAL_FACES: "More than one face is in the picture; only one may be.",
    Reason.FACE_CUT_OFF: "The face is cut off by the picture's edge.",
    Reason.INTER_EYE_DISTANCE: "The face is too small; come closer.",
    Reason.HEAD_POSE: "The head is turned; look straight into the camera.",
    Reason.UNDER_EXPOSURE: "The face is too dark.",
    Reason.OVER_EXPOSURE: "The face is too bright.",
    Reason.SHARPNESS: "The face is blurred.",
    Reason.EYES_COVERED: "The eyes are covered, for example by dark glasses.",
    Reason.NOT_A_PHOTOGRAPH: "The picture looks drawn, not photographed.",
    Reason.WITHIN_BUFFER: "The estimate lies between the age limit and the challenge age.",
    Reason.ESTIMATE_UNCERTAIN: "The estimate is too uncertain to decide on.",
    Reason.ESTIMATE_INVALID: "The estimate is not a usable number.",
    Reason.LIVENESS_NOT_SHOWN: "Nothing showed that a living person is in front of the camera.",
    Reason.PRESENTATION_ATTACK: "What the camera saw may not be a living person's face.",
}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The whole of what a check says: `reason` is set exactly when `verdict` is INCONCLUSIVE.

    Raises:
        TypeError: one of the two has another type, or the result is asked for a truth value.
        ValueError: the two do not fit together.
    """

    verdict: Verdict
    reason: Reason | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.verdict, Verdict) or not isinstance(self.reason, Reason | None):
            raise TypeError("a result holds a Verdict, and a Reason or None")
        if (self.verdict is Verdict.INCONCLUSIVE) != (self.reason is not None):
            raise ValueError("exactly an INCONCLUSIVE result has a reason")

    def __bool__(self) -> NoReturn:
        raise TypeError("a CheckResult has no truth value; compare .verdict with Verdict.OVER")

    @classmethod
    def inconclusive(cls, reason: Reason) -> CheckResult:
        """A result that says why there is no answer."""
        return cls(Verdict.INCONCLUSIVE, reason)
