"""Shared by the tests of visits whose session is scripted."""

from __future__ import annotations

import pytest

from agecheck.kiosk import visit


@pytest.fixture
def hastened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results come at once. Where they are not hastened, at whole seconds after the first frame."""
    monkeypatch.setattr(visit, "RELEASE_QUANTUM_MS", 0)
