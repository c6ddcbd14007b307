"""Which age limit each site was last answered about, so that no site narrows an age down.

OVER or UNDER at two limits says more than at one. The file holds, for each site, the thumbprint
of this device's own key for it, one age limit and one day: no name of a site, no hour, no count.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agecheck import private_file
from agecheck.agent.errors import AgentError
from agecheck.strict_json import parse_json_object

KEPT_DAYS = 30
MAX_SITES = 10_000
_FORMAT, _VERSION = "agecheck-agent", 1
_MAX_FILE_BYTES = 1_000_000
_DAY_S = 86_400
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


class AskedAges:
    """For one agent. Another one that shares the file is heeded when it has written.

    Args:
        path: the file, mode 0600; it is made with the first answer.
        now_s: seconds since 1970 (UTC).

    Raises:
        PrivateFileError: the file cannot be read or trusted.
        AgentError: it is not one that this version writes. It is never silently begun anew.
    """

    def __init__(self, path: Path, now_s: Callable[[], float]) -> None:
        self._path, self._now_s = path, now_s
        self._lock = threading.Lock()
        self._asked = self._read()

    def allows(self, site: str, age_limit: int) -> bool:
        """Whether this site may be answered about this age.

        Args:
            site: the thumbprint of the device's key for the site.
            age_limit: in whole years.
        """
        before = self._asked.get(site)
        return before is None or before[0] == age_limit or self._has_run_out(before[1])

    def note(self, site: str, age_limit: int) -> None:
        """Remember, on disk, before a frame is looked at.

        Raises:
            PrivateFileError: it cannot be read or written; then nothing may be answered.
            AgentError: too many sites are remembered, or `allows` says no.
        """
        with self._lock:
            self._asked = {**self._asked, **self._read()}
            self._note(site, age_limit)

    def _note(self, site: str, age_limit: int) -> None:
        if not self.allows(site, age_limit):
            raise AgentError("this site was answered about another age")
        kept = {key: of for key, of in self._asked.items() if not self._has_run_out(of[1])}
        kept[site] = (age_limit, self._today())
        if len(kept) > MAX_SITES:
            raise AgentError("too many sites are remembered")
        if kept == self._asked:
            return
        members = {"format": _FORMAT, "version": _VERSION, "asked": kept}
        private_file.replace(self._path, json.dumps(members).encode("ascii") + b"\n")
        self._asked = kept

    def _read(self) -> dict[str, tuple[int, int]]:
        content = private_file.read(self._path, max_bytes=_MAX_FILE_BYTES)
        return {} if content is None else _parse(content)

    def _today(self) -> int:
        return int(self._now_s() // _DAY_S)

    def _has_run_out(self, day: int) -> bool:
        return self._today() - day > KEPT_DAYS


def _parse(content: bytes) -> dict[str, tuple[int, int]]:
    members: dict[str, Any] = parse_json_object(content) or {}
    asked = members.pop("asked", None)
    is_ours = members == {"format": _FORMAT, "version": _VERSION}
    if is_ours and isinstance(asked, dict) and all(map(_is_entry, asked.items())):
        return {site: (of[0], of[1]) for site, of in asked.items()}
    raise AgentError("the agent's file is not one that this version of agecheck writes")


def _is_entry(entry: tuple[object, object]) -> bool:
    site, of = entry
    return (
        isinstance(site, str)
        and _THUMBPRINT.fullmatch(site) is not None
        and isinstance(of, list)
        and len(of) == 2
        and all(type(number) is int and number >= 0 for number in of)
    )
