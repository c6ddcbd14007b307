"""Who may talk to the page server: pure checks on a request's headers.

The port is open on this machine alone, but any web page in any browser here can have requests sent
to it, under a name of its own choosing (DNS rebinding). So Host and Origin are compared, and what
acts or tells needs a secret that is new at every start.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Mapping

SECRET_BYTES = 24
SUBPROTOCOL = "agecheck-kiosk"


def new_secret() -> str:
    """32 characters of base64url."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hosts(port: int) -> frozenset[str]:
    """The names under which the page may be asked for."""
    return frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})


def origin_is_ours(origin: str | None, host: str) -> bool:
    """Whether a request comes from a page of this very server."""
    return origin == f"http://{host}"


def secrets_match(given: str | None, expected: str) -> bool:
    """Compared in constant time; nothing given never matches."""
    return given is not None and hmac.compare_digest(
        given.encode("utf-8", "replace"), expected.encode()
    )


def offered_secret(subprotocols: Iterable[str]) -> str | None:
    """The secret that a page offers beside SUBPROTOCOL: a browser's WebSocket has no other header
    to send it in, and a URL ends up in logs."""
    others = [offered for offered in subprotocols if offered != SUBPROTOCOL]
    return others[0] if len(others) == 1 else None


def bearer(authorization: str | None) -> str | None:
    """The secret of an Authorization header."""
    if authorization is None or not authorization.startswith("Bearer "):
        return None
    return authorization.removeprefix("Bearer ")


def page_headers(host: str) -> Mapping[str, str]:
    """Headers for every answer: nothing from outside, nothing kept, nobody frames it."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"connect-src 'self' ws://{host}; img-src 'self'; media-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    )
    return {
        "Content-Security-Policy": policy,
        "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), display-capture=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
