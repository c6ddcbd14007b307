"""The `mediapipe` extra without MediaPipe: what is refused, what is granted, and what ships."""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from agecheck import MissingExtraError, PolicyError, SealError, load_checker, mediapipe_extra
from agecheck.cli.program import cli
from agecheck.models.store import ModelStore, mediapipe_models
from agecheck.seal.setup import WorkerSetup
from agecheck.seal_state import Wall

DATA = Path(mediapipe_extra.__file__).parent / "models" / "data" / "mediapipe"
MAX_BYTES = 1_500_000


def _installed(monkeypatch: pytest.MonkeyPatch, version: str | None) -> None:
    def of_package(name: str) -> str:
        if version is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return version

    monkeypatch.setattr(importlib.metadata, "version", of_package)


@pytest.mark.parametrize("version", [None, "0.10.21", "", "unknown"])
def test_missing_or_old_is_a_clear_error(
    version: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other detector never takes the place of the one asked for."""
    _installed(monkeypatch, version)
    with pytest.raises(MissingExtraError, match="the extra 'mediapipe' brings"):
        load_checker(detector="mediapipe")


def test_a_current_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal above is about the version."""
    _installed(monkeypatch, "1.2.3")
    mediapipe_extra.require_mediapipe(None)


def test_the_command_line_says_what_to_install(
    portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, one line, no verdict."""
    _installed(monkeypatch, None)
    ran = CliRunner().invoke(cli, ["check", str(portrait), "--detector", "mediapipe"])
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr == (
        "agecheck: what the extra 'mediapipe' brings is not installed, or is too old; "
        "in a clone: pip install '.[mediapipe]'\n"
    )


@pytest.mark.parametrize("version", [None, "1.2.3"])
def test_without_a_seal_it_is_refused(version: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """MediaPipe sends metrics: whether it is installed or not, it is not run unsealed."""
    _installed(monkeypatch, version)
    with pytest.raises(SealError, match="metrics"):
        load_checker(detector="mediapipe", seal="off")


def test_best_effort_does_not_end_in_the_callers_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no worker can be had, the default runs unsealed at best effort; MediaPipe does not."""
    _installed(monkeypatch, "1.2.3")
    monkeypatch.setattr(sys, "platform", "somewhere else")
    with pytest.raises(SealError, match="Linux"):
        load_checker(detector="mediapipe", seal="best-effort")


def test_an_unknown_detector_is_refused() -> None:
    """A typing error does not choose the default."""
    with pytest.raises(PolicyError, match="detector"):
        load_checker(detector="MediaPipe")  # type: ignore[arg-type]


def test_only_single_thread_is_given_up() -> None:
    """The grant for MediaPipe costs this wall and no other, and the default none."""
    setup = WorkerSetup("agecheck.sealed_checks:SealedChecks")
    assert setup.walls_given_up == frozenset()
    assert mediapipe_extra.for_mediapipe(setup).walls_given_up == {Wall.SINGLE_THREAD}


def test_nothing_that_opens_or_connects_is_granted() -> None:
    """Extra calls concern time, threads and priorities."""
    opening = {"openat", "open", "socket", "socketpair", "connect", "pipe", "pipe2", "execve"}
    assert opening.isdisjoint(mediapipe_extra.EXTRA_CALLS)
    assert {"clone", "fork", "vfork", "clone3", "ioctl"}.isdisjoint(mediapipe_extra.EXTRA_CALLS)


def test_the_bundle_differs_by_the_model_files() -> None:
    """A token does not state the default bundle when other files were in use."""
    digest = "a" * 64
    assert mediapipe_extra.digest_with_mediapipe(digest) != digest
    assert mediapipe_extra.digest_with_mediapipe("b" * 64) != (
        mediapipe_extra.digest_with_mediapipe(digest)
    )


def test_files_are_the_manifests() -> None:
    """What `make models` builds for the extra is what ships, and nothing else is there."""
    store = mediapipe_models()
    assert {path.name for path in DATA.glob("*.tflite")} == {entry.file for entry in store}
    for entry in store:
        content = store.read(entry.id)
        assert hashlib.sha256(content).hexdigest() == entry.sha256
        assert content[4:8] == b"TFL3"
        assert b"TFLITE_METADATA" in content
    assert sum(entry.size_bytes for entry in store) < MAX_BYTES


def test_they_come_from_the_default_detectors_own_sources() -> None:
    """The same weights in both runtimes, by the digests of the files they were built from."""
    of_default = {source for entry in ModelStore() for source in entry.sources}
    for entry in mediapipe_models():
        assert set(entry.sources) <= of_default
