"""Who may talk to the kiosk's page server, beyond what `live_page.guard` does for every one."""

from __future__ import annotations

SUBPROTOCOL = "agecheck-kiosk"


def hosts(port: int) -> frozenset[str]:
    """The names under which the page may be asked for."""
    return frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})


def origin_is_ours(origin: str | None, host: str) -> bool:
    """Whether a request comes from a page of this very server."""
    return origin == f"http://{host}"


def bearer(authorization: str | None) -> str | None:
    """The secret of an Authorization header."""
    if authorization is None or not authorization.startswith("Bearer "):
        return None
    return authorization.removeprefix("Bearer ")
