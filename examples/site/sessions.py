"""Sessions in memory, named by a cookie that no other site can have sent along."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

COOKIE = "session"
LIFE_S = 3600.0
AT_MOST = 50_000


@dataclass
class Session:
    """One visitor's browser.

    Attributes:
        is_over: all that is kept of an answer.
    """

    name: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    ends_s: float = field(default_factory=lambda: time.monotonic() + LIFE_S)
    ticket: str = ""
    is_over: bool = False
    has_passkey: bool = False
    passkey_challenge: bytes | None = None


class Sessions:
    """In one process. A real site has a store of its own for them.

    Args:
        is_https: whether the cookie is for HTTPS alone.
    """

    def __init__(self, *, is_https: bool) -> None:
        self._is_https = is_https
        self._sessions: dict[str, Session] = {}

    def of(self, request: Request) -> Session | None:
        """The session that the request's cookie names."""
        session = self._sessions.get(request.cookies.get(COOKIE, ""))
        return session if session is not None and time.monotonic() < session.ends_s else None

    def new(self) -> Session:
        """One that is kept from now on."""
        session = Session()
        while len(self._sessions) >= AT_MOST:
            self._sessions.pop(next(iter(self._sessions)))  # the oldest
        self._sessions[session.name] = session
        return session

    def renew(self, session: Session) -> Session:
        """A fresh one in its place: who knew the old name knows nothing now."""
        self._sessions.pop(session.name, None)
        return self.new()

    def hand_out(self, session: Session, response: Response) -> None:
        """Set the cookie. SameSite=Strict will do: the answer comes from the site's own page."""
        response.set_cookie(
            COOKIE, session.name, httponly=True, samesite="strict", secure=self._is_https
        )
