"""Importing the package is light and changes nothing in the process or on the disk."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import agecheck

HEAVY = ["numpy", "onnxruntime", "PIL", "cryptography", "joserfc", "click"]
EVERY_NAME = "import sys; from agecheck import *; print(*sys.modules)"
NETWORK = ["socket", "ssl", "http", "urllib.request", "asyncio"]


def run_python(program: str, *options: str, home: Path | None = None) -> str:
    environment = dict(os.environ) if home is None else {**os.environ, "HOME": str(home)}
    found = subprocess.run(  # noqa: S603
        [sys.executable, *options, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert found.stderr == ""
    return found.stdout


def test_importing_loads_no_heavy_library() -> None:
    """No public name loads numpy, onnxruntime or Pillow, nor what a token needs."""
    loaded = run_python(EVERY_NAME).split()
    assert [name for name in HEAVY if name in loaded] == []
    assert "agecheck.checker" in loaded


def test_importing_loads_no_network_module() -> None:
    """The package needs no way out of the device."""
    loaded = run_python(EVERY_NAME).split()
    assert [name for name in NETWORK if name in loaded] == []


def test_the_core_works_without_a_heavy_library() -> None:
    """A relying party can build policies and challenges without loading a network runtime."""
    program = """
import sys
import agecheck
agecheck.AgePolicy(challenge_age=25).resolve({})
agecheck.Challenge("https://shop.example", "n" * 22, 18)
agecheck.CheckResult(agecheck.Verdict.OVER)
print(*sys.modules)
"""
    loaded = run_python(program).split()
    assert [name for name in HEAVY if name in loaded] == []


def test_importing_leaves_no_trace(tmp_path: Path) -> None:
    """No folder in the home directory, no output, no warning, no changed environment."""
    program = """
import os, sys, threading, warnings, logging
before = dict(os.environ), list(warnings.filters), logging.root.handlers[:], os.getcwd()
import agecheck
after = dict(os.environ), list(warnings.filters), logging.root.handlers[:], os.getcwd()
print(before == after, threading.active_count())
"""
    assert run_python(program, "-W", "error", home=tmp_path) == "True 1\n"
    assert list(tmp_path.iterdir()) == []


def test_every_public_name_exists_and_is_listed_in_order() -> None:
    """What `__all__` promises is there, once each."""
    assert len(set(agecheck.__all__)) == len(agecheck.__all__)
    for name in agecheck.__all__:
        assert getattr(agecheck, name) is not None


def test_a_shell_completes_the_public_names_before_any_was_used() -> None:
    """Who looks around in a fresh interpreter sees what there is, once, and nothing is loaded."""
    found = run_python("import sys, agecheck; print(dir(agecheck)); print(*sys.modules)")
    listed, loaded = found.splitlines()
    assert ast.literal_eval(listed) == sorted(agecheck.__all__)
    assert "agecheck.checker" not in loaded.split()


def test_type_checkers_see_the_public_names() -> None:
    """They read imports and no table; each has to lead to where the table does."""
    seen = {
        name.asname: node.module
        for node in ast.walk(ast.parse(Path(agecheck.__file__).read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        for name in node.names
        if name.asname not in (None, "__version__")
    }
    assert seen == {name: f"agecheck.{module}" for name, module in agecheck._MODULE_OF.items()}


def test_the_internal_seams_are_not_exported() -> None:
    """The value that holds an age, and the parts that make one, are no public names."""
    for name in ("AgeEstimate", "FaceAgePipeline", "AgeEstimator", "Evidence", "build_pipeline"):
        assert name not in agecheck.__all__
        assert not hasattr(agecheck, name)


def test_every_public_error_has_the_one_root() -> None:
    """A caller catches everything that agecheck raises on purpose with one name."""
    errors = [getattr(agecheck, name) for name in agecheck.__all__ if name.endswith("Error")]
    assert len(errors) >= 8
    assert all(issubclass(error, agecheck.AgecheckError) for error in errors)
    assert not issubclass(agecheck.AgecheckError, ValueError)
