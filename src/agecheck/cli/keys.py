"""agecheck keys: the device's key file, and the public keys that come from it."""

from __future__ import annotations

import json
from pathlib import Path

import click

_FILE = click.Path(path_type=Path)


@click.group()
def keys() -> None:
    """Make a device key, or show its public side.

    The key file holds one secret. Each asker sees a key of its own, and two askers cannot tell
    that theirs belong to one device.
    """


@keys.command()
@click.argument("file", type=_FILE)
def new(file: Path) -> None:
    """Make a new key and keep it in FILE.

    FILE must not exist yet; only its owner can read it. The secret is never printed, and cannot
    be recovered when the file is lost.
    """
    from agecheck.token import DeviceKey

    DeviceKey.create(file)
    click.echo("key created")


@keys.command()
@click.option("--key", required=True, type=_FILE, metavar="FILE", help="The device's key file.")
@click.option("--audience", required=True, metavar="URI", help="The asker to show a key for.")
def show(key: Path, audience: str) -> None:
    """Print the public key for one asker, as a JWK on one line."""
    from agecheck.token import DeviceKey

    click.echo(json.dumps(DeviceKey.load(key).signer(audience).public_jwk()))
