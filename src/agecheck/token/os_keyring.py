"""A device's root secret in the operating system's keyring instead of a file.

Needs the package keyring and a keyring that is unlocked with the person's login: Secret Service,
KWallet, macOS Keychain or Windows Credential Manager. What encrypts nothing is not used. Every
program that runs as the person can ask an unlocked keyring; a file with mode 0600 has the same
limit, and this protects a stolen disk.
"""

from __future__ import annotations

import re
import secrets
from importlib.util import find_spec
from typing import Any

from agecheck.errors import KeyFileError, MissingExtraError
from agecheck.token.encoding import base64url_decode, base64url_encode
from agecheck.token.keyfile import ROOT_SECRET_BYTES
from agecheck.token.keys import DeviceKey

SERVICE = "agecheck"
LOWEST_PRIORITY = 1
"""Keyring's own word for backends that it recommends; plain text and "no keyring" are below."""
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


def create_in_keyring(name: str) -> DeviceKey:
    """Make a new key and keep it under a name.

    Args:
        name: 1 to 64 characters of A-Z a-z 0-9 . _ -

    Raises:
        KeyFileError: the name is taken, or there is no keyring that can be used.
        MissingExtraError: the package keyring is not installed.
    """
    backend = _backend(name)
    root = secrets.token_bytes(ROOT_SECRET_BYTES)
    if _get(backend, name) is not None:
        raise KeyFileError("the keyring has a key of that name already; it is never overwritten")
    try:
        backend.set_password(SERVICE, name, base64url_encode(root))
    except Exception:  # each system has errors of its own, and they may name the user
        kept = False
    else:
        kept = _get(backend, name) == root
    if not kept:
        raise KeyFileError("the keyring did not keep the key")
    return DeviceKey._from_root(root)


def load_from_keyring(name: str) -> DeviceKey:
    """The key that was kept under a name.

    Raises:
        KeyFileError: there is none, it is malformed, or there is no keyring that can be used.
        MissingExtraError: the package keyring is not installed.
    """
    root = _get(_backend(name), name)
    if root is None:
        raise KeyFileError("the keyring has no key of that name")
    return DeviceKey._from_root(root)


def _get(backend: Any, name: str) -> bytes | None:
    try:
        text = backend.get_password(SERVICE, name)
    except Exception:
        text = 0
    if text is None:
        return None
    root = base64url_decode(text) if isinstance(text, str) else None
    if root is None or len(root) != ROOT_SECRET_BYTES:
        raise KeyFileError("the keyring cannot be read, or holds something else under that name")
    return root


def _backend(name: str) -> Any:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise KeyFileError("a name in the keyring is 1 to 64 characters of A-Z a-z 0-9 . _ -")
    if find_spec("keyring") is None:
        raise MissingExtraError("keyring")
    from keyring.backend import get_all_keyring
    from keyring.backends.chainer import ChainerBackend

    # The chain of all backends would fall back to a weaker one when a better one fails.
    usable = [
        backend
        for backend in get_all_keyring()
        if not isinstance(backend, ChainerBackend) and backend.priority >= LOWEST_PRIORITY
    ]
    if not usable:
        raise KeyFileError("this system has no keyring that encrypts")
    return max(usable, key=lambda backend: backend.priority)
