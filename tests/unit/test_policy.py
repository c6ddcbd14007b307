"""decide() is total, closed on anything unexpected, and never falls as the estimate rises."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agecheck.errors import AgecheckError, PolicyError
from agecheck.estimate import AgeEstimate
from agecheck.policy import (
    MAX_AGE_LIMIT_YEARS,
    MAX_ATTEMPTS,
    MAX_CHALLENGE_AGE_YEARS,
    MIN_AGE_LIMIT_YEARS,
    AgePolicy,
    EffectivePolicy,
)
from agecheck.verdict import CheckResult, Reason, Verdict

TABLE = {18: {0.02: 27.5, 0.05: 24.9}, 21: {0.02: 31.0}}
RANK = {Verdict.UNDER: 0, Verdict.INCONCLUSIVE: 1, Verdict.OVER: 2}
ODD_FLOATS = [math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, -5e-324, 1.8e308 / 2, -1e308]

any_floats = st.one_of(st.floats(), st.sampled_from(ODD_FLOATS), st.floats(0, 100))


@st.composite
def effective_policies(draw: st.DrawFn) -> EffectivePolicy:
    age_limit = draw(st.integers(MIN_AGE_LIMIT_YEARS, MAX_AGE_LIMIT_YEARS))
    tenths = draw(st.integers(age_limit * 10 + 1, MAX_CHALLENGE_AGE_YEARS * 10))
    return EffectivePolicy(age_limit, tenths / 10, draw(st.integers(1, MAX_ATTEMPTS)))


estimates = st.builds(AgeEstimate, any_floats, any_floats, any_floats)
finite_floats = st.floats(allow_nan=False, allow_infinity=False) | st.floats(0, 100)


def plain(years: float, sd_years: float = 1.0) -> AgeEstimate:
    """An estimate whose cautious age is its mean."""
    return AgeEstimate(years, sd_years, years)


@given(effective_policies(), estimates, any_floats)
@example(EffectivePolicy(18, 25.0, 3), AgeEstimate(math.nan, math.nan, math.nan), math.nan)
def test_every_estimate_has_exactly_one_result(
    policy: EffectivePolicy, estimate: AgeEstimate, max_sd_years: float
) -> None:
    """No float, however odd, makes the decision fail or answer outside the three verdicts."""
    result = policy.decide(estimate, max_sd_years=max_sd_years)
    assert type(result) is CheckResult
    assert type(result.verdict) is Verdict


@st.composite
def near_the_limits(draw: st.DrawFn) -> tuple[EffectivePolicy, AgeEstimate, float]:
    """A policy, an estimate close to one of its ages, and a limit of the spread close to it."""
    policy = draw(effective_policies())
    close = st.sampled_from([-1.0, -0.01, 0.0, 0.0, 0.01, 1.0, 40.0, math.inf, math.nan])
    mean_years = policy.age_limit + draw(close)
    sd_years = 5.0 + draw(close)
    cautious_years = policy.challenge_age_years + draw(close)
    return policy, AgeEstimate(mean_years, sd_years, cautious_years), 5.0 + draw(close)


cases = st.tuples(effective_policies(), estimates, any_floats) | near_the_limits()


def is_sound(estimate: AgeEstimate, max_sd_years: float) -> bool:
    figures = (estimate.mean_years, estimate.sd_years, estimate.cautious_years)
    return all(-math.inf < f < math.inf for f in figures) and 0 <= estimate.sd_years <= max_sd_years


@settings(max_examples=500)
@given(cases)
def test_over_means_a_sound_estimate_at_or_above_the_challenge_age(
    case: tuple[EffectivePolicy, AgeEstimate, float],
) -> None:
    """OVER comes from one place only: finite figures, certain enough, cautiously above the gate."""
    policy, estimate, max_sd_years = case
    result = policy.decide(estimate, max_sd_years=max_sd_years)
    assert (result.verdict is Verdict.OVER) == (
        is_sound(estimate, max_sd_years)
        and estimate.cautious_years >= policy.challenge_age_years
        and estimate.mean_years >= policy.age_limit
    )


@settings(max_examples=500)
@given(cases)
def test_under_means_a_sound_estimate_below_the_age_limit(
    case: tuple[EffectivePolicy, AgeEstimate, float],
) -> None:
    """UNDER gets signed too, so it needs as sound an estimate as OVER."""
    policy, estimate, max_sd_years = case
    result = policy.decide(estimate, max_sd_years=max_sd_years)
    assert (result.verdict is Verdict.UNDER) == (
        is_sound(estimate, max_sd_years) and estimate.mean_years < policy.age_limit
    )


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("places", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)])
@given(policy=effective_policies(), other=st.floats(0, 100))
def test_an_estimate_that_is_not_finite_is_invalid(
    bad: float, places: tuple[int, ...], policy: EffectivePolicy, other: float
) -> None:
    """A network that answers NaN or infinity opens no gate, whichever figure it is."""
    figures = [bad if place in places else other for place in range(3)]
    assert policy.decide(AgeEstimate(*figures)) == CheckResult.inconclusive(Reason.ESTIMATE_INVALID)


@given(effective_policies(), st.floats(0, 100), st.floats(max_value=-5e-324))
def test_a_negative_spread_is_invalid(
    policy: EffectivePolicy, years: float, sd_years: float
) -> None:
    """A spread below zero means a broken calibration, not a certain estimate."""
    assert policy.decide(plain(years, sd_years)).reason is Reason.ESTIMATE_INVALID


@given(
    effective_policies(),
    st.tuples(finite_floats, finite_floats),
    st.tuples(finite_floats, finite_floats),
    any_floats,
    st.floats(0, 100),
)
def test_a_larger_estimate_never_gets_a_lower_verdict(
    policy: EffectivePolicy,
    means_years: tuple[float, float],
    cautious_years: tuple[float, float],
    sd_years: float,
    max_sd_years: float,
) -> None:
    """Looking older never turns OVER into something less, nor a refusal into UNDER."""
    younger, older = (
        AgeEstimate(pick(means_years), sd_years, pick(cautious_years)) for pick in (min, max)
    )
    lower = policy.decide(younger, max_sd_years=max_sd_years)
    upper = policy.decide(older, max_sd_years=max_sd_years)
    assert RANK[lower.verdict] <= RANK[upper.verdict]


@given(effective_policies())
def test_the_limits_belong_to_the_cautious_side(policy: EffectivePolicy) -> None:
    """The gate opens at the challenge age exactly, and UNDER ends at the age limit exactly."""
    within_buffer = CheckResult.inconclusive(Reason.WITHIN_BUFFER)
    assert policy.decide(plain(policy.challenge_age_years)) == CheckResult(Verdict.OVER)
    assert policy.decide(plain(math.nextafter(policy.challenge_age_years, 0))) == within_buffer
    assert policy.decide(plain(policy.age_limit)) == within_buffer
    assert policy.decide(plain(math.nextafter(policy.age_limit, 0))) == CheckResult(Verdict.UNDER)


def test_the_gate_looks_at_the_cautious_age_and_under_at_the_mean() -> None:
    """A face that looks old enough but uncertain is not OVER, and not UNDER either."""
    policy = EffectivePolicy(18, 25.0, 3)
    assert policy.decide(AgeEstimate(30.0, 6.0, 24.9)).reason is Reason.WITHIN_BUFFER
    assert policy.decide(AgeEstimate(19.0, 6.0, 12.0)).reason is Reason.WITHIN_BUFFER
    assert policy.decide(AgeEstimate(17.9, 6.0, 40.0)) == CheckResult(Verdict.UNDER)


@pytest.mark.parametrize("years", [10.0, 20.0, 40.0])
def test_an_uncertain_estimate_is_not_decided_on(years: float) -> None:
    """The spread's limit holds on both sides, and a limit that is NaN decides nothing."""
    policy = EffectivePolicy(18, 25.0, 3)
    at_limit = policy.decide(plain(years, 4.0), max_sd_years=4.0)
    assert at_limit.reason is not Reason.ESTIMATE_UNCERTAIN
    for max_sd_years in (math.nextafter(4.0, 0), 0.0, -1.0, math.nan, -math.inf):
        result = policy.decide(plain(years, 4.0), max_sd_years=max_sd_years)
        assert result.reason is Reason.ESTIMATE_UNCERTAIN


