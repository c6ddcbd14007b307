"""The published refusals: Python gives each the fault that the file states, as JavaScript does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agecheck.errors import TokenError, TokenFault
from agecheck.token import VerifiedToken, VerifierError, verify_token
from relying_party.make_refusals import FILE, text
from relying_party.vectors import UNUSABLE_KEY

VECTORS: dict[str, Any] = json.loads(FILE.read_text(encoding="ascii"))


def token_of(vector: dict[str, Any]) -> Any:
    token = vector["token"]
    if isinstance(token, dict) and "repeat" in token:
        return token["repeat"] * token["count"]
    return token


def verify(vector: dict[str, Any]) -> VerifiedToken:
    return verify_token(token_of(vector), **VECTORS["defaults"] | vector.get("given", {}))


def named(vector: dict[str, Any]) -> str:
    return str(vector["name"]).encode("ascii", "replace").decode()


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=named)
def test_a_refusal_has_the_published_fault(vector: dict[str, Any]) -> None:
    """Two verifiers that give two reasons for one token read it in two ways."""
    try:
        verify(vector)
    except TokenError as error:
        fault = error.fault.name
    except VerifierError:
        fault = UNUSABLE_KEY
    else:
        fault = "accepted"
    assert fault == vector["fault"]


@pytest.mark.parametrize("vector", VECTORS["accepted"], ids=named)
def test_a_near_miss_is_accepted(vector: dict[str, Any]) -> None:
    """What is refused is refused for its flaw: its flawless neighbour passes."""
    assert verify(vector).over is vector["over"]


def test_the_file_is_what_the_script_writes() -> None:
    """Nobody edits a vector by hand, and the script does not drift from the file."""
    assert FILE.read_text(encoding="ascii") == text()


def test_there_are_enough_and_each_once() -> None:
    """At least sixty, every fault among them, no name twice."""
    names = [vector["name"] for vector in VECTORS["refused"]]
    assert len(names) >= 60
    assert len(set(names)) == len(names)
    faults = {vector["fault"] for vector in VECTORS["refused"]}
    assert faults == {fault.name for fault in TokenFault} | {UNUSABLE_KEY}
