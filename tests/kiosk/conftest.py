"""Shared by the tests of visits whose session is scripted."""

from __future__ import annotations

import pytest

from agecheck.kiosk import attendant, visit


@pytest.fixture
def hastened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results come at once, and consent is taken at once. Where they are not hastened, an OVER
    comes at a whole second after the first frame and all else at a multiple of five, and consent
    needs its time to be read."""
    monkeypatch.setattr(attendant, "READ_FIRST_S", 0.0)
    monkeypatch.setattr(visit, "RELEASE_QUANTUM_MS", 0)
    monkeypatch.setattr(visit, "NO_OVER_QUANTUM_MS", 0)