@pytest.mark.parametrize("wrong", [None, "40", b"40", [40.0], 40j], ids=repr)
@pytest.mark.parametrize("place", range(3))
def test_an_estimate_of_the_wrong_type_never_decides(wrong: Any, place: int) -> None:
    """A part that breaks its contract ends in an error, not in a verdict."""
    figures: list[Any] = [40.0, 1.0, 40.0]
    figures[place] = wrong
    with pytest.raises(TypeError):
        EffectivePolicy(18, 25.0, 3).decide(AgeEstimate(*figures))


@pytest.mark.parametrize(
    "arguments",
    [
        {"age_limit": 0},
        {"age_limit": -18},
        {"age_limit": 80},
        {"age_limit": 81},
        {"age_limit": 18.0},
        {"age_limit": True},
        {"age_limit": "18"},
        {"age_limit": None},
        {"challenge_age": 18},
        {"challenge_age": 17.9},
        {"challenge_age": 80.1},
        {"challenge_age": math.nan},
        {"challenge_age": math.inf},
        {"challenge_age": -math.inf},
        {"challenge_age": True},
        {"challenge_age": "25"},
        {"challenge_age": 25.05},
        {"challenge_age": 10**400},
        {"max_false_over_rate": 10**400},
        {"age_limit": 21, "challenge_age": 21},
        {"age_limit": 79, "challenge_age": 79},
        {"max_false_over_rate": 0},
        {"max_false_over_rate": 1},
        {"max_false_over_rate": -0.02},
        {"max_false_over_rate": math.nan},
        {"max_false_over_rate": True},
        {"max_false_over_rate": "0.02"},
        {"max_false_over_rate": None},
        {"max_attempts": 0},
        {"max_attempts": MAX_ATTEMPTS + 1},
        {"max_attempts": 3.0},
        {"max_attempts": True},
        {"max_attempts": None},
    ],
    ids=repr,
)
def test_a_policy_that_makes_no_sense_is_refused(arguments: dict[str, object]) -> None:
    """A mistake in the settings shows when the policy is made, and names the setting."""
    name = list(arguments)[-1]
    with pytest.raises(PolicyError, match=name):
        AgePolicy(**arguments)  # type: ignore[arg-type]


