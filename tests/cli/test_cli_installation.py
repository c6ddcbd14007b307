"""agecheck models and doctor, on a whole installation and on damaged ones."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from agecheck import __version__
from agecheck.models.store import ModelStore, mediapipe_models
from agecheck.seal_state import Wall

Invoke = Callable[..., Result]
Spawn = Callable[..., subprocess.CompletedProcess[bytes]]

MODEL_IDS = [entry.id for entry in ModelStore()]
SHIPPED_IDS = [*MODEL_IDS, *(entry.id for entry in mediapipe_models())]


def test_version(invoke: Invoke) -> None:
    """A bug report can state the version."""
    result = invoke("--version")
    assert (result.stdout, result.exit_code) == (f"agecheck {__version__}\n", 0)


def test_models_alone_lists_them(invoke: Invoke) -> None:
    """The short form shows every shipped model, and `list` shows the same."""
    result = invoke("models")
    assert [line.split()[0] for line in result.stdout.splitlines()] == SHIPPED_IDS
    assert result.stdout == invoke("models", "list").stdout


def test_models_verify_says_ok_for_each(invoke: Invoke) -> None:
    """Every shipped file is hashed, not only the first."""
    result = invoke("models", "verify")
    assert result.stdout.splitlines() == [f"{model_id}: ok" for model_id in SHIPPED_IDS]
    assert result.exit_code == 0


def test_models_licences_names_three_licences_and_a_source_each(invoke: Invoke) -> None:
    """Whoever ships agecheck sees what they owe, for every model."""
    lines = invoke("models", "licences").stdout.splitlines()
    assert [line for line in lines if not line.startswith("  ")] == SHIPPED_IDS
    for label in ("weights", "code", "training data"):
        assert sum(line.startswith(f"  {label}: ") for line in lines) == len(SHIPPED_IDS)
    assert sum(line.startswith("  from: ") for line in lines) >= len(SHIPPED_IDS)


def test_models_verify_finds_one_flipped_bit(spawn: Spawn, damaged_install: Path) -> None:
    """A damaged model is named, the others are still examined, and the code is 3."""
    ran = spawn("models", "verify", path_first=damaged_install)
    states = dict(line.split(": ", 1) for line in ran.stdout.decode().splitlines())
    assert list(states) == SHIPPED_IDS
    assert [model_id for model_id, state in states.items() if state != "ok"] == ["age-mobilenet"]
    assert ran.returncode == 3


def test_check_gives_no_verdict_with_a_damaged_model(
    spawn: Spawn, damaged_install: Path, portrait: Path
) -> None:
    """A check with an altered network ends as broken, never with an answer."""
    ran = spawn(
        "check", portrait, "--age-limit", "12", "--challenge-age", "15", path_first=damaged_install
    )
    assert (ran.stdout, ran.returncode) == (b"", 3)
    assert ran.stderr.startswith(b"agecheck: model age-mobilenet: ")
    assert len(ran.stderr.splitlines()) == 1


def test_a_missing_calibration_of_ours_is_broken(
    spawn: Spawn, damaged_install: Path, portrait: Path
) -> None:
    """What ships with the package is not the caller's fault: 3, and no verdict."""
    for calibration in damaged_install.rglob("calibration.json"):
        calibration.unlink()
    ran = spawn("check", portrait, path_first=damaged_install)
    assert (ran.stdout, ran.returncode) == (b"", 3)
    assert b"calibration" in ran.stderr


def test_doctor_finds_a_whole_installation(invoke: Invoke) -> None:
    """On a sound machine doctor runs every network and says that all is well."""
    result = invoke("doctor")
    assert (result.stdout.splitlines()[-1], result.exit_code) == ("all well", 0)
    for model_id in MODEL_IDS:
        assert f"model {model_id}:" in result.stdout


def test_doctor_json_measures_each_network(invoke: Invoke) -> None:
    """Monitoring gets numbers: time to load, and a run of each network that took time."""
    report = json.loads(invoke("doctor", "--json").stdout)
    assert [model["id"] for model in report["models"]] == MODEL_IDS
    assert all(model["state"] == "ok" and model["run_ms"] > 0 for model in report["models"])
    assert report["load_ms"] > 0
    assert report["problems"] == []
    assert report["seal"] == "sealed"
    assert report["versions"]["agecheck"] == __version__
    assert set(report["seal_parts"]) == {"seccomp", "landlock"}


