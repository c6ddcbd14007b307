"""How many checks ended how: counted here, and shown late and in bulk.

A counter read before and after one visit is that visit's verdict. So what is shown changes every
15 minutes at most, and only when at least 20 more checks have been counted.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum

PUBLISH_EVERY_S = 15 * 60
MIN_CHECKS = 20
_NAME = "agecheck_kiosk_checks_total"


class Ended(StrEnum):
    """How a check ended. Left or declined visits are no checks and are not counted."""

    OVER = "over"
    UNDER = "under"
    ID_NEEDED = "id_needed"


class Counters:
    """Counts, and the counts that are shown. Safe under threads.

    Args:
        clock_s: monotonic, in seconds.
    """

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._counted: Counter[Ended] = Counter()
        self._shown: Mapping[Ended, int] = {}
        self._shown_at_s = clock_s()

    def count(self, ended: Ended) -> None:
        """One more. Does not change what is shown, so that nothing happens at a verdict's time."""
        with self._lock:
            self._counted[ended] += 1

    def prometheus(self) -> str:
        """What is shown, in Prometheus's text format; no sample before the first 20 checks."""
        with self._lock:
            new = self._counted.total() - sum(self._shown.values())
            if self._clock_s() - self._shown_at_s >= PUBLISH_EVERY_S:
                # The period begins anew without a publication, too: the moment at which the
                # twentieth check ends is not to be seen either.
                self._shown_at_s = self._clock_s()
                if new >= MIN_CHECKS:
                    self._shown = dict(self._counted)
            shown = self._shown
        lines = [f"# HELP {_NAME} Checks that ended.", f"# TYPE {_NAME} counter"]
        if shown:
            lines += [f'{_NAME}{{ended="{ended}"}} {shown.get(ended, 0)}' for ended in Ended]
        return "\n".join(lines) + "\n"
