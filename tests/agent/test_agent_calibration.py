"""`agecheck agent --calibration`: what judges is what tokens name, or nothing starts."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from agecheck.cli.program import cli
from agecheck.relying_party import AcceptancePolicy, AnswerFault
from agecheck.token import DeviceKey, verify_token
from agent.programs import NONCE, SHOP, Agent, play, portrait_frames, sent_back
from unit.calibrations import UNDER_ALL, Edit, put, write_own

AT_21_5 = put({"18": {"0.02": 21.5}}, "challenge_ages_years")

# The command itself, but still pictures will do: what these frames show is one.
STILLS = """
from agecheck import policy
strict = policy.AgePolicy
policy.AgePolicy = lambda limit, **rest: strict(limit, **{**rest, "liveness": "none"})
from agecheck.cli.program import cli
cli()
"""


@contextmanager
def agent_under(folder: Path, calibration: Path) -> Iterator[Agent]:
    """The command with a new key, ready."""
    DeviceKey.create(folder / "device.key")
    options = [
        "--key",
        str(folder / "device.key"),
        "--port",
        "0",
        "--calibration",
        str(calibration),
    ]
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", STILLS, "agent", *options], stderr=subprocess.PIPE
    ) as process:
        try:
            assert process.stderr is not None
            ready = process.stderr.readline().decode()
            assert ready.startswith("ready: http://127.0.0.1:"), ready
            yield Agent(folder, int(ready.rpartition(":")[2]), process)
        finally:
            process.terminate()
            assert process.wait(20) == 0


def refusal(folder: Path, *options: str) -> str:
    """What the command has against its options: it ends with 2, and says so in one line."""
    DeviceKey.create(folder / "device.key")
    key = str(folder / "device.key")
    ran = CliRunner().invoke(cli, ["agent", "--key", key, "--port", "0", *options])
    assert ran.exit_code == 2
    assert str(folder) not in ran.output
    (line,) = ran.output.splitlines()
    return line


def test_a_token_names_the_calibration_that_judged(tmp_path: Path) -> None:
    """The portrait is over 18 by the shipped one; this one calls everybody an infant."""
    digest = write_own(tmp_path / "own.json", AT_21_5, UNDER_ALL)
    with agent_under(tmp_path, tmp_path / "own.json") as agent, agent.visit(agent.ask()) as socket:
        answer = sent_back(play(socket, portrait_frames()))
    assert answer.token is not None
    said = verify_token(
        answer.token,
        audience=SHOP,
        nonce=NONCE,
        public_jwk=DeviceKey.load(tmp_path / "device.key").signer(SHOP).public_jwk(),
        now_s=time.time(),
        age_limit=18,
    )
    assert not said.over
    assert (said.bundle_digest, said.challenge_age_years, said.seal) == (digest, 21.5, "sealed")
    # As the how-to says: the shipped table asks for more, until the site states an age itself.
    shipped = AcceptancePolicy.calibrated(
        {18}, seals={"sealed"}, liveness={"none"}, inputs={"browser"}
    )
    assert shipped.objection(said) is AnswerFault.CHALLENGE_AGE_TOO_LOW
    stated = AcceptancePolicy(
        min_challenge_ages_years={18: 21.5},
        seals={"sealed"},
        liveness={"none"},
        inputs={"browser"},
    )
    assert stated.objection(said) is None


@pytest.mark.parametrize("content", [None, b"{}"])
def test_a_file_that_is_no_calibration_is_refused(content: bytes | None, tmp_path: Path) -> None:
    """Nothing starts, and the shipped one does not step in."""
    if content is not None:
        (tmp_path / "own.json").write_bytes(content)
    line = refusal(tmp_path, "--calibration", str(tmp_path / "own.json"))
    assert ("malformed" if content else "calibration file cannot be read") in line


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        (put("0" * 64, "models_digest"), "made for other models"),
        (put("another set/1", "fusion", "features"), "fitted on other features"),
    ],
)
def test_a_calibration_that_does_not_fit_is_refused(edit: Edit, fault: str, tmp_path: Path) -> None:
    """Also where that is found by the sealed worker alone."""
    write_own(tmp_path / "own.json", edit)
    assert fault in refusal(tmp_path, "--calibration", str(tmp_path / "own.json"))


def test_every_age_must_be_in_it(tmp_path: Path) -> None:
    """The second one, too, before a question is taken; the shipped one has it."""
    write_own(tmp_path / "own.json", AT_21_5)
    given = ("--calibration", str(tmp_path / "own.json"), "--age", "18", "--age", "21")
    assert "no challenge age for age limit 21; it has them for 18" in refusal(tmp_path, *given)
