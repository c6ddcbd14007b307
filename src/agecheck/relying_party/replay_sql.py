"""A replay store in a database table, over Python's DB-API (PEP 249): the key column is unique."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from itertools import count
from typing import Any, Protocol

from agecheck.relying_party.errors import RelyingPartyError, ReplayStoreError, ReplayStoreFault

TABLE = "agecheck_answered"
PURGE_EVERY = 256
_MARKERS = {"qmark": "?", "format": "%s", "pyformat": "%s"}
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


class DbApiModule(Protocol):
    """A DB-API 2.0 module, such as sqlite3: what is used of it."""

    @property
    def paramstyle(self) -> str:
        """How values are marked in a statement."""

    @property
    def IntegrityError(self) -> type[Exception]:  # noqa: N802
        """What a second row with the same primary key raises."""


class SqlReplayStore:
    """For any number of threads, processes and servers that share a database.

    The database decides who is first, by a primary key. A connection is opened for each answer,
    so no connection passes between threads; hand in a pool's `getconn` where that is too slow.
    Marks that have run out are deleted now and then.

    Args:
        module: the DB-API module that the connections come from; its paramstyle is qmark, format
            or pyformat.
        connect: opens a connection, not in autocommit mode; it is closed after use.
        table: lower-case letters, digits and underscores.
    """

    def __init__(
        self, module: DbApiModule, connect: Callable[[], Any], *, table: str = TABLE
    ) -> None:
        marker = _MARKERS.get(module.paramstyle)
        if marker is None:
            raise RelyingPartyError("the database module's paramstyle is not a supported one")
        if not isinstance(table, str) or not _NAME.fullmatch(table):
            raise RelyingPartyError("table is lower-case letters, digits and underscores")
        self._module = module
        self._connect = connect
        self._turns = count(1)
        # The table's name was matched above; values are always passed apart from the text.
        self._create = (
            f"CREATE TABLE IF NOT EXISTS {table} "
            "(challenge CHAR(43) NOT NULL PRIMARY KEY, until_s BIGINT NOT NULL)"
        )
        self._insert = f"INSERT INTO {table} (challenge, until_s) VALUES ({marker}, {marker})"  # noqa: S608
        self._delete = f"DELETE FROM {table} WHERE until_s < {marker}"  # noqa: S608

    def create_table(self) -> None:
        """Make the table unless it is there. Once, when the site is set up.

        Raises:
            ReplayStoreError: FAILED.
        """
        self._run(self._create, ())

    def spend(self, key: str, *, until_s: float, now_s: float) -> bool:
        """As `ReplayStore` has it.

        Raises:
            ReplayStoreError: FAILED: no connection, no table, a lock that was not to be had.
        """
        if next(self._turns) % PURGE_EVERY == 0:
            self.purge(now_s=now_s)
        # Rounded up: a mark may be kept too long, never too short.
        return self._run(self._insert, (key, int(until_s) + 1))

    def purge(self, *, now_s: float) -> None:
        """Delete the marks that have run out. `spend` does it every 256th time by itself.

        Raises:
            ReplayStoreError: FAILED.
        """
        self._run(self._delete, (int(now_s),))

    def _run(self, statement: str, values: tuple[object, ...]) -> bool:
        """False where the row was there already."""
        try:
            with closing(self._connect()) as connection:
                with closing(connection.cursor()) as cursor:
                    cursor.execute(statement, values)
                connection.commit()
        except self._module.IntegrityError:
            return False
        except Exception:
            # Also a pool's errors, which are no DB-API module's. They may quote values and hosts.
            raise ReplayStoreError(ReplayStoreFault.FAILED) from None
        return True
