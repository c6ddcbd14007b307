"""A hostile caller makes checks fail, and reads everything that comes with the error."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from agecheck import AgeChecker, EffectivePolicy, load_checker
from agecheck.errors import AgecheckError, ImageError, ImageFault
from agecheck.estimate import AgeEstimate
from agecheck.seal.pool import WorkerPool
from agecheck.seal.setup import WorkerSetup
from agecheck.seal_state import OPEN
from agecheck.verdict import CheckResult
from attacks.pictures import NOTE, PORTRAIT, jpeg_with_note
from attacks.search import PRIVATE_TYPES, locals_of, reachable
from attacks.trial import Outcome, outcome

_SEEN = "seventeen point three years"


class Talkative:
    """A check that fails in the middle, with all it has seen in the error and in its frames."""

    def before_seal(self) -> None:
        pass

    def check(self, source: Any) -> CheckResult:
        estimate = AgeEstimate(17.3, 2.0, 15.0)
        if len(source) % 2:
            error = ImageError(ImageFault.CORRUPT)
            error.args = (_SEEN, estimate)
            error.add_note(_SEEN)
            raise error
        raise ValueError(_SEEN, estimate) from KeyError(_SEEN)

    def open_session(self, script: bytes) -> Any:
        raise NotImplementedError


class _Poisoned:
    """A caller's own object that fails while it is taken in."""

    def __fspath__(self) -> str:
        raise RuntimeError(NOTE)


def run() -> Iterator[Outcome]:
    """What an error holds: text, arguments, notes, causes, and the variables of every frame."""
    control = _tells(_raised(Talkative().check, b"even")) and _tells(
        _raised(Talkative().check, b"odd")
    )
    pool = WorkerPool(WorkerSetup(f"{__name__}:Talkative"), concurrency=1)
    try:
        sealed = [_raised(pool.check, source) for source in (b"even", b"odd")]
    finally:
        pool.close()
    yield outcome(
        "errors full of what was seen, in a worker",
        control=control,
        succeeded=any(_tells(error) for error in sealed),
        by="one code comes out, and the caller makes an error of its own of it",
    )
    checker = AgeChecker(
        lambda _: Talkative().check(b"even"),
        EffectivePolicy(18, 25.0, 3),
        bundle_digest="0" * 64,
        seal=OPEN,
    )
    yield outcome(
        "errors full of what was seen, without the seal",
        control=control,
        succeeded=_tells(_raised(checker.check, b"even")),
        by="the error is replaced, and the first one is no cause or context of it",
    )
    broken = _broken_pictures()
    for seal in ("require", "off"):
        with load_checker(seal=seal) as real:
            errors = [_raised(real.check, source) for source in broken]
        yield outcome(
            f"{len(broken)} broken pictures, seal={seal}",
            control=control and _tells(_raised(_poison_itself, _Poisoned())),
            succeeded=any(_tells(error) for error in errors),
            by="every error is agecheck's own, with a text that does not depend on the picture",
        )


def _poison_itself(source: object) -> object:
    return source.__fspath__()  # type: ignore[attr-defined]


def _broken_pictures() -> list[object]:
    png, jpeg = PORTRAIT.read_bytes(), jpeg_with_note()
    return [
        *(png[: len(png) // 2], jpeg[: len(jpeg) // 2], jpeg[:40], b"", NOTE.encode()),
        *(jpeg[:-200] + jpeg[-100:], png[:100] + bytes(50) + png[150:]),
        *(f"/no/such/{NOTE}", "/", f"\0{NOTE}", _Poisoned(), 17.3, None),
        *(np.zeros((5, 5)), np.zeros((5, 5, 4), np.uint8), np.zeros((0, 5, 3), np.uint8)),
    ]


def _raised(check: Callable[[Any], object], source: object) -> BaseException | None:
    try:
        check(source)
    except Exception as error:
        return error
    return None


def _tells(error: BaseException | None) -> bool:
    """Whether an error gives away anything that its caller did not hand in."""
    if error is None:
        return False
    shown = "".join(traceback.format_exception(error))
    shown += repr(error) + repr(error.args) + repr(getattr(error, "__notes__", ()))
    if isinstance(error, AgecheckError):
        shown += repr(pickle.dumps(error))
    if _SEEN in _without_source(shown) or NOTE in _without_source(shown):
        return True
    held = [*locals_of(error), error.args, vars(error)]
    return any(isinstance(thing, PRIVATE_TYPES) for thing in reachable(held))


def _without_source(trace: str) -> str:
    """A traceback quotes lines of source, which are no secret."""
    return "\n".join(line for line in trace.splitlines() if not line.startswith("    "))