def test_doctor_sees_every_attempt_end_the_worker(invoke: Invoke) -> None:
    """The seal is tried, not believed: each forbidden act is a worker's last, and only that."""
    report = json.loads(invoke("doctor", "--json").stdout)
    assert report["walls"] == {wall.value: True for wall in Wall}
    assert report["attempts"] == {
        "nothing": "answered",
        **dict.fromkeys(("socket", "open", "write", "thread", "child", "two-bytes"), "died"),
    }
    lines = invoke("doctor").stdout.splitlines()
    assert f"{'worker tries socket:':<24} died, as it should" in lines
    assert f"{'wall landlock:':<24} standing" in lines


def test_doctor_names_a_wall_that_does_not_hold(spawn: Spawn, no_seccomp: Path) -> None:
    """The examination can fail: without its filter a worker gets its socket, and doctor says so."""
    ran = spawn("doctor", "--json", path_first=no_seccomp)
    report = json.loads(ran.stdout)
    assert [wall for wall, stands in report["walls"].items() if not stands] == ["seccomp"]
    assert (report["attempts"]["socket"], report["attempts"]["thread"]) == ("answered", "answered")
    assert (report["attempts"]["nothing"], report["attempts"]["two-bytes"]) == ("answered",) * 2
    assert report["attempts"]["open"] == "refused"  # by Landlock
    assert "wall seccomp: missing" in report["problems"]
    assert "a sealed worker that tries socket: answered" in report["problems"]
    assert ran.returncode == 3


def test_doctor_times_a_picture_and_says_nothing_else_about_it(
    invoke: Invoke, portrait: Path
) -> None:
    """The diagnosis of a machine is not an answer about a person."""
    result = invoke("doctor", "--image", portrait)
    assert result.exit_code == 0
    assert "check: " in result.stdout
    assert not {"OVER", "UNDER", "INCONCLUSIVE", "WITHIN_BUFFER"} & set(result.stdout.split())


def test_doctor_says_when_a_check_ended_early(invoke: Invoke, cat: Path) -> None:
    """A latency measured on a picture without a face is marked as no full check."""
    report = json.loads(invoke("doctor", "--json", "--image", cat).stdout)
    assert report["check"]["ended_early"] == "NO_FACE"
    assert report["check"]["median_ms"] > 0


def test_doctor_with_an_unusable_picture_is_bad_input(invoke: Invoke, tmp_path: Path) -> None:
    """A wrong file name is not reported as a broken installation."""
    result = invoke("doctor", "--image", str(tmp_path / "missing.jpg"))
    assert (result.stdout, result.exit_code) == ("", 2)


def test_doctor_names_a_damaged_model(spawn: Spawn, damaged_install: Path) -> None:
    """Doctor finishes its round and ends with 3 when one model is damaged."""
    ran = spawn("doctor", "--json", path_first=damaged_install)
    report = json.loads(ran.stdout)
    assert [m["id"] for m in report["models"] if m["state"] != "ok"] == ["age-mobilenet"]
    assert any(problem.startswith("model age-mobilenet: ") for problem in report["problems"])
    assert ran.returncode == 3


def test_an_unexpected_error_shows_its_type_and_nothing_more(
    spawn: Spawn, portrait: Path, tmp_path: Path
) -> None:
    """A crash inside a library is one line without its text, which could quote anything."""
    (tmp_path / "numpy.py").write_text('raise LookupError("something private")\n')
    for seal, told in (
        ("require", b"agecheck: the sealed worker could not be prepared (LookupError)\n"),
        ("off", b"agecheck: internal error (LookupError)\n"),
    ):
        ran = spawn("check", portrait, "--seal", seal, path_first=tmp_path)
        assert (ran.stdout, ran.stderr, ran.returncode) == (b"", told, 3)


def test_doctor_survives_a_broken_library(spawn: Spawn, tmp_path: Path) -> None:
    """The command for broken installations works on a broken installation."""
    (tmp_path / "numpy.py").write_text('raise LookupError("something private")\n')
    ran = spawn("doctor", path_first=tmp_path)
    assert ran.returncode == 3
    for what in (b"loading the checker", b"trying the seal"):
        told = what + b": the sealed worker could not be prepared (LookupError)\n"
        assert b"broken: " + told in ran.stdout
    assert b"broken: running the networks: LookupError\n" in ran.stdout
    assert b"private" not in ran.stdout + ran.stderr
