"""Which addresses may be sent to: HTTPS, unless they stay on this machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from agecheck.kiosk.errors import KioskConfigError


def require_safe_url(url: str, name: str) -> None:
    """A URL with nothing odd in it, HTTPS unless it stays on this machine.

    Raises:
        KioskConfigError: it is not.
    """
    fault = None
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port != 0
    except ValueError:
        fault = "is no URL"
    else:
        if parts.scheme not in ("https", "http") or not parts.hostname or not port_is_fine:
            fault = "is no http or https URL"
        elif not url.isascii() or not url.isprintable() or " " in url:
            fault = "has characters that a URL has not"
        elif parts.username is not None or parts.password is not None or parts.fragment:
            fault = "may not hold a user, a password or a fragment"
        elif not is_https(url) and not is_loopback(parts.hostname):
            fault = "is https, unless its host is this machine"
    if fault is not None:
        raise KioskConfigError(f"settings: `{name}` {fault}")


def is_https(url: str) -> bool:
    """Whether TLS is spoken there: the one judge of it, when a URL is accepted and when it is used.

    Schemes have no case: HTTPS://… is https.

    Raises:
        ValueError: it is no URL.
    """
    return urlsplit(url).scheme == "https"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name; nothing is looked up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
