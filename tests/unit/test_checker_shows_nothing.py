"""The checker: nothing that a caller gets shows an age, and nothing can be changed."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import pickle
import pkgutil

import pytest

from agecheck import estimate, liveness, ports, vision
from agecheck.challenge import Challenge
from agecheck.checker import Attestation
from agecheck.policy import EffectivePolicy
from agecheck.verdict import Verdict
from attacks.pictures import PORTRAIT
from attacks.search import PRIVATE_TYPES, living
from attacks.values.attack import measured_outside
from unit.checkers import AUDIENCE, NONCE, POLICY, make_checker
from unit.fakes import FakeSigner, Parts

# --- nothing public shows an age ---

MEAN_YEARS = 31.4159265


def _texts_of(value: object) -> list[str]:
    """Everything that printing, copying and storing can show of a value."""
    texts = [repr(value), str(value), f"{value}", repr(sorted(dir(value)))]
    public_names = [name for name in dir(value) if not name.startswith("__")]
    texts += [repr(getattr(value, name)) for name in public_names]
    if hasattr(value, "__dict__"):
        texts.append(repr(vars(value)))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        texts += [repr(dataclasses.asdict(value)), repr(copy.deepcopy(value))]
        texts.append(repr(pickle.dumps(value, 0)))
    return texts


@pytest.mark.parametrize("policy", [POLICY, EffectivePolicy(35, 40.0, 3)], ids=["over", "under"])
def test_nothing_that_a_caller_gets_shows_an_age(policy: EffectivePolicy) -> None:
    """No attribute, repr, copy or pickle of anything public has the estimate in it."""
    parts = Parts(mean_years=MEAN_YEARS)
    checker = make_checker(parts, policy)
    signer = FakeSigner(AUDIENCE, parts.journal)
    challenge = Challenge(AUDIENCE, NONCE, policy.age_limit)
    public = [checker.check(b"picture"), checker.attest(b"picture", challenge, signer)]
    for value in (*public, checker.policy, checker.seal, checker.bundle_digest, *signer.bound):
        assert not any("31.41" in text for text in _texts_of(value))
    shown = [
        repr(checker),
        str(checker),
        *(repr(getattr(checker, name)) for name in dir(checker) if not name.startswith("_")),
    ]
    assert not any("31.41" in text for text in shown)


@pytest.mark.parametrize("mean_years", [40.0, 20.0, 12.0])
def test_nothing_measured_outlives_its_check(mean_years: float) -> None:
    """After a check there is no age, mesh or crop of a face left in the process to be found."""
    checker = make_checker(Parts(mean_years=mean_years))
    before = living()
    checker.check(b"picture")
    assert [one for one in living() if not any(one is other for other in before)] == []


def test_the_search_finds_one_of_each_kind() -> None:
    """A search that misses a kind of measure would prove nothing about it."""
    found = measured_outside(PORTRAIT.read_bytes())
    assert found == {kind.__name__ for kind in PRIVATE_TYPES}


def test_every_kind_of_measure_is_searched_for() -> None:
    """A new class that holds what was measured on a face is not forgotten by the search."""
    of_no_face = {"Evidence", "BlazeFaceSpec", "Letterbox", "_Heads", "_Spectrum"}
    modules = [ports, estimate]
    for package in (vision, liveness):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            modules.append(importlib.import_module(found.name))
    values = {
        kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == module.__name__
        if dataclasses.is_dataclass(kind) or issubclass(kind, tuple)
    }
    assert {kind for kind in values if kind.__name__ not in of_no_face} == set(PRIVATE_TYPES)


def test_the_checkers_policy_cannot_be_replaced() -> None:
    """Whoever may vary the challenge age between two checks can narrow an age down."""
    checker = make_checker(Parts())
    for name, value in (
        ("policy", EffectivePolicy(18, 18.1, 3)),
        ("seal", "sealed"),
        ("bundle_digest", ""),
    ):
        with pytest.raises(AttributeError):
            setattr(checker, name, value)
    with pytest.raises(TypeError):
        checker.check(b"picture", EffectivePolicy(18, 18.1, 3))  # type: ignore[call-arg]


def test_a_token_is_not_printed_with_its_attestation() -> None:
    """A token in a log could be used by whoever reads the log."""
    attestation = Attestation(Verdict.OVER, None, "the-token")
    assert "the-token" not in repr(attestation)
    assert "the-token" not in f"{attestation}"


def test_an_attestation_cannot_be_changed() -> None:
    """A verdict and its token stay together."""
    attestation = Attestation(Verdict.UNDER, None, "token")
    with pytest.raises(dataclasses.FrozenInstanceError):
        attestation.verdict = Verdict.OVER  # type: ignore[misc]


def test_printing_a_checker_says_what_it_is_set_to() -> None:
    """A log can show under which public policy and seal a device runs."""
    assert repr(make_checker(Parts())) == ("<AgeChecker over-18/challenge-25/attempts-3 seal=open>")
