"""agecheck bench: the gate measured on labelled faces, and on this machine."""

from __future__ import annotations

from importlib.util import find_spec

import click

from agecheck.cli.bench.accuracy import accuracy
from agecheck.cli.bench.attacks import attacks
from agecheck.cli.bench.calibrate import calibrate
from agecheck.cli.bench.compare import compare
from agecheck.cli.bench.latency import latency
from agecheck.cli.bench.quality import quality
from agecheck.errors import MissingExtraError


@click.group()
def bench() -> None:
    """Measure the gate on labelled faces, outside the seal.

    A benchmark needs the ages, so it runs unsealed; what it prints and writes is aggregates over
    at least 20 pictures. Needs the extra 'bench'; in a clone: pip install '.[bench]'.
    """
    if find_spec("scipy") is None:
        raise MissingExtraError("bench")


for _command in (accuracy, compare, calibrate, latency, quality, attacks):
    bench.add_command(_command)
