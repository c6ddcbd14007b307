"""The commands: finds the one asked for, and turns whatever goes wrong into an exit code."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from agecheck._version import __version__
from agecheck.cli.exits import ExitCode, failure_of

_COMMANDS = ("check", "verify", "keys", "models", "doctor", "bench", "kiosk", "agent")


class _LazyCommands(click.Group):
    """Imports a command's module only when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"agecheck.cli.{cmd_name}"), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            ctx.exit(ExitCode.INTERRUPTED)
        except Exception as error:
            # A traceback would show file names and, from some libraries, values.
            raise failure_of(error) from None


@click.group(cls=_LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Over or under an age limit? Answers it from a selfie, on this device.

    What comes out is a verdict or a signed token: never an image, an age or a score. Ask the
    person for consent first; that is the caller's duty.
    """
