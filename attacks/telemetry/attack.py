"""A library that is not hostile, only curious: it keeps a device id and events to send later.

onnxruntime does so from the moment it is imported (1.30, Linux wheel), unless told not to before.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from attacks.trial import Outcome, outcome

_KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "LANG", "PYTHONPATH")
"""No more: onnxruntime holds back where a build server's variables are set, and users have none."""


def run() -> Iterator[Outcome]:
    """In the calling process, without the seal: a worker could not write anyway."""
    yield outcome(
        "files in the home folder, and a log",
        control=bool(_left_by("import onnxruntime")),
        succeeded=bool(left := _left_by("import agecheck.runtime")),
        by=f"{len(left)} files are left: agecheck.runtime turns it off before the import",
    )


def _left_by(code: str) -> list[str]:
    """What a Python process leaves in its home and temporary folders."""
    with tempfile.TemporaryDirectory() as home:
        kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
        process = subprocess.Popen([sys.executable, "-c", code], env={**kept, "HOME": home})  # noqa: S603
        process.wait(60)
        log = Path(tempfile.gettempdir()) / f"mat-debug-{process.pid}.log"
        left = [path.name for path in Path(home).rglob("*") if path.is_file()]
        if log.exists():
            left.append(log.name)
            log.unlink()
        return left
