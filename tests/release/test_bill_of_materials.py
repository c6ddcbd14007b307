"""What is installed beside the package, as the bill of materials and the notices state it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from agecheck.models.store import ModelStore, mediapipe_models
from release.environments import BASE, CONSTRAINTS, extras
from release.notices import PAGE, licence, page
from release.sbom import document, sbom_file


def parts(kind: str, extra: str = BASE) -> dict[str, dict[str, Any]]:
    bill = json.loads(sbom_file(extra).read_text("utf-8"))
    return {part["name"].lower(): part for part in bill["components"] if part["type"] == kind}


def test_the_notices_are_those_of_the_installed_packages() -> None:
    """A licence that changed with a version, or a new dependency, is not overlooked."""
    assert PAGE.read_text("utf-8") == page()


@pytest.mark.parametrize("extra", [BASE, *extras()])
def test_every_package_is_pinned(extra: str) -> None:
    """The bill of materials does not depend on the day on which it is made."""
    pinned = {
        line.split("==")[0].lower().replace("_", "-"): line.split("==")[1]
        for line in CONSTRAINTS.read_text("utf-8").splitlines()
        if "==" in line and not line.startswith("#")
    }
    found = {
        name.replace("_", "-"): part["version"] for name, part in parts("library", extra).items()
    }
    assert {name: pinned.get(name) for name in found} == found


def test_the_bill_names_this_wheel(built_wheel: Path) -> None:
    """A bill of materials is held against the file that it describes."""
    bill = json.loads(sbom_file(BASE).read_text("utf-8"))
    (stated,) = bill["metadata"]["component"]["hashes"]
    assert stated["content"] == hashlib.sha256(built_wheel.read_bytes()).hexdigest()


def test_the_bill_names_every_network_with_its_digest() -> None:
    """The weights are by others, too, and no package manager would list them."""
    shipped = {entry.id: entry.sha256 for entry in (*ModelStore(), *mediapipe_models())}
    networks = parts("machine-learning-model")
    assert {name: part["hashes"][0]["content"] for name, part in networks.items()} == shipped
    assert all(licence(part) for part in networks.values())


def test_the_bill_is_the_same_when_it_is_made_again() -> None:
    """Two auditors who make it compare files and not impressions."""
    assert document(BASE) == json.loads(sbom_file(BASE).read_text("utf-8"))


def test_a_package_without_a_licence_is_not_passed_over() -> None:
    """The page is not written with a gap in it."""
    with pytest.raises(ValueError, match="names no licence"):
        licence({"name": "unheard-of"})