def test_never_gate_at_the_legal_age() -> None:
    """A challenge age at the limit itself is refused with the reason why."""
    with pytest.raises(PolicyError, match="lets minors through"):
        AgePolicy(age_limit=18, challenge_age=18)
    assert AgePolicy(age_limit=18, challenge_age=18.1).challenge_age == 18.1


def test_every_age_limit_that_is_taken_can_be_resolved() -> None:
    """The highest one, too, has a challenge age above it; a limit of 80 would have none."""
    assert AgePolicy(79, challenge_age=80).resolve({}) == EffectivePolicy(79, 80.0, 3)
    with pytest.raises(PolicyError, match="age_limit"):
        EffectivePolicy(80, 80.0, 3)


def test_without_a_challenge_age_the_table_gives_it() -> None:
    """The default gate is measured, for this very age limit and rate."""
    assert AgePolicy().resolve(TABLE) == EffectivePolicy(18, 27.5, 3)
    assert AgePolicy(max_false_over_rate=0.05).resolve(TABLE).challenge_age_years == 24.9
    assert AgePolicy(age_limit=21).resolve(TABLE) == EffectivePolicy(21, 31.0, 3)


def test_a_given_challenge_age_needs_no_table() -> None:
    """A deployer who sets the gate gets that gate, whatever the table says."""
    assert AgePolicy(challenge_age=25, max_attempts=5).resolve({}) == EffectivePolicy(18, 25.0, 5)
    assert AgePolicy(challenge_age=30.5).resolve(TABLE).challenge_age_years == 30.5


@pytest.mark.parametrize(
    ("policy", "named"),
    [
        (AgePolicy(age_limit=17), "18, 21"),
        (AgePolicy(max_false_over_rate=0.03), "0.02, 0.05"),
        (AgePolicy(max_false_over_rate=0.0200001), "0.02, 0.05"),
        (AgePolicy(age_limit=21, max_false_over_rate=0.05), "0.02"),
    ],
    ids=repr,
)
def test_what_the_table_lacks_is_refused_and_what_it_has_is_named(
    policy: AgePolicy, named: str
) -> None:
    """A policy is never rounded to the nearest one that was measured."""
    with pytest.raises(PolicyError, match=named):
        policy.resolve(TABLE)


@pytest.mark.parametrize("table", [{}, {18: {}}], ids=repr)
def test_an_empty_table_supports_nothing(table: dict[int, dict[float, float]]) -> None:
    """A calibration without entries refuses instead of falling back to a guess."""
    with pytest.raises(PolicyError, match="none"):
        AgePolicy().resolve(table)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 0.0, 18.0, 17.0, 80.1])
def test_a_broken_table_entry_is_refused(bad: float) -> None:
    """A calibration cannot put the gate at or below the age limit, nor at no number at all."""
    with pytest.raises(PolicyError):
        AgePolicy().resolve({18: {0.02: bad}})
    with pytest.raises(PolicyError):
        EffectivePolicy(18, bad, 3)


@given(effective_policies(), effective_policies())
def test_policy_ids_differ_exactly_when_the_policies_do(
    one: EffectivePolicy, other: EffectivePolicy
) -> None:
    """A relying party can tell from the token's policy id under which settings it was made."""
    assert (one.policy_id == other.policy_id) == (one == other)


def test_a_policy_id_is_readable() -> None:
    """The id is public and says its settings in plain words."""
    assert EffectivePolicy(18, 25.0, 3).policy_id == "over-18/challenge-25/attempts-3"
    assert EffectivePolicy(18, 27.5, 3).policy_id == "over-18/challenge-27.5/attempts-3"


def test_policies_cannot_be_changed() -> None:
    """Whoever may move the gate between two checks can narrow an age down."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        AgePolicy().challenge_age = 18.1  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        EffectivePolicy(18, 25.0, 3).challenge_age_years = 18.1  # type: ignore[misc]


def test_the_error_is_one_of_agechecks_and_a_value_error() -> None:
    """A caller who catches the package's root error, or ValueError, catches this one."""
    assert issubclass(PolicyError, AgecheckError)
    assert issubclass(PolicyError, ValueError)
