"""agecheck kiosk: a page with a camera, and a signed token that goes where the settings say."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import click

from agecheck.errors import MissingExtraError, SealError

_EXTRA = "kiosk"
_NEEDED = ("starlette", "uvicorn", "websockets", "msgspec", "paho", "gpiozero")


@click.command()
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="The settings, in TOML.",
)
@click.option(
    "--camera",
    metavar="SOURCE",
    help="Where frames come from, instead of what the settings say: browser, /dev/videoN, a "
    "video file, or a folder of pictures.",
)
@click.option("--check", "only_check", is_flag=True, help="Check the settings, and start nothing.")
@click.pass_context
def kiosk(ctx: click.Context, config_file: Path, camera: str | None, only_check: bool) -> None:
    """Serve a full-screen page that asks one person at a time, on this machine alone.

    The page is served on 127.0.0.1; its address holds a secret that is new at every start and is
    printed on standard error, or written where the settings say. Tokens go to the outputs in the
    settings. Ends at SIGTERM or Ctrl-C. Linux only. Needs the extra 'kiosk'; in a clone:
    pip install '.[kiosk]'.
    """
    if sys.platform != "linux":
        raise SealError("the kiosk needs Linux, for its walls")
    if any(find_spec(name) is None for name in _NEEDED):
        raise MissingExtraError(_EXTRA)
    import msgspec

    from agecheck.kiosk.config import BROWSER, read_config
    from agecheck.kiosk.errors import KioskConfigError
    from agecheck.kiosk.judging import settle
    from agecheck.kiosk.supervisor import Supervisor, write_addresses

    path = config_file.absolute()
    config = read_config(path)
    base = path.parent
    if config.policy.calibration is not None:
        absolute = str(base / config.policy.calibration)
        policy = msgspec.structs.replace(config.policy, calibration=absolute)
        config = msgspec.structs.replace(config, policy=policy)
    if camera is not None:
        base = Path.cwd()
        source = msgspec.structs.replace(config.camera, source=camera)
        config = msgspec.structs.replace(config, camera=source)
    if config.camera.source != BROWSER:
        absolute = str(base / config.camera.source)
        if not Path(absolute).exists():
            raise KioskConfigError("`camera.source` is browser, a camera, a video or a folder")
        source = msgspec.structs.replace(config.camera, source=absolute)
        config = msgspec.structs.replace(config, camera=source)
    judging = settle(config.policy)
    if only_check:
        click.echo("the settings are fine")
        return

    def tell(addresses: dict[str, str]) -> None:
        if config.page.address_files is not None:
            write_addresses(path.parent / config.page.address_files, addresses)
            return
        for name, address in addresses.items():
            click.echo(f"{name}: {address}", err=True)

    ctx.exit(Supervisor(config, path.parent, judging, tell).run())
