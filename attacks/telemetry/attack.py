"""A library that is not hostile, only curious: it keeps a device id and events to send later.

onnxruntime does so from the moment it is imported (1.30, Linux wheel), unless told not to before.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from attacks.trial import Outcome, outcome

_KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "LANG", "PYTHONPATH")
"""No more: onnxruntime holds back where a build server's variables are set, and users have none."""


def run() -> Iterator[Outcome]:
    """In the calling process, without the seal: a worker could not write anyway."""
    left = left_by([sys.executable, "-c", "import agecheck.runtime"])
    yield outcome(
        "files in the home folder, and a log",
        control=bool(left_by([sys.executable, "-c", "import onnxruntime"])),
        succeeded=bool(left),
        by=f"left is {left}: agecheck.runtime turns it off before the import",
    )


def left_by(command: Sequence[str]) -> list[str]:
    """Names of the files that a command leaves in its home and temporary folders.

    Both are its own: in /tmp a log of an earlier process can lie under this one's number.
    """
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as temporary:
        subprocess.run(  # noqa: S603
            command,
            check=True,
            stdout=subprocess.DEVNULL,
            env={**kept, "HOME": home, "TMPDIR": temporary},
            timeout=60,
        )
        paths = [path for folder in (home, temporary) for path in Path(folder).rglob("*")]
        return sorted(path.name for path in paths if path.is_file())
