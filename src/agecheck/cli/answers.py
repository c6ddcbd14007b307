"""What agecheck check says about one picture, for people and for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import click

from agecheck.cli.exits import ExitCode
from agecheck.errors import ImageError, InternalError, WorkerError
from agecheck.verdict import Reason, Verdict

MANY_PICTURES = 10
"""With more pictures than this, a terminal shows how far the work has come."""
_CLEAR_LINE = "\r\x1b[K"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one picture has no verdict, while the others can still have theirs.

    Attributes:
        name: for programs.
        text: for people.
        code: how the run ends for it.
    """

    name: str
    text: str
    code: ExitCode

    @classmethod
    def of(cls, error: ImageError | WorkerError | InternalError) -> Fault:
        """The fault behind an error."""
        match error:
            case ImageError():
                return cls(error.fault.name, error.fault.value, ExitCode.BAD_INPUT)
            case WorkerError():
                return cls(error.fault.name, error.fault.value, ExitCode.BROKEN)
        return cls("INTERNAL", str(error), ExitCode.BROKEN)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said about one picture: a verdict, or the fault that prevented one."""

    image: str
    verdict: Verdict | None = None
    reason: Reason | None = None
    token: str | None = field(default=None, repr=False)
    fault: Fault | None = None


def text_lines(answer: Answer, *, named: bool) -> str | None:
    """The lines for standard output; None when there is no verdict."""
    if answer.verdict is None:
        return None
    line = f"{_shown(answer.image)}\t{answer.verdict}" if named else str(answer.verdict)
    if answer.reason is not None:
        line += f" {answer.reason}"
    return line if answer.token is None else f"{line}\n{answer.token}"


def json_line(answer: Answer) -> str:
    """One JSON object; its members are always the same."""
    return json.dumps(
        {
            "image": answer.image,
            "verdict": None if answer.verdict is None else answer.verdict.value,
            "reason": None if answer.reason is None else answer.reason.value,
            "token": answer.token,
            "error": None if answer.fault is None else answer.fault.name,
        }
    )


@contextmanager
def printer(total: int) -> Iterator[Callable[[str | None, Answer], None]]:
    """Print answers as they come, above a progress bar if a person watches many of them."""
    # A stream that the caller closed is None.
    watched = all(stream and stream.isatty() for stream in (sys.stdout, sys.stderr))
    if total <= MANY_PICTURES or not watched:
        yield _print
        return
    with click.progressbar(length=total, file=sys.stderr, show_pos=True) as bar:

        def say(lines: str | None, answer: Answer) -> None:
            click.echo(_CLEAR_LINE, nl=False, err=True)
            _print(lines, answer)
            bar.update(1)

        yield say


def _print(lines: str | None, answer: Answer) -> None:
    if lines is not None:
        click.echo(lines)
    if answer.fault is not None:
        click.echo(f"agecheck: {_shown(answer.image)}: {answer.fault.text}", err=True)


def _shown(image: str) -> str:
    """A file's name on one line: a line break in it would pass for another picture's verdict."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in image
    )
