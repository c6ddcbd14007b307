"""Counters that nobody's verdict can be read off."""

from __future__ import annotations

import pytest

from agecheck.kiosk.counters import MIN_CHECKS, PUBLISH_EVERY_S, Counters, Ended


class Clock:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        self.at_s = 0.0

    def __call__(self) -> float:
        return self.at_s


@pytest.fixture
def clock() -> Clock:
    """At zero."""
    return Clock()


def samples(counters: Counters) -> dict[str, int]:
    """What is shown."""
    lines = counters.prometheus().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: int(value) for name, value in pairs}


def test_nothing_is_shown_of_fewer_than_twenty_checks(clock: Clock) -> None:
    """Not even after a long time."""
    counters = Counters(clock)
    for _ in range(MIN_CHECKS - 1):
        counters.count(Ended.OVER)
    clock.at_s = 10 * PUBLISH_EVERY_S
    assert samples(counters) == {}


def test_what_is_shown_does_not_move_with_a_single_check(clock: Clock) -> None:
    """Within a period nothing changes, and the next one waits for twenty more."""
    counters = Counters(clock)
    for _ in range(MIN_CHECKS):
        counters.count(Ended.OVER)
    assert samples(counters) == {}
    clock.at_s += PUBLISH_EVERY_S
    first = samples(counters)
    assert sum(first.values()) == MIN_CHECKS
    for _ in range(MIN_CHECKS - 1):
        counters.count(Ended.UNDER)
        clock.at_s += PUBLISH_EVERY_S
        assert samples(counters) == first
    counters.count(Ended.UNDER)
    assert samples(counters) == first
    clock.at_s += PUBLISH_EVERY_S
    assert sum(samples(counters).values()) == 2 * MIN_CHECKS


def test_the_text_is_prometheus_format(clock: Clock) -> None:
    """Help, type, and one sample an ending, also for those that are zero."""
    counters = Counters(clock)
    for _ in range(MIN_CHECKS):
        counters.count(Ended.ID_NEEDED)
    clock.at_s = PUBLISH_EVERY_S
    assert counters.prometheus() == (
        "# HELP agecheck_kiosk_checks_total Checks that ended.\n"
        "# TYPE agecheck_kiosk_checks_total counter\n"
        'agecheck_kiosk_checks_total{ended="over"} 0\n'
        'agecheck_kiosk_checks_total{ended="under"} 0\n'
        'agecheck_kiosk_checks_total{ended="id_needed"} 20\n'
    )
