"""The closed set of bytes that a worker may say, and what each of them means."""

from __future__ import annotations

from collections.abc import Collection

from agecheck.errors import AgecheckError, ImageError, ImageFault, InternalError
from agecheck.guidance import LiveCode
from agecheck.seal_state import Wall
from agecheck.verdict import CheckResult, Reason, Verdict

_FIRST_REASON = 0x10
_FIRST_FAULT = 0x30
_INTERNAL = 0x60
_FIRST_LIVE = 0x70
_READY = 0x80
"""Before any picture: 0x80 plus one bit for each wall that stands, in the order of `Wall`."""


_RESULTS: dict[int, CheckResult] = {
    0x01: CheckResult(Verdict.OVER),
    0x02: CheckResult(Verdict.UNDER),
    **{_FIRST_REASON + i: CheckResult.inconclusive(reason) for i, reason in enumerate(Reason)},
}
_CODES = {result: code for code, result in _RESULTS.items()}
_FAULTS = {_FIRST_FAULT + i: fault for i, fault in enumerate(ImageFault)}
_FAULT_CODES = {fault: code for code, fault in _FAULTS.items()}

N_OUTCOMES = len(_RESULTS) + len(_FAULTS) + 1
"""How many different answers a check can have; log2 of it bounds what one check can tell."""


def code_of_result(result: CheckResult) -> int:
    """The byte for a result."""
    return _CODES[result]


def code_of_error(error: BaseException) -> int:
    """The byte for whatever a check raised; everything but an ImageError looks the same."""
    return _FAULT_CODES[error.fault] if isinstance(error, ImageError) else _INTERNAL


def outcome_of_code(code: int) -> CheckResult | AgecheckError | None:
    """What a byte means as the answer to a check; None when it is not in the set."""
    if code in _RESULTS:
        return _RESULTS[code]
    if code in _FAULTS:
        return ImageError(_FAULTS[code])
    if code == _INTERNAL:
        return InternalError("the check failed; there is no answer")
    return None


def code_of_live(code: LiveCode) -> int:
    """The byte for a live session's code."""
    return _FIRST_LIVE + code


def live_of_code(code: int) -> LiveCode | None:
    """What a byte means as the answer to a tick; None when it is not in the set."""
    try:
        return LiveCode(code - _FIRST_LIVE)
    except ValueError:
        return None


def code_of_walls(standing: Collection[Wall]) -> int:
    """The byte that a worker says once, before it is handed anything."""
    return _READY | sum(1 << i for i, wall in enumerate(Wall) if wall in standing)


def walls_of_code(code: int) -> frozenset[Wall] | None:
    """The walls that a worker says stand; None when the byte is not of that kind."""
    if not code & _READY:
        return None
    return frozenset(wall for i, wall in enumerate(Wall) if code >> i & 1)
