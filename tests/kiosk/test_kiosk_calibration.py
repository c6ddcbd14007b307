"""A kiosk under a calibration of its operator's own: what judges is what tokens name."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from agecheck.cli.program import cli
from kiosk.programs import (
    START_S,
    Kiosk,
    kill,
    nonce_of,
    portrait_frames,
    running,
    said_by,
    settings,
    visit,
    wait_until_served,
)
from unit.calibrations import UNDER_ALL, Edit, put, write_own

AT_21_5 = put({"18": {"0.05": 21.5}}, "challenge_ages_years")


def own_settings(folder: Path, *edits: Edit) -> tuple[Path, str]:
    """Settings at 5 %, the calibration beside them that they name, and its digest."""
    path = settings(folder)
    own = 'calibration = "own.json"\nmax_false_over = 0.05'
    path.write_text(path.read_text().replace("challenge_age = 19", own))
    return path, write_own(folder / "own.json", *edits)


def refusal(path: Path) -> str:
    """What `--check` has against settings: it ends with 2, and says so in one line."""
    ran = CliRunner().invoke(cli, ["kiosk", "--check", "--config", str(path)])
    assert ran.exit_code == 2
    assert str(path.parent) not in ran.output
    (line,) = ran.output.splitlines()
    return line


@pytest.fixture(scope="module")
def frames() -> list[bytes]:
    """The sample portrait, which is over 18 by the shipped calibration."""
    return portrait_frames()


@pytest.fixture(scope="module")
def digests() -> dict[Path, str]:
    """Folder -> its calibration's digest."""
    return {}


@pytest.fixture(scope="module")
def kiosk(tmp_path_factory: pytest.TempPathFactory, digests: dict[Path, str]) -> Iterator[Kiosk]:
    """One whose own calibration calls everybody an infant."""
    path, digest = own_settings(tmp_path_factory.mktemp("own"), AT_21_5, UNDER_ALL)
    digests[path.parent] = digest
    with running(path) as started:
        yield started


def require_own_answer(kiosk: Kiosk, digest: str, frames: list[bytes]) -> None:
    """The next visit is judged by the own calibration, and its token names that and no other."""
    with kiosk.page() as page:
        visit(page, frames)
    token = kiosk.line()
    said = said_by(token, kiosk.folder, nonce_of(token))
    assert not said.over
    assert (said.bundle_digest, said.challenge_age_years, said.seal) == (digest, 21.5, "sealed")


def test_a_token_names_the_calibration_that_judged(
    kiosk: Kiosk, digests: dict[Path, str], frames: list[bytes]
) -> None:
    """The file is beside the settings, not in the working folder, and is read behind the walls."""
    require_own_answer(kiosk, digests[kiosk.folder], frames)


def test_settings_that_change_meanwhile_are_not_named(
    kiosk: Kiosk, digests: dict[Path, str], frames: list[bytes]
) -> None:
    """Outputs starts anew; the gate is still the one of the start."""
    path = kiosk.folder / "kiosk.toml"
    before = path.read_text()
    path.write_text(before.replace("max_false_over = 0.05", "challenge_age = 60"))
    kill(kiosk, "outputs")
    path.write_text(before)
    require_own_answer(kiosk, digests[kiosk.folder], frames)


def test_a_calibration_that_changes_meanwhile_judges_nobody(
    tmp_path: Path, frames: list[bytes]
) -> None:
    """Another one that is as good would be named wrongly: no page until it is back."""
    path, digest = own_settings(tmp_path, AT_21_5, UNDER_ALL)
    own = tmp_path / "own.json"
    before = own.read_bytes()
    with running(path) as kiosk:
        own.write_bytes(before + b"\n")
        os.kill(kiosk.child("capture"), signal.SIGKILL)
        errors = kiosk.process.stderr
        assert errors is not None
        assert select.select([errors], [], [], START_S)[0]
        said = errors.readline().decode()
        assert said.endswith(
            "`policy.calibration`: the calibration has changed; start the kiosk anew\n"
        )
        own.write_bytes(before)
        wait_until_served(kiosk)
        require_own_answer(kiosk, digest, frames)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "cannot be read"),
        (b"", "malformed"),
        (b'{"schema": 1}', "malformed"),
        (b" " * (1 << 21), "larger than any"),
    ],
)
def test_a_file_that_is_no_calibration_is_refused(
    content: bytes | None, fault: str, tmp_path: Path
) -> None:
    """Nothing starts, and the shipped one does not step in."""
    path, _ = own_settings(tmp_path)
    (tmp_path / "own.json").unlink()
    if content is not None:
        (tmp_path / "own.json").write_bytes(content)
    line = refusal(path)
    assert "settings: `policy.calibration`: the calibration" in line
    assert fault in line


def test_a_calibration_for_other_models_is_refused(tmp_path: Path) -> None:
    """Its challenge ages were measured on other networks."""
    path, _ = own_settings(tmp_path, put("0" * 64, "models_digest"))
    assert "`policy.calibration`: the calibration was made for other models" in refusal(path)


def test_a_rate_that_it_lacks_is_refused_with_those_it_has(tmp_path: Path) -> None:
    """Not looked up in the shipped one, which has it."""
    path, _ = own_settings(tmp_path, put({"18": {"0.1": 25.0}}, "challenge_ages_years"))
    assert "does not support a false-over rate of 0.05 at age limit 18; it supports 0.1" in refusal(
        path
    )


def test_settings_that_it_supports_are_fine(tmp_path: Path) -> None:
    """So that the refusals above are about the calibration."""
    path, _ = own_settings(tmp_path, AT_21_5)
    ran = CliRunner().invoke(cli, ["kiosk", "--check", "--config", str(path)])
    assert (ran.exit_code, ran.output) == (0, "the settings are fine\n")


def test_parameters_for_other_features_end_the_start(tmp_path: Path) -> None:
    """Found where the networks are loaded, behind the walls: still one line, and exit code 2."""
    path, _ = own_settings(tmp_path, AT_21_5, put("another set/1", "fusion", "features"))
    command = [sys.executable, "-m", "agecheck", "kiosk", "--config", str(path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    assert ran.returncode == 2
    assert "`policy.calibration`: the calibration was fitted on other features" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
