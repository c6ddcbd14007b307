"""Poisoned code waits in a file that Python runs as it starts, before any wall stands.

`sitecustomize` and the lines of .pth files are run by every Python that finds them, the fork
server's as well. Here such a file lies in a folder of the caller's module path.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from agecheck.errors import SealError
from agecheck.seal.pool import WorkerPool
from agecheck.seal.setup import WorkerSetup
from attacks.trial import Outcome, outcome

_HOOK = """
from pathlib import Path
Path({path!r}).write_text("ran")
"""


def run() -> Iterator[Outcome]:
    """A hook that runs has every right of the caller's user, and may keep a socket."""
    with tempfile.TemporaryDirectory() as folder:
        mark = Path(folder) / "mark"
        (Path(folder) / "sitecustomize.py").write_text(_HOOK.format(path=str(mark)))
        environment = {**os.environ, "PYTHONPATH": folder}
        subprocess.run([sys.executable, "-c", ""], check=True, env=environment)
        control = mark.exists()
        mark.unlink(missing_ok=True)
        sys.path.append(folder)
        try:
            setup = WorkerSetup(
                "attacks.attempt:Poisoned",
                {
                    "reference": "attacks.attempt:Honest",
                    "given": {},
                    "stage": "picture",
                    "prepare_stage": "server",
                },
            )
            WorkerPool(setup, concurrency=1).close()
            by = "the fork server's Python starts without such files"
        except SealError as error:
            by = f"no check at all: {error}"
        finally:
            sys.path.remove(folder)
        yield outcome("sitecustomize", control=control, succeeded=mark.exists(), by=by)
