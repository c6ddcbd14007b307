"""Over or under an age limit? Answers it from a selfie, on the device.

    from agecheck import AgePolicy, Verdict, load_checker

    checker = load_checker(AgePolicy(age_limit=18))
    result = checker.check("selfie.jpg")
    if result.verdict is Verdict.OVER:
        ...

What comes out is a verdict or a signed token: never an image, an age, a score, a box or a
template. Importing this package loads neither numpy nor onnxruntime nor Pillow.
"""

from typing import TYPE_CHECKING

from agecheck._version import __version__

if TYPE_CHECKING:
    from agecheck.bootstrap import load_checker
    from agecheck.challenge import Challenge
    from agecheck.checker import AgeChecker, Attestation, ImageSource
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
        WorkerError,
        WorkerFault,
    )
    from agecheck.guidance import LiveCode
    from agecheck.live_session import Light, LiveAttempts, LiveSession
    from agecheck.policy import AgePolicy, EffectivePolicy
    from agecheck.seal_state import SealLevel, SealState, Wall
    from agecheck.verdict import CheckResult, Reason, Verdict
else:
    _PUBLIC_MODULES = [
        "errors",
        "verdict",
        "policy",
        "seal_state",
        "challenge",
        "checker",
        "bootstrap",
        "guidance",
        "live_session",
    ]

    def __getattr__(name):
        """Load what is public when it is first asked for: the command line starts sooner."""
        from importlib import import_module

        if name in __all__:
            for module in _PUBLIC_MODULES:
                if hasattr(found := import_module(f"agecheck.{module}"), name):
                    return getattr(found, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


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
    "ImageSource",
    "InternalError",
    "KeyFileError",
    "Light",
    "LiveAttempts",
    "LiveCode",
    "LiveSession",
    "MissingExtraError",
    "ModelError",
    "ModelFault",
    "PolicyError",
    "Reason",
    "SealError",
    "SealLevel",
    "SealState",
    "TokenError",
    "TokenFault",
    "Verdict",
    "Wall",
    "WorkerError",
    "WorkerFault",
    "__version__",
    "load_checker",
]
