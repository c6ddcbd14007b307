"""agecheck check: pictures in, one verdict a picture out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agecheck.bootstrap import load_checker
from agecheck.challenge import Challenge
from agecheck.cli import standard_input
from agecheck.cli.exits import CHECK_EXIT_CODES, BadInput, ExitCode, most_cautious
from agecheck.errors import CalibrationError, ImageError, ImageFault
from agecheck.policy import AgePolicy
from agecheck.verdict import Reason, Verdict

if TYPE_CHECKING:
    from agecheck.checker import AgeChecker
    from agecheck.ports import TokenSigner

_DEFAULTS = AgePolicy()
# Whether it can be read is found out picture by picture, not for the whole run.
_PICTURE = click.Path(readable=False)
MANY_PICTURES = 10
"""With more pictures than this, a terminal shows how far the work has come."""
_CLEAR_LINE = "\r\x1b[K"


@dataclass(frozen=True, slots=True)
class _Question:
    challenge: Challenge
    signer: TokenSigner


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is said about one picture: a verdict, or the fault that prevented one."""

    image: str
    verdict: Verdict | None = None
    reason: Reason | None = None
    token: str | None = field(default=None, repr=False)
    fault: ImageFault | None = None


@click.command(epilog=CHECK_EXIT_CODES)
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=_PICTURE)
@click.option(
    "--age-limit",
    type=int,
    default=_DEFAULTS.age_limit,
    show_default=True,
    metavar="YEARS",
    help="The legal age: over or under this?",
)
@click.option(
    "--challenge-age",
    type=float,
    metavar="YEARS",
    help="Estimated age from which the answer is OVER; above the age limit. "
    "Left out, it follows from the false-over rate.",
)
@click.option(
    "--max-false-over",
    type=float,
    default=_DEFAULTS.max_false_over_rate,
    show_default=True,
    metavar="RATE",
    help="Share of those up to four years too young who may be answered OVER, 0 to 1; "
    "a rate that the calibration has measured.",
)
@click.option(
    "--max-attempts",
    type=int,
    default=_DEFAULTS.max_attempts,
    show_default=True,
    metavar="COUNT",
    help="How often one person may try. A token states it; nothing is counted here.",
)
@click.option(
    "--calibration",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A calibration made for these models, instead of the shipped one.",
)
@click.option("--audience", metavar="URI", help="Who asks; with --nonce and --key, for a token.")
@click.option("--nonce", metavar="TEXT", help="The asker's fresh random value; for one picture.")
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="This device's key file, from `agecheck keys new`.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_context
def check(
    ctx: click.Context,
    images: tuple[str, ...],
    *,
    age_limit: int,
    challenge_age: float | None,
    max_false_over: float,
    max_attempts: int,
    calibration: Path | None,
    audience: str | None,
    nonce: str | None,
    key: Path | None,
    as_json: bool,
) -> None:
    """Say OVER, UNDER or INCONCLUSIVE about each IMAGE.

    An IMAGE is a JPEG, PNG or WebP file with one person in it; - reads one from standard input.
    Each gets one line: OVER, UNDER, or INCONCLUSIVE and the reason; with several pictures the
    file's name and a tab come first. With --audience, --nonce and --key, a signed token follows
    on a line of its own, unless the verdict is INCONCLUSIVE. Put -- before names that you did not
    choose yourself.
    """
    _require_consistent(ctx, images, challenge_age)
    policy = AgePolicy(age_limit, challenge_age, max_false_over, max_attempts)
    question = _question(images, audience, nonce, age_limit, key)
    checker = _load(policy, calibration)

    render = _json_line if as_json else partial(_text_lines, named=len(images) > 1)
    answers = []
    with _progress(len(images)) as say:
        for image in images:
            answer = _answer(checker, image, question)
            answers.append(answer)
            say(render(answer), answer)
    if any(answer.fault is not None for answer in answers):
        ctx.exit(ExitCode.BAD_INPUT)
    ctx.exit(most_cautious(a.verdict for a in answers if a.verdict is not None))


