"""THIRD_PARTY_NOTICES.md knows every dependency; `make test-release` compares the rest of it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PAGE = (ROOT / "THIRD_PARTY_NOTICES.md").read_text("utf-8")
PINNED = dict(
    re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE)
)
REQUIREMENTS = [
    *PROJECT["dependencies"],
    *(
        requirement
        for extra, requirements in PROJECT["optional-dependencies"].items()
        for requirement in requirements
        if extra != "dev" and not requirement.startswith("agecheck-ondevice[")
    ),
]


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_a_dependency_stands_in_the_notices_in_its_pinned_version(requirement: str) -> None:
    """A dependency that was added or moved is not shipped without a look at its licence."""
    (name,) = re.findall(r"^[\w.-]+", requirement)
    versions = [version for pinned, version in PINNED.items() if pinned.lower() == name.lower()]
    assert [f"| {name.lower()} | {version} | " in PAGE.lower() for version in versions] == [True]
