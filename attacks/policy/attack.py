"""A hostile caller varies the policy of one checker, to narrow an age down by asking again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agecheck import AgeChecker, AgePolicy, Verdict, load_checker
from agecheck.bootstrap import SealWanted
from attacks.pictures import PORTRAIT
from attacks.trial import Outcome, outcome

_PASSES_YEARS, _TOO_HIGH_YEARS = 25.0, 60.0


def run() -> Iterator[Outcome]:
    """The picture passes at 25. Whoever can raise that to 60 behind a checker's back sees it fail.

    The control is a checker without the seal, whose parts all lie open in the caller's process.
    """
    picture = PORTRAIT.read_bytes()
    ways: tuple[tuple[str, Callable[[AgeChecker], None]], ...] = (
        ("set an attribute of the checker", _set_on_checker),
        ("set an attribute of the policy", _set_on_policy),
        ("change the frozen policy behind its back", _change_frozen),
    )
    control = _varies("off", _change_frozen, picture)
    for name, change in ways:
        yield outcome(
            name,
            control=control,
            succeeded=_varies("require", change, picture),
            by="the policy that decides is the worker's own, from before the picture",
        )


def _varies(seal: SealWanted, change: Callable[[AgeChecker], None], picture: bytes) -> bool:
    """Whether the same picture has another answer after the change."""
    policy = AgePolicy(challenge_age=_PASSES_YEARS)
    with load_checker(policy, seal=seal, seal_worker_checks=8) as checker:
        before = checker.check(picture)
        if before.verdict is not Verdict.OVER:
            raise RuntimeError("the portrait does not pass at 25")
        change(checker)
        return checker.check(picture) != before


def _set_on_checker(checker: AgeChecker) -> None:
    higher = AgePolicy(challenge_age=_TOO_HIGH_YEARS).resolve({})
    for name in ("policy", "challenge_age_years", "age_limit", "_policy"):
        try:
            setattr(checker, name, higher)
        except AttributeError:
            continue


def _set_on_policy(checker: AgeChecker) -> None:
    try:
        checker.policy.challenge_age_years = _TOO_HIGH_YEARS  # type: ignore[misc]
    except AttributeError:  # a frozen value says so
        return


def _change_frozen(checker: AgeChecker) -> None:
    object.__setattr__(checker.policy, "challenge_age_years", _TOO_HIGH_YEARS)
