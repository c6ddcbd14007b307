"""Builds the wheel and the sdist twice, in two different folders, and takes them if they are equal.

    python -m release.package

Run by `make wheel`; needs git. They come to lie in dist/, their digests in dist/SHA256SUMS.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
SOURCE_DATE_EPOCH = 1_580_601_600
"""Every file's time in an archive, in seconds since 1970: hatchling's own choice, made explicit so
that an environment that sets another one does not change the digests."""
TIMEOUT_S = 300


def copy_sources(target: Path) -> None:
    """Copy what a build may take from the work tree: all files but those that git ignores."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=TIMEOUT_S,
    )
    for name in listing.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():  # git lists deleted files until they are committed
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name, follow_symlinks=False)


def build(
    sources: Path, target: Path, *options: str, variables: Mapping[str, str] | None = None
) -> dict[str, Path]:
    """Build a source tree with this interpreter's own hatchling.

    Args:
        sources: the tree.
        target: where the archives are put.
        options: of `python -m build`; without any, the sdist is built, and the wheel from it.
        variables: environment variables beside the caller's.

    Returns:
        The archives by their file names.

    Raises:
        subprocess.CalledProcessError: the build failed.
    """
    subprocess.run(  # noqa: S603
        [
            *(sys.executable, "-m", "build", "-qq", "--no-isolation", "--outdir", str(target)),
            *(*options, str(sources)),
        ],
        cwd=sources,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(SOURCE_DATE_EPOCH), **(variables or {})},
        check=True,
        timeout=TIMEOUT_S,
    )
    return {archive.name: archive for archive in sorted(target.iterdir())}


def digests(archives: Mapping[str, Path]) -> dict[str, str]:
    """sha256 in hex of each file."""
    return {
        name: hashlib.sha256(archive.read_bytes()).hexdigest() for name, archive in archives.items()
    }


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        here, elsewhere = Path(scratch, "first"), Path(scratch, "second, elsewhere")
        copy_sources(here / "sources")
        shutil.copytree(here / "sources", elsewhere / "sources", symlinks=True)
        made = [build(folder / "sources", folder / "built") for folder in (here, elsewhere)]
        first, second = (digests(archives) for archives in made)
        if first != second:
            print("two builds of the same files differ", file=sys.stderr)
            return 1
        shutil.rmtree(DIST, ignore_errors=True)
        DIST.mkdir()
        for archive in made[0].values():
            shutil.copy(archive, DIST)
    sums = "".join(f"{digest}  {name}\n" for name, digest in first.items())
    (DIST / "SHA256SUMS").write_text(sums, encoding="utf-8")
    print(f"two builds in different folders are equal:\n{sums}", end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
