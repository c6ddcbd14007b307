"""Over or under an age limit? Answers it from a selfie, on the device.

    from agecheck import AgePolicy, Verdict, load_checker

    checker = load_checker(AgePolicy(age_limit=18))
    result = checker.check("selfie.jpg")
    if result.verdict is Verdict.OVER:
        ...

What comes out is a verdict or a signed token: never an image, an age, a score, a box or a
template. Importing this package loads neither numpy nor onnxruntime nor Pillow.
"""

from agecheck._version import __version__
from agecheck.bootstrap import load_checker
from agecheck.challenge import Challenge
from agecheck.checker import AgeChecker, Attestation
from agecheck.errors import (
    AgecheckError,
    CalibrationError,
    ChallengeError,
    ImageError,
    ImageFault,
    InternalError,
    KeyFileError,
    MissingExtraError,
    ModelError,
    ModelFault,
    PolicyError,
    SealError,
    TokenError,
    TokenFault,
)
from agecheck.policy import AgePolicy, EffectivePolicy
from agecheck.verdict import CheckResult, Reason, Verdict

__all__ = [
    "AgeChecker",
    "AgePolicy",
    "AgecheckError",
    "Attestation",
    "CalibrationError",
    "Challenge",
    "ChallengeError",
    "CheckResult",
    "EffectivePolicy",
    "ImageError",
    "ImageFault",
    "InternalError",
    "KeyFileError",
    "MissingExtraError",
    "ModelError",
    "ModelFault",
    "PolicyError",
    "Reason",
    "SealError",
    "TokenError",
    "TokenFault",
    "Verdict",
    "__version__",
    "load_checker",
]
