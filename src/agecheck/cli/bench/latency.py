"""agecheck bench latency: how long a check takes on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from agecheck.cli.bench.options import out_option, prepare_for_document, write_document

_PICTURE = click.Path(path_type=Path, readable=False)


@click.command()
@click.argument("pictures", metavar="PICTURE...", nargs=-1, required=True, type=_PICTURE)
@click.option(
    "--rounds",
    type=click.IntRange(1, 100_000),
    default=400,
    show_default=True,
    metavar="COUNT",
    help="Checks of each kind. A 99th percentile needs 368.",
)
@click.option(
    "--cold-rounds",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    metavar="COUNT",
    help="Starts of each command. A median needs 20.",
)
@click.option(
    "--callers",
    type=click.IntRange(1, 256),
    metavar="COUNT",
    help="The most threads that share a checker. [default: two for each core]",
)
@out_option("agecheck-latency", "results.json, report.html and the tables")
def latency(
    pictures: tuple[Path, ...], *, rounds: int, cold_rounds: int, callers: int | None, out: Path
) -> None:
    """Measure how long a check takes on this machine.

    A PICTURE shows one usable face; with several, each round takes the next one. Measures
    percentiles of checks, sealed as this machine does it and unsealed; the stages of a check; the
    command as a cold process, with one picture and with several; threads that share a checker; and
    memory. Close other programs first: their work is in the figures.
    """
    from agecheck.bench.latency import Plan, measure
    from agecheck.bench.latency_report import headline, html_report, tables
    from agecheck.bench.machine import usable_cores

    most = 2 * usable_cores() if callers is None else callers
    plan = Plan(pictures, rounds, cold_rounds, most)

    def begin(step: str) -> None:
        # Here, for by the first step the pictures have been found usable.
        prepare_for_document(out)
        click.echo(f"agecheck: {step} ...", err=True)

    document = measure(plan, begin)
    write_document(document, html_report(document), tables(document), out)
    for name, value, rest in headline(document):
        click.echo(f"{name:<40} {value:>12}  ({rest})")
    click.echo(f"Everything else is in {out / 'report.html'}")
