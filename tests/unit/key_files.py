"""A good key file, and what is written in its place."""

from __future__ import annotations

from pathlib import Path

SHOP = "https://shop.example"
ROOT = bytes(range(32))
ROOT_TEXT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
GOOD_FILE = f'{{"format": "agecheck-key", "version": 1, "root": "{ROOT_TEXT}"}}\n'


def write_key_file(path: Path, text: str | bytes = GOOD_FILE, mode: int = 0o600) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path
