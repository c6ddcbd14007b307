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

from agecheck._version import __version__ as __version__

if TYPE_CHECKING:
    from agecheck.bootstrap import load_checker as load_checker
    from agecheck.challenge import Challenge as Challenge
    from agecheck.checker import AgeChecker as AgeChecker
    from agecheck.checker import Attestation as Attestation
    from agecheck.checker import ImageSource as ImageSource
    from agecheck.errors import AgecheckError as AgecheckError
    from agecheck.errors import CalibrationError as CalibrationError
    from agecheck.errors import ChallengeError as ChallengeError
    from agecheck.errors import ImageError as ImageError
    from agecheck.errors import ImageFault as ImageFault
    from agecheck.errors import InternalError as InternalError
    from agecheck.errors import KeyFileError as KeyFileError
    from agecheck.errors import MissingExtraError as MissingExtraError
    from agecheck.errors import ModelError as ModelError
    from agecheck.errors import ModelFault as ModelFault
    from agecheck.errors import PolicyError as PolicyError
    from agecheck.errors import SealError as SealError
    from agecheck.errors import TokenError as TokenError
    from agecheck.errors import TokenFault as TokenFault
    from agecheck.errors import WorkerError as WorkerError
    from agecheck.errors import WorkerFault as WorkerFault
    from agecheck.guidance import LiveCode as LiveCode
    from agecheck.live_script import Light as Light
    from agecheck.live_session import LiveAttempts as LiveAttempts
    from agecheck.live_session import LiveSession as LiveSession
    from agecheck.policy import AgePolicy as AgePolicy
    from agecheck.policy import EffectivePolicy as EffectivePolicy
    from agecheck.seal_state import SealLevel as SealLevel
    from agecheck.seal_state import SealState as SealState
    from agecheck.seal_state import Wall as Wall
    from agecheck.verdict import CheckResult as CheckResult
    from agecheck.verdict import Reason as Reason
    from agecheck.verdict import Verdict as Verdict
else:

    def __getattr__(name):
        """Load what is public when it is first asked for: the command line starts sooner."""
        from importlib import import_module

        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"agecheck.{_MODULE_OF[name]}"), name)
        return value

    def __dir__():
        return __all__


_MODULE_OF = {
    "AgeChecker": "checker",
    "AgePolicy": "policy",
    "AgecheckError": "errors",
    "Attestation": "checker",
    "CalibrationError": "errors",
    "Challenge": "challenge",
    "ChallengeError": "errors",
    "CheckResult": "verdict",
    "EffectivePolicy": "policy",
    "ImageError": "errors",
    "ImageFault": "errors",
    "ImageSource": "checker",
    "InternalError": "errors",
    "KeyFileError": "errors",
    "Light": "live_script",
    "LiveAttempts": "live_session",
    "LiveCode": "guidance",
    "LiveSession": "live_session",
    "MissingExtraError": "errors",
    "ModelError": "errors",
    "ModelFault": "errors",
    "PolicyError": "errors",
    "Reason": "verdict",
    "SealError": "errors",
    "SealLevel": "seal_state",
    "SealState": "seal_state",
    "TokenError": "errors",
    "TokenFault": "errors",
    "Verdict": "verdict",
    "Wall": "seal_state",
    "WorkerError": "errors",
    "WorkerFault": "errors",
    "load_checker": "bootstrap",
}
__all__ = ["__version__", *_MODULE_OF]
