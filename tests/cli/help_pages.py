"""Writes the program's help texts into documentation pages, or checks that they are current.

    python tests/cli/help_pages.py docs/reference/cli.md docs/reference/kiosk.md
    python tests/cli/help_pages.py --check docs/reference/cli.md docs/reference/kiosk.md

A page marks each place with a comment that names the command, right above a fenced block:

    <!-- help: agecheck check -->
    ```text
    ```
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

MARKER = "<!-- help: "
TERMINAL_WIDTH_CHARS = 80
_BLOCK = re.compile(
    rf"^(?P<head>{MARKER}agecheck(?P<command>[a-z ]*?) -->\n```text\n)(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def help_text(command: str) -> str:
    """What the program prints for a command's --help, on a terminal of a fixed width."""
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "agecheck", *command.split(), "--help"],
        env={**os.environ, "COLUMNS": str(TERMINAL_WIDTH_CHARS)},
        capture_output=True,
        check=True,
        text=True,
    )
    return ran.stdout


def refreshed(page: str) -> str:
    """The page with every marked block as the program prints it now.

    Raises:
        ValueError: the page has no marked block, or a marker without its block.
    """
    blocks = len(_BLOCK.findall(page))
    if blocks == 0 or blocks != page.count(MARKER):
        raise ValueError("each help marker stands right above a ```text block, and one is needed")
    return _BLOCK.sub(lambda m: f"{m['head']}{help_text(m['command'])}```", page)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if stale")
    parser.add_argument("pages", nargs="+", type=Path, metavar="PAGE")
    options = parser.parse_args()
    stale = False
    for path in options.pages:
        page = path.read_text(encoding="utf-8")
        current = refreshed(page)
        if current == page:
            continue
        stale = True
        if options.check:
            print(f"{path}: help texts differ from the program's; `make cli-docs` renews them")
        else:
            path.write_text(current, encoding="utf-8")
    return 1 if stale and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
