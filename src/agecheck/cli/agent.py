"""agecheck agent: answers sites that this device's browser opens, after a person's click."""

from __future__ import annotations

import re
import signal
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import click

from agecheck.cli.exits import BadInput
from agecheck.errors import CalibrationError, MissingExtraError
from agecheck.web_exchange import DEFAULT_PORT

_NEEDED = ("starlette", "uvicorn", "websockets")
_AGE = re.compile(r"([1-9][0-9]?)(?:=([1-9][0-9]?(?:\.[0-9])?))?")


@click.command()
@click.option(
    "--key",
    "key_file",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The device's key file, from agecheck keys new.",
)
@click.option(
    "--asked",
    "asked_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File that remembers which age each site asked about. [default: KEYFILE.asked]",
)
@click.option(
    "--age",
    "ages",
    multiple=True,
    metavar="LIMIT[=CHALLENGE]",
    help="An age limit to answer about, and its challenge age; left out, the calibration's. May be "
    "given several times. [default: 18]",
)
@click.option(
    "--liveness",
    type=click.Choice(["passive", "active"]),
    default="passive",
    show_default=True,
    help="How to tell a living person: passive only watches, active also asks for movements and "
    "shows coloured light.",
)
@click.option(
    "--calibration",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A calibration made for these models, instead of the shipped one.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Where to serve the page; 0 takes a free one.",
)
def agent(
    key_file: Path,
    asked_file: Path | None,
    ages: tuple[str, ...],
    liveness: Literal["passive", "active"],
    calibration: Path | None,
    port: int,
) -> None:
    """Answer sites that ask this device whether somebody is over an age.

    Serves one page on 127.0.0.1, which a site's form opens. The page says who asks and what they
    learn, uses the camera after a click, and sends the browser back to that site with a token or
    none. Ends at SIGTERM or Ctrl-C. Needs the extra 'web'; in a clone: pip install '.[web]'.
    """
    if any(find_spec(name) is None for name in _NEEDED):
        raise MissingExtraError("web")
    from agecheck.agent.asked_ages import AskedAges
    from agecheck.agent.desk import Desk
    from agecheck.agent.serving import serve
    from agecheck.bootstrap import calibration_in_use, load_checker
    from agecheck.policy import AgePolicy
    from agecheck.token import DeviceKey

    policies = {}
    for text in ages or ("18",):
        match = _AGE.fullmatch(text)
        if match is None:
            raise click.BadParameter("an age is LIMIT or LIMIT=CHALLENGE", param_hint="--age")
        challenge_age = None if match[2] is None else float(match[2])
        policies[int(match[1])] = AgePolicy(
            int(match[1]), challenge_age=challenge_age, liveness=liveness
        )
    desk = Desk(
        DeviceKey.load(key_file),
        policies,
        AskedAges(asked_file or key_file.with_name(key_file.name + ".asked"), time.time),
        # One worker for one person: nothing of one check can be there in the next.
        lambda policy: load_checker(policy, calibration=calibration, seal_worker_checks=1),
    )
    # The server hands the signal on once it has closed; the sealed worker is ended after that.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    try:
        table = calibration_in_use(calibration).challenge_ages_years
        for policy in policies.values():
            policy.resolve(table)  # all ages, not only the first, before a question is taken
        serve(desk, port, lambda port: click.echo(f"ready: http://127.0.0.1:{port}", err=True))
    except CalibrationError as error:
        if calibration is None:
            raise
        raise BadInput(str(error)) from None
    finally:
        desk.close()
