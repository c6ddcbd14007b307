"""Shared by all tests: the sample pictures, and how hypothesis searches."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from hypothesis import settings

PICTURES = Path(__file__).parent / "pictures"

# The default search is the same on every run, so that a red build means a change. `make long` may
# search at random and for longer: pytest --hypothesis-profile explore
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=5_000)
settings.load_profile("repeatable")

# A shell starts what it puts in the background deaf to Ctrl-C, and programs that are started by the
# tests would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def portrait() -> Path:
    """A real face, frontal, 512 x 512 px."""
    return PICTURES / "astronaut.png"


@pytest.fixture
def cat() -> Path:
    """A face, but not a person's: the negative control."""
    return PICTURES / "chelsea.png"
