"""Pace, waiting questions and header checks: the pure parts of who may talk to an agent."""

from __future__ import annotations

import pytest

from agecheck.agent import guard
from agecheck.agent.questions import AT_MOST, Questions
from agecheck.challenge import Challenge
from agecheck.web_exchange import KeyKind, Question
from relying_party.devices import Clock

QUESTION = Question(
    Challenge("https://shop.example", "n" * 32, 18), "https://shop.example/a", KeyKind.ENROLLED
)


def test_the_pace_counts_any_sixty_seconds() -> None:
    """Six at once, then none until the first of them is a minute old; refusals do not count."""
    clock = Clock(0.0)
    pace = guard.Pace(clock)
    assert [pace.lets_through() for _ in range(8)] == [True] * 6 + [False] * 2
    clock.now_s = 59.9
    assert not pace.lets_through()
    clock.now_s = 60.0
    assert [pace.lets_through() for _ in range(7)] == [True] * 6 + [False]


def test_a_question_waits_five_minutes() -> None:
    """Then it is gone, unless somebody has its page open; and only so many wait."""
    clock = Clock(0.0)
    questions = Questions(clock)
    added = [questions.add(QUESTION, None) for _ in range(AT_MOST + 1)]
    assert added[-1] is None
    first, second = added[0], added[1]
    assert first is not None
    assert second is not None
    assert len({one.name for one in added if one} | {one.secret for one in added if one}) == 32
    first.is_open = True
    clock.now_s = 300.0
    assert questions.get(first.name) is first
    assert questions.get(second.name) is None
    questions.remove(first)
    assert questions.get(first.name) is None
    assert questions.add(QUESTION, None) is not None


def test_a_question_prints_no_secret() -> None:
    """What begins a check is not for a log."""
    pending = Questions(Clock(0.0)).add(QUESTION, None)
    assert pending is not None
    assert pending.secret not in repr(pending)


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:1"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "http://localhost:1"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({}, False),
    ],
)
def test_files_are_for_the_agents_own_page(headers: dict[str, str], own: bool) -> None:
    """Another page, on another port of this machine too, cannot load them to see who listens."""
    assert guard.is_own_page(headers, "127.0.0.1:1") is own
