"""The JSON that the commands print is the JSON that the schemas describe."""

from __future__ import annotations

import copy
import json
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "docs/reference/schemas"
PICTURES = ROOT / "tests/pictures"
AUDIENCE = "https://shop.example"


def validator(name: str) -> Callable[[object], object]:
    """Raises for a document that the schema does not allow."""
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    compiled: Callable[[object], object] = fastjsonschema.compile(schema)
    return compiled


def agecheck(*arguments: str | Path) -> list[Any]:
    """The JSON objects that the program prints."""
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "agecheck", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One of each kind of answer, the tokens' verification included."""
    folder = tmp_path_factory.mktemp("schemas")
    key, jwk, nonce = folder / "device.key", folder / "device.jwk", secrets.token_urlsafe(24)
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "agecheck", "keys", "new", str(key)], capture_output=True, check=True
    )
    jwk.write_text(json.dumps(agecheck("keys", "show", "--key", key, "--audience", AUDIENCE)[0]))
    question = ("--audience", AUDIENCE, "--nonce", nonce)
    over, none, missing = agecheck(
        "check", "--json", PICTURES / "astronaut.png", PICTURES / "chelsea.png", folder / "missing"
    )
    (signed,) = agecheck("check", "--json", PICTURES / "astronaut.png", *question, "--key", key)
    verify = ("verify", "--json", *question, "--jwk", jwk)
    (accepted,) = agecheck(*verify, "--accept-input", "file", signed["token"])
    (refused,) = agecheck(*verify, signed["token"])
    return {
        "over": over,
        "none": none,
        "missing": missing,
        "signed": signed,
        "accepted": accepted,
        "refused": refused,
    }


@pytest.mark.parametrize("kind", ["over", "none", "missing", "signed"])
def test_a_line_of_check_has_its_schema(kind: str, answers: dict[str, Any]) -> None:
    """A verdict, no verdict, an unusable picture and a signed answer are all described."""
    validator("check")(answers[kind])


@pytest.mark.parametrize("kind", ["accepted", "refused"])
def test_an_answer_of_verify_has_its_schema(kind: str, answers: dict[str, Any]) -> None:
    """A token that is taken and one that is refused are both described."""
    validator("verify")(answers[kind])
    assert (answers[kind]["verdict"] is None) == (kind == "refused")


def test_a_report_of_doctor_has_its_schema() -> None:
    """A monitor reads it; with a picture and without, it is described."""
    validate = validator("doctor")
    for arguments in ((), ("--image", PICTURES / "astronaut.png")):
        (report,) = agecheck("doctor", "--json", *arguments)
        validate(report)
        assert (report["check"] is None) == (not arguments)


def test_the_committed_results_have_their_schema() -> None:
    """Whoever reads a results.json can rely on its members."""
    results = json.loads((ROOT / "benchmarks/results/accuracy-utkface.json").read_text("utf-8"))
    validator("results")(results)


@pytest.mark.parametrize(
    ("kind", "member", "value"),
    [
        ("over", "age_years", 36),
        ("over", "reason", "NO_FACE"),
        ("none", "token", "a.b.c"),
        ("none", "reason", None),
        ("missing", "verdict", "OVER"),
        ("over", "verdict", "over"),
    ],
)
def test_the_schema_of_check_refuses_what_must_not_be(
    kind: str, member: str, value: object, answers: dict[str, Any]
) -> None:
    """Among others an age: a member too many fails, and so does a token beside no verdict."""
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        validator("check")({**answers[kind], member: value})


def test_the_schema_of_results_refuses_figures_of_few_people() -> None:
    """Under 20 pictures there is no figure, and without a figure it says how many it takes."""
    results = json.loads((ROOT / "benchmarks/results/accuracy-utkface.json").read_text("utf-8"))
    for figure in (
        {"value": 4.2, "n": 19, "interval": [1.0, 7.0]},
        {"value": None, "n": 19, "interval": None},
    ):
        wrong = copy.deepcopy(results)
        wrong["mae_years"]["all"] = figure
        with pytest.raises(fastjsonschema.JsonSchemaValueException):
            validator("results")(wrong)