def _require_consistent(
    ctx: click.Context, images: Sequence[str], challenge_age: float | None
) -> None:
    given = ctx.get_parameter_source("max_false_over") is not click.core.ParameterSource.DEFAULT
    if challenge_age is not None and given:
        raise click.UsageError("give --challenge-age or --max-false-over, not both")
    if images.count(standard_input.DASH) > 1:
        raise click.UsageError("standard input holds one picture; give - once")


def _question(
    images: Sequence[str],
    audience: str | None,
    nonce: str | None,
    age_limit: int,
    key: Path | None,
) -> _Question | None:
    """The challenge and the key to answer it with, when a token is asked for."""
    if audience is None and nonce is None and key is None:
        return None
    if audience is None or nonce is None or key is None:
        raise click.UsageError("a token needs --audience, --nonce and --key together")
    if len(images) > 1:
        raise click.UsageError("a nonce is for one picture; give one IMAGE")
    from agecheck.token import DeviceKey

    challenge = Challenge(audience, nonce, age_limit)
    return _Question(challenge, DeviceKey.load(key).signer(audience))


def _load(policy: AgePolicy, calibration: Path | None) -> AgeChecker:
    try:
        return load_checker(policy, calibration=calibration)
    except CalibrationError as error:
        if calibration is None:
            raise
        raise BadInput(str(error)) from None


def _answer(checker: AgeChecker, image: str, question: _Question | None) -> _Answer:
    try:
        source = _read_standard_input() if image == standard_input.DASH else image
        if question is None:
            result = checker.check(source)
            return _Answer(image, result.verdict, result.reason)
        signed = checker.attest(source, question.challenge, question.signer)
        return _Answer(image, signed.verdict, signed.reason, signed.token)
    except ImageError as error:
        return _Answer(image, fault=error.fault)


def _read_standard_input() -> bytes:
    from agecheck.image.encoded import MAX_ENCODED_BYTES

    # One byte more than the limit is enough for the limit to answer.
    return standard_input.read_at_most(MAX_ENCODED_BYTES + 1)


def _text_lines(answer: _Answer, *, named: bool) -> str | None:
    if answer.verdict is None:
        return None
    line = f"{_shown(answer.image)}\t{answer.verdict}" if named else str(answer.verdict)
    if answer.reason is not None:
        line += f" {answer.reason}"
    return line if answer.token is None else f"{line}\n{answer.token}"


def _json_line(answer: _Answer) -> str:
    return json.dumps(
        {
            "image": answer.image,
            "verdict": None if answer.verdict is None else answer.verdict.value,
            "reason": None if answer.reason is None else answer.reason.value,
            "token": answer.token,
            "error": None if answer.fault is None else answer.fault.name,
        }
    )


def _shown(image: str) -> str:
    """A file's name on one line: a line break in it would pass for another picture's verdict."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in image
    )


@contextmanager
def _progress(total: int) -> Iterator[Callable[[str | None, _Answer], None]]:
    """Print answers as they come, above a progress bar if a person watches many of them."""
    # A stream that the caller closed is None.
    watched = all(stream and stream.isatty() for stream in (sys.stdout, sys.stderr))
    if total <= MANY_PICTURES or not watched:
        yield _print_answer
        return
    with click.progressbar(length=total, file=sys.stderr, show_pos=True) as bar:

        def say(lines: str | None, answer: _Answer) -> None:
            click.echo(_CLEAR_LINE, nl=False, err=True)
            _print_answer(lines, answer)
            bar.update(1)

        yield say


def _print_answer(lines: str | None, answer: _Answer) -> None:
    if lines is not None:
        click.echo(lines)
    if answer.fault is not None:
        click.echo(f"agecheck: {_shown(answer.image)}: {answer.fault.value}", err=True)
