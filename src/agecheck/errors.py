"""Every error agecheck raises on purpose. One root, so that a caller can catch them all.

No message carries an age, a score, pixels, or the content of a path or a token: an error is often
logged, and what is logged has left the device.
"""

from __future__ import annotations

from enum import StrEnum


class AgecheckError(Exception):
    """Root of all errors that agecheck raises on purpose."""


class InternalError(AgecheckError):
    """A check failed in a way that was not foreseen; there is no answer.

    It replaces the original exception, whose message and frames may hold what was seen.
    """


class ImageFault(StrEnum):
    """Why a picture could not be taken in."""

    NOT_FOUND = "there is no file at that path"
    IS_A_DIRECTORY = "the path is a directory"
    UNREADABLE = "the file could not be read"
    EMPTY = "the picture has no bytes or no pixels"
    NOT_AN_IMAGE = "the bytes are not a picture in a known format"
    UNSUPPORTED_FORMAT = "only JPEG, PNG and WebP are taken"
    UNSUPPORTED_MODE = "the picture's colour mode is not taken"
    TRUNCATED = "the picture ends before its data does"
    CORRUPT = "the picture's data is corrupt"
    ANIMATED = "the picture is animated; one still picture is needed"
    TOO_MANY_BYTES = "the encoded picture is larger than the byte limit"
    TOO_MANY_PIXELS = "the picture has more pixels than the limit"
    SIDE_TOO_LONG = "a side of the picture is longer than the limit"
    WRONG_TYPE = "a picture is given as bytes, a path, a Pillow image or a uint8 array"
    WRONG_DTYPE = "a picture array holds uint8"
    WRONG_SHAPE = "a picture array has the shape (height, width, 3)"


class ImageError(AgecheckError, ValueError):
    """The picture cannot be used; `fault` names the cause."""

    def __init__(self, fault: ImageFault) -> None:
        self.fault = fault
        super().__init__(fault.value)

    def __reduce__(self) -> tuple[type[ImageError], tuple[ImageFault]]:
        return type(self), (self.fault,)  # an error crosses the border of a process pool


class ModelFault(StrEnum):
    """Why a model of the bundle could not be used."""

    MISSING = "file is missing"
    DIGEST = "bytes do not have the digest that the manifest states"
    MANIFEST = "manifest entry is missing or malformed"
    SIGNATURE = "inputs or outputs are not those that the manifest states"
    LOAD = "could not be loaded by the runtime"
    RUN = "failed while running"


class ModelError(AgecheckError):
    """A model of the bundle cannot be trusted or run; `fault` names the cause."""

    def __init__(self, fault: ModelFault, model_id: str) -> None:
        self.fault = fault
        self.model_id = model_id
        super().__init__(f"model {model_id}: {fault.value}")

    def __reduce__(self) -> tuple[type[ModelError], tuple[ModelFault, str]]:
        return type(self), (self.fault, self.model_id)


class CalibrationError(AgecheckError):
    """A calibration file is missing, malformed, or made for other models."""


class PolicyError(AgecheckError, ValueError):
    """The policy contradicts itself, or asks for what the calibration cannot support."""


class ChallengeError(AgecheckError, ValueError):
    """A relying party's challenge is malformed, or does not fit this checker or key."""


class SealError(AgecheckError):
    """The requested seal cannot be had on this machine."""


class MissingExtraError(AgecheckError):
    """What was asked for needs an extra that is not installed; nothing else takes its place.

    Args:
        extra: the extra's name.
    """

    def __init__(self, extra: str) -> None:
        self.extra = extra
        super().__init__(
            f"what the extra '{extra}' brings is not installed, or is too old; "
            f"in a clone: pip install '.[{extra}]'"
        )

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str]]:
        return type(self), (self.extra,)


class WorkerFault(StrEnum):
    """Why a sealed worker gave no answer."""

    DIED = "the sealed worker ended without an answer"
    DEADLINE = "the check did not end within its deadline"
    PROTOCOL = "the sealed worker said something that it may not say"


class WorkerError(AgecheckError):
    """A sealed worker failed and was replaced; there is no answer, and nothing was tried again."""

    def __init__(self, fault: WorkerFault) -> None:
        self.fault = fault
        super().__init__(fault.value)

    def __reduce__(self) -> tuple[type[WorkerError], tuple[WorkerFault]]:
        return type(self), (self.fault,)


class KeyFileError(AgecheckError):
    """The key file cannot be created, read, or trusted."""


class TokenFault(StrEnum):
    """Why a token was refused."""

    MALFORMED = "the token is not well formed"
    TOO_LARGE = "the token is longer than any that agecheck issues"
    WRONG_TYPE = "the header's typ is not agecheck's"
    WRONG_ALGORITHM = "the header's alg is not EdDSA"
    BAD_SIGNATURE = "the signature does not match the key"
    BAD_CLAIMS = "the claims do not have agecheck's schema"
    WRONG_ISSUER = "the issuer is not the given key"
    WRONG_AUDIENCE = "the token was made for another audience"
    WRONG_NONCE = "the token answers another challenge"
    WRONG_AGE_LIMIT = "the token answers for another age limit"
    EXPIRED = "the token has expired"
    NOT_YET_VALID = "the token was issued in the future"
    INPUT_REFUSED = "the kind of input is not accepted"


class TokenError(AgecheckError):
    """A token was refused; `fault` names the cause."""

    def __init__(self, fault: TokenFault) -> None:
        self.fault = fault
        super().__init__(fault.value)

    def __reduce__(self) -> tuple[type[TokenError], tuple[TokenFault]]:
        return type(self), (self.fault,)
