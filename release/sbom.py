"""Writes what an installation consists of, as CycloneDX: the packages and the networks' weights.

    python -m release.sbom

build/sbom.json is the package without extras, build/sbom-<extra>.json with one. Needs the
environments that `python -m release.environments extras` makes. The packages are read by
cyclonedx-py; the networks come from the manifests inside the installed wheel.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from release.environments import BASE, extra_environment, extras, wheel
from release.package import ROOT, SOURCE_DATE_EPOCH, TIMEOUT_S, digests

SCHEMA = SchemaVersion.V1_6
_MANIFESTS = ("manifest.toml", "mediapipe/manifest.toml")


def sbom_file(extra: str) -> Path:
    """Where the bill of one extra lies."""
    return ROOT / "build" / ("sbom.json" if extra == BASE else f"sbom-{extra}.json")


def document(extra: str) -> dict[str, Any]:
    """The bill of materials of the environment with one extra.

    Raises:
        subprocess.CalledProcessError: there is no such environment.
        FileNotFoundError: no wheel was built.
    """
    environment = extra_environment(extra)
    ran = subprocess.run(  # noqa: S603
        [
            *(Path(sys.executable).with_name("cyclonedx-py"), "environment"),
            *("--spec-version", SCHEMA.to_version(), "--output-reproducible"),
            *("--mc-type", "library"),
            *("--pyproject", ROOT / "pyproject.toml", environment / "bin" / "python"),
        ],
        env={"SOURCE_DATE_EPOCH": str(SOURCE_DATE_EPOCH)},
        check=True,
        stdout=subprocess.PIPE,
        timeout=TIMEOUT_S,
    )
    bill: dict[str, Any] = json.loads(ran.stdout)
    networks = _networks(environment)
    bill["components"] += networks
    package = bill["metadata"]["component"]
    package["version"] = wheel().name.split("-")[1]
    package["hashes"] = [{"alg": "SHA-256", "content": digests({"": wheel()})[""]}]
    for part in bill["dependencies"]:
        if part["ref"] == package["bom-ref"]:
            part["dependsOn"] += [network["bom-ref"] for network in networks]
    bill["dependencies"] += [{"ref": network["bom-ref"]} for network in networks]
    return bill


def _networks(environment: Path) -> list[dict[str, Any]]:
    """What the wheel carries by others: each file of weights, with its digest and its licences."""
    (data,) = environment.glob("lib/python*/site-packages/agecheck/models/data")
    tables = [
        table
        for manifest in _MANIFESTS
        for table in tomllib.loads((data / manifest).read_text("utf-8"))["model"]
    ]
    return [
        {
            "type": "machine-learning-model",
            "bom-ref": f"model:{table['id']}",
            "name": table["id"],
            "description": table["role"],
            "licenses": [{"license": {"id": table["licence"]["weights"]}}],
            "hashes": [{"alg": "SHA-256", "content": table["sha256"]}],
            "pedigree": {"notes": _origin(table)},
            "properties": [
                {"name": "agecheck:licence-code", "value": table["licence"]["code"]},
                {"name": "agecheck:training-data", "value": table["licence"]["training_data"]},
            ],
        }
        for table in tables
    ]


def _origin(table: dict[str, Any]) -> str:
    return "; ".join(
        f"{source['member']} (sha256 {source['member_sha256']}) "
        f"of {source['package']} {source['version']} on {source['registry']}"
        for source in table["sources"]
    )


def main() -> int:
    for extra in (BASE, *extras()):
        bill = document(extra)
        text = json.dumps(bill, indent=2) + "\n"
        if JsonStrictValidator(SCHEMA).validate_str(text) is not None:
            print(f"not a CycloneDX document: {extra}", file=sys.stderr)
            return 1
        target = sbom_file(extra)
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")
        print(f"{target.relative_to(ROOT)}: {len(bill['components'])} parts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
