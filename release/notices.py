"""Writes THIRD_PARTY_NOTICES.md: what pip installs beside the package, and under which licence.

    python -m release.notices [--check]

Made from the bills of materials that `python -m release.sbom` wrote. With --check it writes nothing
and ends with 1 where the page says something else.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from release.environments import BASE, extras
from release.package import ROOT
from release.sbom import sbom_file

PAGE = ROOT / "THIRD_PARTY_NOTICES.md"
READ_BY_HAND = {"dlib-bin": "BSL-1.0", "partd": "BSD-3-Clause", "protobuf": "BSD-3-Clause"}
"""Packages whose metadata names no licence: what their licence file is."""
_HEAD = """# Third-party notices

What `pip install` puts beside agecheck, by extra, in the versions of `constraints.txt`, on x86-64
Linux. Written by `make notices` from each package's own metadata. The wheel holds none of these
packages; what it does hold by others, the networks' weights, stands in [NOTICE](NOTICE).

Whoever hands on an installation, such as a kiosk's disk image, hands on these packages too. They
carry the text of their licence in their `.dist-info` folder, but for onnxruntime, which has it
beside its code, and flatbuffers, which leaves it out. `make sbom` lists the same as CycloneDX. On
Linux pyseccomp loads libseccomp (LGPL-2.1), which is the operating system's.
"""


def page() -> str:
    """The page as the bills of materials have it.

    Raises:
        FileNotFoundError: they were not written.
        ValueError: a package has no licence that is known.
    """
    base = _packages(BASE)
    sections = [_HEAD, _table("Always", base)]
    for extra in extras():
        added = {name: part for name, part in _packages(extra).items() if name not in base}
        sections.append(_table(f"With `[{extra}]`, besides", added))
    return "\n".join(sections)


def _packages(extra: str) -> dict[str, dict[str, Any]]:
    bill = json.loads(sbom_file(extra).read_text("utf-8"))
    parts = [part for part in bill["components"] if part["type"] == "library"]
    return {part["name"].lower(): part for part in parts}


def _table(title: str, parts: dict[str, dict[str, Any]]) -> str:
    rows = [
        f"| {parts[name]['name']} | {parts[name]['version']} | {licence(parts[name])} |"
        for name in sorted(parts)
    ]
    table = ["| package | version | licence |", "|---|---|---|", *rows] if rows else ["Nothing."]
    return "\n".join([f"## {title}", "", *table, ""])


def licence(part: dict[str, Any]) -> str:
    """What a component of a bill says about its licence: SPDX where it does, its own words if not.

    Raises:
        ValueError: nothing, and nobody has read its licence file.
    """
    stated = part.get("licenses", [])
    for entry in stated:
        if "expression" in entry:
            return str(entry["expression"])
    for key in ("id", "name"):
        named = [entry["license"][key] for entry in stated if key in entry["license"]]
        if named:
            return ", ".join(name.rpartition(":: ")[2] for name in named)
    if part["name"] not in READ_BY_HAND:
        raise ValueError(f"{part['name']} names no licence: read its licence file")
    return READ_BY_HAND[part["name"]]


def main() -> int:
    text = page()
    if sys.argv[1:] == ["--check"]:
        if PAGE.read_text("utf-8") == text:
            return 0
        print("THIRD_PARTY_NOTICES.md is out of date; run make notices", file=sys.stderr)
        return 1
    PAGE.write_text(text, encoding="utf-8")
    print(f"{PAGE.name}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
