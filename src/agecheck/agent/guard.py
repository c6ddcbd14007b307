"""Who may talk to the agent: pure checks on a request's headers.

No answer carries a CORS header, so no other page can read one; what is left is what a request could
*do*, and that is decided here, beyond what `live_page.guard` does for every page server.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

SUBPROTOCOL = "agecheck-agent"
REQUESTS_PER_MINUTE = 6
WINDOW_S = 60.0


def is_top_level(headers: Mapping[str, str]) -> bool:
    """Whether the browser says that this request opens a page in a tab of its own.

    Not a frame, a picture, a script or a fetch. Browsers that send no such header are not served.
    """
    return (
        headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    )


def is_own_page(headers: Mapping[str, str], host: str) -> bool:
    """Whether a request comes from a page of this very server, or was typed in."""
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return False
    return headers.get("sec-fetch-site") in ("same-origin", "none")


class Pace:
    """Lets a few questions a minute through, whoever asks.

    Args:
        clock: seconds on a monotonic clock.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._came_s: deque[float] = deque()

    def lets_through(self) -> bool:
        """Whether one more may come now. One that may not does not count."""
        now_s = self._clock()
        while self._came_s and now_s - self._came_s[0] >= WINDOW_S:
            self._came_s.popleft()
        if len(self._came_s) >= REQUESTS_PER_MINUTE:
            return False
        self._came_s.append(now_s)
        return True
