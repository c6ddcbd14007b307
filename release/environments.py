"""Installs the built wheel into fresh environments below build/release, for what examines it.

    python -m release.environments pythons|extras|lowest

pythons: one for each Python at hand that the package names; extras: one without any extra and one
for each; lowest: the oldest dependencies that pyproject.toml allows, and what the tests need. The
source tree is in none of them. This step needs the package index, and what comes after does not.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from release.package import DIST, ROOT, TIMEOUT_S

ENVIRONMENTS = ROOT / "build" / "release"
CONSTRAINTS = ROOT / "constraints.txt"
BASE = "base"
"""The environment without any extra."""
LOWEST = ENVIRONMENTS / "lowest"
LOWEST_EXTRAS = ("cwt", "keyring", "kiosk", "web")
"""Those that the tests of make test-floors use."""
TEST_TOOLS = (
    *("pytest", "hypothesis", "import-linter", "onnx", "redis"),
    *("httpx", "jwcrypto", "pycose", "sd-jwt"),
)
_FREE_BESIDE_THE_LOWEST = {"onnx", "ml-dtypes", "jwcrypto", "pycose", "sd-jwt"}
"""Test tools whose pinned version needs a newer numpy or cryptography."""


@cache
def project() -> dict[str, Any]:
    """The [project] table of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return table


def extras() -> list[str]:
    """The extras that users install, in pyproject.toml's order."""
    return [name for name in project()["optional-dependencies"] if name != "dev"]


def minor_versions() -> list[str]:
    """The Pythons that the package names as tried: "3.11" and so on."""
    found = re.findall(r"Python :: (3\.\d+)", "\n".join(project()["classifiers"]))
    return sorted(found, key=lambda version: int(version.split(".")[1]))


@cache
def interpreters() -> dict[str, Path]:
    """Those of these Pythons that are on this machine, on PATH or installed by pyenv.

    The one that runs this is always among them, whether the package names it or not.
    """
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    at_hand = {here: Path(sys.executable)}
    for version in minor_versions():
        program = f"python{version}"
        installed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/{program}"))
        on_path = shutil.which(program)
        for candidate in [*([Path(on_path)] if on_path else []), *installed]:
            if version not in at_hand and _runs(candidate):
                at_hand[version] = candidate
    return dict(sorted(at_hand.items()))


def _runs(python: Path) -> bool:
    # pyenv puts a program of every version on PATH, which ends with an error where none is chosen.
    ran = subprocess.run(  # noqa: S603
        [python, "--version"], capture_output=True, check=False, timeout=TIMEOUT_S
    )
    return ran.returncode == 0


def wheel() -> Path:
    """The wheel that `make wheel` built.

    Raises:
        FileNotFoundError: there is none.
    """
    for archive in DIST.glob("*.whl"):
        return archive
    raise FileNotFoundError("no wheel in dist/; run make wheel")


def extra_environment(extra: str) -> Path:
    """Where the environment with one extra lies."""
    return ENVIRONMENTS / f"extra-{extra}"


def lowest_constraints() -> str:
    """The oldest direct dependencies that can be had together, the others as constraints.txt says.

    Raises:
        subprocess.CalledProcessError: no versions fit together.
    """
    version = next(iter(interpreters()))
    compiled = _uv(
        *("pip", "compile", "--resolution", "lowest-direct", "--python-version", version),
        *("--no-header", "--no-annotate", str(ROOT / "pyproject.toml")),
        *(f"--extra={extra}" for extra in LOWEST_EXTRAS),
    )
    named = list(project()["dependencies"])
    for extra in LOWEST_EXTRAS:
        named += project()["optional-dependencies"][extra]
    direct = {_name(requirement) for requirement in named}
    lowest = [line for line in compiled.splitlines() if _name(line) in direct]
    settled = direct | _FREE_BESIDE_THE_LOWEST
    lines = CONSTRAINTS.read_text("utf-8").splitlines()
    others = [line for line in lines if line[:1].isalpha() and _name(line) not in settled]
    return "\n".join([*lowest, *others, ""])


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def _install(folder: Path, python: Path, requirements: Iterable[str], constraints: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _uv("venv", "--python", str(python), str(folder))
    arguments = ("--python", str(folder), "--constraints", str(constraints))
    _uv("pip", "install", *arguments, *requirements)
    print(f"installed: {folder.relative_to(ROOT)}")


def _uv(*arguments: str) -> str:
    ran = subprocess.run(  # noqa: S603
        [Path(sys.executable).with_name("uv"), "--quiet", "--no-python-downloads", *arguments],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT_S,
    )
    return ran.stdout


def main() -> int:
    match sys.argv[1:]:
        case ["pythons"]:
            for version, python in interpreters().items():
                _install(ENVIRONMENTS / version, python, [str(wheel())], CONSTRAINTS)
            missing = set(minor_versions()) - interpreters().keys()
            if missing:
                print(f"not on this machine, so not tried: Python {', '.join(sorted(missing))}")
        case ["extras"]:
            for extra in [BASE, *extras()]:
                wanted = str(wheel()) if extra == BASE else f"{wheel()}[{extra}]"
                _install(extra_environment(extra), Path(sys.executable), [wanted], CONSTRAINTS)
        case ["lowest"]:
            python = next(iter(interpreters().values()))
            with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
                constraints.write(lowest_constraints())
                constraints.flush()
                wanted = f"{wheel()}[{','.join(LOWEST_EXTRAS)}]"
                _install(LOWEST, python, [wanted, *TEST_TOOLS], Path(constraints.name))
            print(_uv("pip", "freeze", "--python", str(LOWEST)), end="")
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
