"""agecheck bench compare: what changed between two runs."""

from __future__ import annotations

from pathlib import Path

import click

from agecheck.cli.bench.options import FILE


@click.command()
@click.argument("before", type=FILE)
@click.argument("after", type=FILE)
@click.option(
    "--all", "show_all", is_flag=True, help="Also show figures that changed within noise."
)
def compare(before: Path, after: Path, *, show_all: bool) -> None:
    """Say which figures changed beyond noise.

    BEFORE and AFTER are two results.json of `bench accuracy`, or two of `bench quality`.
    """
    from agecheck.bench.compare import compare as compare_results
    from agecheck.bench.compare import read_results, unlike
    from agecheck.bench.page import text_of

    one, other = read_results(before), read_results(after)
    changes = compare_results(one, other)
    if told := unlike(one, other):
        click.echo(told)
    beyond = [change for change in changes if change.beyond_noise]
    for change in changes if show_all else beyond:
        mark = "*" if change.beyond_noise else " "
        click.echo(f"{mark} {change.name}: {change.difference:+.3f}")
        click.echo(f"    before {text_of(change.before)}")
        click.echo(f"    after  {text_of(change.after)}")
    click.echo(f"{len(beyond)} of {len(changes)} figures changed beyond noise")
