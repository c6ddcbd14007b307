"""Who may talk to the agent: pure checks on a request's headers.

The port is open on this machine alone, but any page in any browser here can have requests sent to
it, under a name of its own choosing (DNS rebinding). No answer carries a CORS header, so no other
page can read one; what is left is what a request could *do*, and that is decided here.
"""

from __future__ import annotations

import hmac
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Mapping

SECRET_BYTES = 24
SUBPROTOCOL = "agecheck-agent"
REQUESTS_PER_MINUTE = 6
WINDOW_S = 60.0


def new_secret() -> str:
    """32 characters of base64url."""
    return secrets.token_urlsafe(SECRET_BYTES)


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


def secrets_match(given: str | None, expected: str) -> bool:
    """Compared in constant time; nothing given never matches."""
    return given is not None and hmac.compare_digest(
        given.encode("utf-8", "replace"), expected.encode()
    )


def offered_secret(subprotocols: Iterable[str]) -> str | None:
    """The secret beside SUBPROTOCOL: a browser's WebSocket has no other header to send it in."""
    others = [offered for offered in subprotocols if offered != SUBPROTOCOL]
    return others[0] if len(others) == 1 else None


class Pace:
    """Lets a few questions a minute through, whoever asks.

    Args:
        clock: seconds on a monotonic clock.
        at_most: questions in any 60 seconds.
    """

    def __init__(self, clock: Callable[[], float], at_most: int = REQUESTS_PER_MINUTE) -> None:
        self._clock, self._at_most = clock, at_most
        self._came_s: deque[float] = deque()

    def lets_through(self) -> bool:
        """Whether one more may come now. One that may not does not count."""
        now_s = self._clock()
        while self._came_s and now_s - self._came_s[0] >= WINDOW_S:
            self._came_s.popleft()
        if len(self._came_s) >= self._at_most:
            return False
        self._came_s.append(now_s)
        return True


def page_headers(host: str) -> Mapping[str, str]:
    """Headers for every answer: nothing from outside, nothing kept, nobody frames or opens it."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'"
    )
    return {
        "Content-Security-Policy": policy,
        "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), display-capture=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
