"""What a command looks for before it starts is what its extra installs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from agecheck.cli import agent, kiosk

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
IMPORTED_AS = {"paho-mqtt": "paho"}


@pytest.mark.parametrize(
    ("extra", "needed", "optional"),
    [("kiosk", kiosk._NEEDED, {"av"}), ("web", agent._NEEDED, set())],
    ids=["kiosk", "web"],
)
def test_a_command_looks_for_its_whole_extra(
    extra: str, needed: tuple[str, ...], optional: set[str]
) -> None:
    """A package that is missing is named by its extra at the start, not by a traceback later.

    PyAV is looked for only where a video is to be read.
    """
    listed = "\n".join(EXTRAS[extra]).replace("agecheck-ondevice[web]", "\n".join(EXTRAS["web"]))
    distributions = set(re.findall(r"^[\w.-]+", listed, re.MULTILINE))
    imported = {IMPORTED_AS.get(name, name) for name in distributions}
    assert imported - optional == set(needed)


def test_the_readme_names_every_extra() -> None:
    """Who needs more than a check finds there what to install, and from where."""
    readme = (ROOT / "README.md").read_text("utf-8")
    said = re.search(r"Extras come from the clone.*?\n\n", readme, re.S)
    assert said
    named = re.findall(r"`(\w+)`", said[0])
    assert sorted(named) == sorted(EXTRAS.keys() - {"dev"})
