"""The unsealed live channel ends as the sealed one does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

import pytest

from agecheck.errors import InternalError, PolicyError, WorkerError
from agecheck.live_script import TICK_MS
from agecheck.local_channel import LocalChannel

if TYPE_CHECKING:
    from agecheck.guidance import GuidedSession


class Failing:
    """A session that comes to no result."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def finish(self) -> object:
        raise self.error


@pytest.mark.parametrize(
    ("error", "raised"), [(PolicyError("of ours"), PolicyError), (KeyError(), InternalError)]
)
def test_a_session_that_fails_has_ended(error: Exception, raised: type[Exception]) -> None:
    """At a tick, as every answer, and for good: it cannot be asked again."""
    began_s = time.monotonic()
    channel = LocalChannel(cast("GuidedSession", Failing(error)))
    with pytest.raises(raised):
        channel.finish()
    assert time.monotonic() - began_s >= 0.0009 * TICK_MS
    with pytest.raises(WorkerError):
        channel.finish()
