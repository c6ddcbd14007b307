"""Who may talk to a page server, and what its answers forbid: pure functions on headers.

The port is open on this machine alone, but any page in any browser here can have requests sent to
it, under a name of its own choosing (DNS rebinding). So Host and Origin are compared, and what acts
or tells needs a secret.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Mapping

SECRET_BYTES = 24


def new_secret() -> str:
    """32 characters of base64url."""
    return secrets.token_urlsafe(SECRET_BYTES)


def secrets_match(given: str | None, expected: str) -> bool:
    """Compared in constant time; nothing given never matches."""
    return given is not None and hmac.compare_digest(
        given.encode("utf-8", "replace"), expected.encode()
    )


def offered_secret(subprotocols: Iterable[str], subprotocol: str) -> str | None:
    """The secret that a page offers beside its subprotocol: a browser's WebSocket has no other
    header to send it in, and a URL ends up in logs."""
    others = [offered for offered in subprotocols if offered != subprotocol]
    return others[0] if len(others) == 1 else None


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
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
