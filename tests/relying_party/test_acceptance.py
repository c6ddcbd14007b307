"""What a site accepts is stated in full, or the policy is refused."""

from __future__ import annotations

from typing import Any

import pytest

from agecheck.calibration import shipped_calibration
from agecheck.relying_party import AcceptancePolicy, RelyingPartyError

WHOLE: dict[str, Any] = {
    "min_challenge_ages_years": {18: 25.0},
    "seals": {"sealed"},
    "liveness": {"passive"},
    "inputs": {"device"},
}


@pytest.mark.parametrize("part", WHOLE)
def test_no_part_is_left_out_or_empty(part: str) -> None:
    """A policy that says nothing about seals would accept any."""
    rest = {name: value for name, value in WHOLE.items() if name != part}
    with pytest.raises(TypeError):
        AcceptancePolicy(**rest)
    nothing: list[Any] = [{}, [], None, "", ()]
    for empty in nothing:
        with pytest.raises(RelyingPartyError):
            AcceptancePolicy(**WHOLE | {part: empty})


@pytest.mark.parametrize(
    "changed",
    [
        {"seals": "sealed"},
        {"seals": {"sealed", "closed"}},
        {"seals": {"Sealed"}},
        {"seals": [7]},
        {"seals": [["sealed"]]},
        {"liveness": {"sealed"}},
        {"inputs": {"camera"}},
        {"max_attempts": 0},
        {"max_attempts": 11},
        {"max_attempts": True},
        {"max_attempts": 3.0},
        {"min_challenge_ages_years": {18: 18}},
        {"min_challenge_ages_years": {18: 81}},
        {"min_challenge_ages_years": {18: 25.05}},
        {"min_challenge_ages_years": {18: float("nan")}},
        {"min_challenge_ages_years": {18: None}},
        {"min_challenge_ages_years": {18.0: 25}},
        {"min_challenge_ages_years": {"18": 25}},
        {"min_challenge_ages_years": {0: 25}},
        {"min_challenge_ages_years": {True: 25}},
        {"min_challenge_ages_years": [18]},
    ],
    ids=str,
)
def test_what_no_token_can_have_is_refused(changed: dict[str, Any]) -> None:
    """A misspelt word would shut everybody out, and a challenge age at the limit let minors in."""
    with pytest.raises(RelyingPartyError):
        AcceptancePolicy(**WHOLE | changed)


def test_a_policy_does_not_change_with_its_parts() -> None:
    """What was agreed stays agreed."""
    seals, ages = {"sealed"}, {18: 25.0}
    policy = AcceptancePolicy(**WHOLE | {"seals": seals, "min_challenge_ages_years": ages})
    seals.add("open")
    ages[18] = 18.1
    assert policy.seals == {"sealed"}
    assert policy.min_challenge_ages_years == {18: 25.0}


@pytest.mark.parametrize("rate", [0.02, 0.1])
def test_calibrated_ages_are_the_shipped_ones(rate: float) -> None:
    """A site asks for what was measured, and for what a device of this version uses."""
    rest = {name: WHOLE[name] for name in ("seals", "liveness", "inputs")}
    policy = AcceptancePolicy.calibrated({16, 18}, max_false_over_rate=rate, **rest)
    table = shipped_calibration().challenge_ages_years
    assert policy.min_challenge_ages_years == {16: table[16][rate], 18: table[18][rate]}


@pytest.mark.parametrize(
    ("limits", "rate"), [({99}, 0.02), ({2}, 0.02), ({18}, 0.015), ((), 0.02), ({18.0}, 0.02)]
)
def test_what_was_not_measured_is_not_calibrated(limits: Any, rate: float) -> None:
    """There is no nearest rate and no nearest age."""
    rest = {name: WHOLE[name] for name in ("seals", "liveness", "inputs")}
    with pytest.raises(RelyingPartyError):
        AcceptancePolicy.calibrated(limits, max_false_over_rate=rate, **rest)
