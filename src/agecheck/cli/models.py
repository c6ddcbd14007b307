"""agecheck models: what ships, whether it is intact, and under which licences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from agecheck.cli.exits import ExitCode
from agecheck.errors import ModelError

if TYPE_CHECKING:
    from agecheck.models.store import ModelStore


@click.group(invoke_without_command=True)
@click.pass_context
def models(ctx: click.Context) -> None:
    """Show the models that ship; alone, it lists them."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_models)


@models.command("list")
def list_models() -> None:
    """List the models: name, size and role."""
    for store in _stores():
        for entry in store:
            click.echo(f"{entry.id:<20} {entry.size_bytes:>9,} bytes  {entry.role}")


@models.command("verify")
@click.pass_context
def verify_models(ctx: click.Context) -> None:
    """Hash every model and compare with the manifest.

    Prints ok or the fault for each; the exit code is 3 when there is a fault.
    """
    intact = True
    for store in _stores():
        for entry in store:
            try:
                store.read(entry.id)
                click.echo(f"{entry.id}: ok")
            except ModelError as error:
                click.echo(f"{entry.id}: {error.fault.value}")
                intact = False
    if not intact:
        ctx.exit(ExitCode.BROKEN)


@models.command("licences")
def show_licences() -> None:
    """Show each model's licences and the packages it comes from."""
    for entry in (entry for store in _stores() for entry in store):
        click.echo(entry.id)
        click.echo(f"  weights: {entry.licence_weights}")
        click.echo(f"  code: {entry.licence_code}")
        click.echo(f"  training data: {entry.licence_training_data}")
        for source in entry.sources:
            click.echo(f"  from: {source.registry} {source.package} {source.version}")


def _stores() -> tuple[ModelStore, ModelStore]:
    """The default's models, and those of the `mediapipe` extra."""
    from agecheck.models.store import ModelStore, mediapipe_models

    return ModelStore(), mediapipe_models()
