"""How the program ends: its exit codes, and the one line a failure prints."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import IO, Any

import click

from agecheck.errors import (
    AgecheckError,
    CalibrationError,
    InternalError,
    ModelError,
    SealError,
    WorkerError,
)
from agecheck.verdict import Verdict


class ExitCode(IntEnum):
    """What the program returns to the shell. Scripts rely on the numbers; they stay."""

    OVER = 0
    BAD_INPUT = 2
    BROKEN = 3
    UNDER = 10
    INCONCLUSIVE = 20
    INTERRUPTED = 130


CHECK_EXIT_CODES = """\b
Exit codes:
   0  OVER
  10  UNDER
  20  INCONCLUSIVE
   2  wrong usage, or a picture, key or policy that cannot be used
   3  the seal, a model or the program itself failed
With several pictures: 3 if a check of any failed, otherwise 2 if any could
not be used, otherwise 20 if any was INCONCLUSIVE, otherwise 10 if any was
UNDER.
"""

VERIFY_EXIT_CODES = """\b
Exit codes:
   0  OVER
  10  UNDER
   2  wrong usage, or the token is refused
   3  the program itself failed
"""

_CODE_BY_VERDICT = {
    Verdict.OVER: ExitCode.OVER,
    Verdict.UNDER: ExitCode.UNDER,
    Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
}
_OURS = (ModelError, CalibrationError, SealError, WorkerError, InternalError)
"""What the caller cannot mend by giving something else."""


class Failure(click.ClickException):
    """Ends the program with one line on standard error; the subclass gives the exit code."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"agecheck: {self.message}", file=file, err=file is None)


class BadInput(Failure):
    """What the caller gave cannot be used; the caller can mend it."""

    exit_code = ExitCode.BAD_INPUT


class Broken(Failure):
    """What is installed does not work, or did not this time."""

    exit_code = ExitCode.BROKEN


def code_of(verdict: Verdict) -> ExitCode:
    """The exit code of one verdict."""
    return _CODE_BY_VERDICT[verdict]


def most_cautious(verdicts: Iterable[Verdict]) -> ExitCode:
    """The exit code of several verdicts: INCONCLUSIVE, then UNDER, then OVER.

    Raises:
        ValueError: there is no verdict; nothing was found to be over.
    """
    return max(code_of(verdict) for verdict in verdicts)


def failure_of(error: Exception) -> Failure:
    """How an error ends the program. The text of an unexpected one is not shown.

    It could quote whatever the failing code had at hand.
    """
    if isinstance(error, _OURS):
        return Broken(str(error))
    if isinstance(error, AgecheckError):
        return BadInput(str(error))
    return Broken(f"internal error ({type(error).__name__})")
