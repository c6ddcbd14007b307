"""The file that holds a device's root secret. POSIX only: it stands on owner and mode.

Python's OSError names the path and its JSON error quotes the text, so none of them is let out,
not even as the context of another: every KeyFileError here is raised outside an except block.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from pathlib import Path

from agecheck import private_file
from agecheck.errors import KeyFileError
from agecheck.private_file import PrivateFileError, PrivateFileFault
from agecheck.strict_json import parse_json_object
from agecheck.token.encoding import base64url_decode, base64url_encode

ROOT_SECRET_BYTES = 32
_FORMAT = "agecheck-key"
_VERSION = 1
_MAX_FILE_BYTES = 512
_NOT_ON_THIS_SYSTEM = "key files need a POSIX system, with file owners and modes"
_MALFORMED = "the key file is not one that this version of agecheck writes"


def write_new(path: Path, root: bytes) -> None:
    """Write a key file that did not exist: whole or not at all, mode 0600, never over another.

    The content goes to a temporary file beside it and is linked to its name once it is on disk;
    unlike a rename, a link fails when the name is taken, even by a dangling symlink.

    Raises:
        KeyFileError: the name is taken, or the file cannot be written.
    """
    _require_posix()
    content = json.dumps(
        {"format": _FORMAT, "version": _VERSION, "root": base64url_encode(root)}
    ).encode("ascii")
    temporary = path.parent / f".agecheck-key-{secrets.token_hex(8)}.tmp"
    fault: str | None = None
    try:
        private_file.write_durably(temporary, content + b"\n")
        os.link(temporary, path)
    except FileExistsError:
        fault = "there is something at that path already; a key file is never overwritten"
    except FileNotFoundError:
        fault = "the folder for the key file does not exist"
    except (OSError, ValueError):  # ValueError: a NUL character in the path
        fault = "the key file cannot be written there"
    finally:
        with contextlib.suppress(OSError, ValueError):
            temporary.unlink()
    if fault is not None:
        raise KeyFileError(fault)
    # Some file systems cannot sync a folder. The key is whole either way.
    with contextlib.suppress(OSError):
        private_file.sync_folder(path.parent)


def read(path: Path) -> bytes:
    """The 32-byte root secret of a key file that only this user can read.

    Raises:
        KeyFileError: no such file, not ours, readable by others, or malformed.
    """
    _require_posix()
    content, fault = None, "there is no key file at that path"
    try:
        content = private_file.read(path, max_bytes=_MAX_FILE_BYTES)
    except PrivateFileError as error:
        fault = f"the key file {error.fault.value}"
        if error.fault is PrivateFileFault.TOO_LONG:
            fault = _MALFORMED
    if content is None:
        raise KeyFileError(fault)
    return _parse(content)


def _parse(content: bytes) -> bytes:
    members = parse_json_object(content)
    if members is None or members.keys() != {"format", "version", "root"}:
        raise KeyFileError(_MALFORMED)
    version, encoded = members["version"], members["root"]
    if members["format"] != _FORMAT or type(version) is not int or version != _VERSION:
        raise KeyFileError(_MALFORMED)
    root = base64url_decode(encoded) if isinstance(encoded, str) else None
    if root is None or len(root) != ROOT_SECRET_BYTES:
        raise KeyFileError(_MALFORMED)
    return root


def _require_posix() -> None:
    if os.name != "posix":
        raise KeyFileError(_NOT_ON_THIS_SYSTEM)
