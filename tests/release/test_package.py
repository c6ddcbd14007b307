"""The wheel and the sdist: the same bytes from the same files, and nothing else in them."""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from agecheck import __version__
from agecheck.models.store import ModelStore, mediapipe_models
from release.environments import project
from release.package import ROOT, build, copy_sources, digests

MAX_WHEEL_BYTES = 25_000_000
LONG_AGO_S = 1_000_000_000


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the work tree, in a folder of their own."""
    folder = tmp_path_factory.mktemp("sources")
    copy_sources(folder)
    return folder


@pytest.fixture(scope="module")
def archives(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel and the sdist of these files."""
    return build(sources, tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def strange_copy(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same files under another name, with other times and permissions, cached code between."""
    copy = tmp_path_factory.mktemp("elsewhere") / "a longer name, with spaces"
    shutil.copytree(sources, copy, symlinks=True)
    for path in [path for path in copy.rglob("*") if not path.is_symlink()]:
        path.chmod(stat.S_IRWXU if path.is_dir() else stat.S_IRUSR | stat.S_IWUSR)
        os.utime(path, (LONG_AGO_S, LONG_AGO_S))
    (copy / "examples" / "demo.sh").chmod((sources / "examples" / "demo.sh").stat().st_mode)
    (copy / ".ci" / "run").chmod((sources / ".ci" / "run").stat().st_mode)
    cached = copy / "src" / "agecheck" / "__pycache__"
    cached.mkdir(exist_ok=True)
    (cached / "policy.cpython-311.pyc").write_bytes(b"stale")
    return copy


def test_two_builds_on_two_machines_are_equal(
    archives: dict[str, Path], strange_copy: Path, tmp_path: Path
) -> None:
    """Anybody can build a release again and see that it was made of these files and no others."""
    elsewhere = {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "7", "HOME": "/nowhere"}
    assert len(archives) == 2
    assert digests(build(strange_copy, tmp_path, variables=elsewhere)) == digests(archives)


def test_the_wheel_of_the_sdist_is_the_wheel_of_the_tree(
    archives: dict[str, Path], sources: Path, tmp_path: Path
) -> None:
    """A distributor who starts from the sdist ships what everybody else has."""
    straight = digests(build(sources, tmp_path, "--wheel"))
    assert straight.items() <= digests(archives).items()
    assert len(straight) == 1


def test_the_digest_follows_the_files_and_their_time(
    archives: dict[str, Path], sources: Path, tmp_path: Path
) -> None:
    """The comparisons above can fail: another time in the archive is another wheel."""
    later = build(sources, tmp_path, "--wheel", variables={"SOURCE_DATE_EPOCH": "1700000000"})
    assert not digests(later).items() <= digests(archives).items()


def test_the_sdist_builds_without_git_and_holds_what_make_needs(
    archives: dict[str, Path], tmp_path: Path
) -> None:
    """Whoever has only the sdist has the tests, the recipes and the scripts of the targets too."""
    (sdist,) = (archive for name, archive in archives.items() if name.endswith(".tar.gz"))
    with tarfile.open(sdist) as packed:
        packed.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    needed = {"Makefile", "constraints.txt", "attacks", "models", "release", "tests"}
    assert needed - {path.name for path in unpacked.iterdir()} == set()
    assert (unpacked / "models" / "manifest.toml").is_symlink()  # one manifest, not two
    assert len(build(unpacked, tmp_path / "built", "--wheel")) == 1


def test_the_wheel_is_small_and_whole(built_wheel: Path) -> None:
    """It carries every network and licence, and is quick to fetch."""
    assert built_wheel.stat().st_size < MAX_WHEEL_BYTES
    with zipfile.ZipFile(built_wheel) as packed:
        names = set(packed.namelist())
    data = "agecheck/models/data"
    shipped = {f"{data}/{entry.file}" for entry in ModelStore()}
    shipped |= {f"{data}/mediapipe/{entry.file}" for entry in mediapipe_models()}
    shipped |= {f"{data}/manifest.toml", f"{data}/calibration.json", "agecheck/py.typed"}
    folder = f"agecheck_ondevice-{__version__}.dist-info"
    shipped |= {f"{folder}/licenses/{name}" for name in project()["license-files"]}
    assert shipped - names == set()


def test_the_wheel_holds_the_packages_and_nothing_else(built_wheel: Path) -> None:
    """No test, cache, picture or key of the machine that built it travels along."""
    with zipfile.ZipFile(built_wheel) as packed:
        names = packed.namelist()
        told = b"\0".join(packed.read(name) for name in names)
    assert {name.split("/")[0] for name in names} == {
        "agecheck",
        "agecheck_peers",
        f"agecheck_ondevice-{__version__}.dist-info",
    }
    unwanted = (".pyc", ".jpg", ".jpeg", ".png", ".key", ".pem", ".jsonl")
    assert [name for name in names if name.endswith(unwanted)] == []
    assert str(ROOT).encode() not in told
    assert str(Path.home()).encode() not in told
