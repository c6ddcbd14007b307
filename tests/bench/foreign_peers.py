"""Installs peers for a process: a package with entry points, as somebody else would bring one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def install(folder: Path, peers: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that has these peers.

    Args:
        folder: an empty one, which becomes the place where they are installed.
        peers: name -> a module's source, in which `Peer` is the peer.
    """
    about = folder / "foreign-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1\n")
    entries = [f"{name} = foreign_{name}:Peer\n" for name in peers]
    (about / "entry_points.txt").write_text("[agecheck.bench.peers]\n" + "".join(entries))
    for name, source in peers.items():
        (folder / f"foreign_{name}.py").write_text(source, encoding="utf-8")
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


def answering(expression: str, prepare: str = "pass") -> str:
    """The source of a peer whose answer is an expression; each process runs `prepare` once."""
    return f"""
import math, os, signal

class Peer:
    version = "foreign 1"
    asked = 0

    def __init__(self):
        {prepare}

    def estimate_years(self, encoded):
        self.asked += 1
        return {expression}
"""


def bench(env: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """`agecheck bench` as a process."""
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", "agecheck", "bench", *arguments],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
