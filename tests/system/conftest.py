"""What several files here drive: one browser, and the example site with its agent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from system.example_site import Place, running
from system.playing import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all tests here."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Over 18, from an estimate of 19 on: the person in the sample portrait is."""
    with running(tmp_path_factory.mktemp("site"), "18=19") as started:
        yield started
