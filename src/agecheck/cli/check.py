"""agecheck check: pictures in, one verdict a picture out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agecheck.bootstrap import DETECTORS, SEAL_MODES, load_checker
from agecheck.challenge import Challenge
from agecheck.checker import (
    DEFAULT_RELEASE_QUANTUM_MS,
    MAX_RELEASE_QUANTUM_MS,
    sleep_to_quantum,
)
from agecheck.cli import standard_input
from agecheck.cli.answers import Answer, Fault, json_line, printer, text_lines
from agecheck.cli.exits import CHECK_EXIT_CODES, BadInput, most_cautious
from agecheck.errors import CalibrationError, ImageError, InternalError, WorkerError
from agecheck.policy import AgePolicy
from agecheck.seal.setup import DEFAULT_DEADLINE_S

if TYPE_CHECKING:
    from agecheck.checker import AgeChecker
    from agecheck.ports import TokenSigner

_DEFAULTS = AgePolicy()
# Whether it can be read is found out picture by picture, not for the whole run.
_PICTURE = click.Path(readable=False)


@dataclass(frozen=True, slots=True)
class _Question:
    challenge: Challenge
    signer: TokenSigner


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
    help="How often one person may try. A token states it; this command counts nothing.",
)
@click.option(
    "--calibration",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A calibration made for these models, instead of the shipped one.",
)
@click.option(
    "--detector",
    type=click.Choice(DETECTORS),
    default=DETECTORS[0],
    show_default=True,
    metavar="NAME",
    help="What finds the face: blazeface, or mediapipe, which is an extra and is never run "
    "without a seal.",
)
@click.option(
    "--seal",
    type=click.Choice(SEAL_MODES),
    metavar="LEVEL",
    help="Walls around the process that sees the pictures. require: all of them, or no answer; "
    "best-effort: those that this machine has; off: none, this process sees them.  "
    "[default: require on Linux, best-effort elsewhere]",
)
@click.option(
    "--deadline",
    "deadline_s",
    type=float,
    default=DEFAULT_DEADLINE_S,
    show_default=True,
    metavar="SECONDS",
    help="How long a check in a sealed process may take.",
)
@click.option(
    "--release-quantum-ms",
    type=click.IntRange(0, MAX_RELEASE_QUANTUM_MS),
    default=DEFAULT_RELEASE_QUANTUM_MS,
    show_default=True,
    metavar="MS",
    help="An answer is printed at a whole multiple of this time after its check began, so that "
    "the time says little about the face; 0 prints it at once.",
)
@click.option("--audience", metavar="URI", help="Who asks; with --nonce and --key, for a token.")
@click.option(
    "--nonce", metavar="TEXT", help="The asker's fresh random value, good for one picture."
)
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
    detector: str,
    seal: str | None,
    deadline_s: float,
    release_quantum_ms: int,
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
    checker = _load(
        policy,
        calibration,
        detector=detector,
        seal=seal,
        deadline_s=deadline_s,
        release_quantum_ms=release_quantum_ms,
    )
    render = json_line if as_json else partial(text_lines, named=len(images) > 1)
    answers = []
    with checker, printer(len(images)) as say:
        for image in images:
            began_s = time.monotonic()
            answer = _answer(checker, image, question)
            if question is None:  # an attestation, or what prevented it, was held back already
                sleep_to_quantum(began_s, release_quantum_ms)
            answers.append(answer)
            say(render(answer), answer)
    faults = [answer.fault.code for answer in answers if answer.fault is not None]
    if faults:
        ctx.exit(max(faults))
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


def _load(policy: AgePolicy, calibration: Path | None, **settings: Any) -> AgeChecker:
    try:
        return load_checker(policy, calibration=calibration, **settings)
    except CalibrationError as error:
        if calibration is None:
            raise
        raise BadInput(str(error)) from None


def _answer(checker: AgeChecker, image: str, question: _Question | None) -> Answer:
    try:
        source = _read_standard_input() if image == standard_input.DASH else image
        if question is None:
            result = checker.check(source)
            return Answer(image, result.verdict, result.reason)
        signed = checker.attest(source, question.challenge, question.signer)
        return Answer(image, signed.verdict, signed.reason, signed.token)
    except (ImageError, WorkerError, InternalError) as error:
        return Answer(image, fault=Fault.of(error))


def _read_standard_input() -> bytes:
    from agecheck.image.encoded import MAX_ENCODED_BYTES

    # One byte more than the limit is enough for the limit to answer.
    return standard_input.read_at_most(MAX_ENCODED_BYTES + 1)
