"""agecheck verify: what a relying party does with a token."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agecheck.cli import standard_input
from agecheck.cli.exits import VERIFY_EXIT_CODES, BadInput, code_of
from agecheck.errors import TokenError
from agecheck.verdict import Verdict

if TYPE_CHECKING:
    from agecheck.token import VerifiedToken

MAX_JWK_BYTES = 65_536
"""A public key takes about 200; more is some other file."""


@click.command(epilog=VERIFY_EXIT_CODES)
@click.argument("token")
@click.option("--audience", required=True, metavar="URI", help="The asker's own name.")
@click.option("--nonce", required=True, metavar="TEXT", help="The nonce of the asker's challenge.")
@click.option(
    "--jwk",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The device's public key for this audience, from `agecheck keys show`.",
)
@click.option(
    "--age-limit",
    type=int,
    metavar="YEARS",
    help="The age asked about. Without it any age is taken, and printed.",
)
@click.option(
    "--accept-input",
    "accept_inputs",
    type=click.Choice(["file", "browser", "device"]),
    multiple=True,
    metavar="KIND",
    help="Where the picture may come from: file, browser or device; may be repeated.  "
    "[default: browser, device]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def verify(
    ctx: click.Context,
    token: str,
    *,
    audience: str,
    nonce: str,
    jwk: Path,
    age_limit: int | None,
    accept_inputs: tuple[str, ...],
    as_json: bool,
) -> None:
    """Verify a TOKEN, and print what it says.

    TOKEN is the text that `agecheck check` printed; - reads it from standard input. The first
    line is OVER or UNDER and the age asked about; the lines after it say how the answer came
    about, and whether that is enough is for the asker to decide. A nonce is good for one answer:
    forget it afterwards.
    """
    from agecheck.token import verify_token

    # Left out when not given, so that the library's own default holds.
    inputs: dict[str, Any] = {"accept_inputs": frozenset(accept_inputs)} if accept_inputs else {}
    try:
        verified = verify_token(
            _read_standard_input() if token == standard_input.DASH else token,
            audience=audience,
            nonce=nonce,
            public_jwk=_read_jwk(jwk),
            now_s=time.time(),
            age_limit=age_limit,
            **inputs,
        )
    except TokenError as error:
        if as_json:
            click.echo(json.dumps({"verdict": None, "error": error.fault.name}))
        raise BadInput(f"refused: {error}") from None
    verdict = Verdict.OVER if verified.over else Verdict.UNDER
    click.echo(_as_json(verdict, verified) if as_json else _as_text(verdict, verified))
    ctx.exit(code_of(verdict))


def _read_standard_input() -> bytes:
    from agecheck.token.verify import MAX_TOKEN_CHARS

    # A line break around the token, and one byte more than the limit for the limit to answer.
    return standard_input.read_at_most(MAX_TOKEN_CHARS + 5).strip()


def _read_jwk(path: Path) -> dict[str, object]:
    from agecheck.strict_json import parse_json_object

    try:
        with path.open("rb") as file:
            text = file.read(MAX_JWK_BYTES + 1)
    except (OSError, ValueError):
        raise BadInput("the JWK file could not be read") from None
    jwk = parse_json_object(text) if len(text) <= MAX_JWK_BYTES else None
    if jwk is None:
        raise BadInput("the JWK file does not hold one JSON object")
    return jwk


def _as_json(verdict: Verdict, verified: VerifiedToken) -> str:
    claims = asdict(verified)
    del claims["over"]
    return json.dumps({"verdict": verdict.value, "error": None, **claims})


def _as_text(verdict: Verdict, verified: VerifiedToken) -> str:
    claims = asdict(verified)
    del claims["over"], claims["age_limit"]
    lines = [f"{verdict} {verified.age_limit}"]
    lines += [f"{name}: {value}" for name, value in claims.items()]
    return "\n".join(lines)
