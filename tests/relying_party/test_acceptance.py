"""What a site accepts is stated in full, or the policy is refused."""

from __future__ import annotations

from typing import Any

import pytest

from agecheck.calibration import shipped_calibration
from agecheck.errors import TokenFault
from agecheck.relying_party import AcceptancePolicy, RelyingPartyError
from relying_party.conftest import MakeSite, fault_of
from relying_party.devices import VISITOR, answer

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
        {"seals": ["sealed", "closed"]},
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


def test_a_page_does_not_take_the_ticket_of_a_page_that_asks_less(make_site: MakeSite) -> None:
    """Over 18 is not over 21: who is asked both picks neither the ticket nor the age."""
    site = make_site()
    asked = site.new_challenge(18, visitor=VISITOR)
    token, ticket = answer(asked.challenge), asked.ticket
    swapped = fault_of(site.verify, token, ticket=ticket, visitor=VISITOR, age_limit=21)
    assert swapped is TokenFault.WRONG_AGE_LIMIT
    for missing in (None, 19, True):
        with pytest.raises(RelyingPartyError):
            site.verify(token, ticket=ticket, visitor=VISITOR, age_limit=missing)
    assert site.verify(token, ticket=ticket, visitor=VISITOR, age_limit=18).over


def test_a_site_that_asks_one_age_need_not_repeat_it(make_site: MakeSite) -> None:
    """Only where there is nothing to mistake is the age left out, and never in a question."""
    site = make_site(policy=AcceptancePolicy(**WHOLE))
    asked = site.new_challenge(18, visitor=VISITOR)
    assert site.verify(answer(asked.challenge), ticket=asked.ticket, visitor=VISITOR).over
    nothing: Any = None
    with pytest.raises(RelyingPartyError):
        site.new_challenge(nothing, visitor=VISITOR)
