"""One token, sixteen times at once: one acceptance, on every store."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from agecheck.relying_party import (
    AnswerError,
    MemoryReplayStore,
    RedisReplayStore,
    RelyingParty,
    RelyingPartyError,
    ReplayStore,
    ReplayStoreError,
    ReplayStoreFault,
    SqlReplayStore,
)
from relying_party.conftest import MakeSite
from relying_party.devices import NOW_S, VISITOR, Clock, answer
from relying_party.stores import FailingRedis, OddRedis

AT_ONCE = 16
KEY = "k" * 43


def outcome(site: RelyingParty, token: str, ticket: str) -> str:
    try:
        return (
            "over"
            if site.verify(token, ticket=ticket, visitor=VISITOR, age_limit=18).over
            else "under"
        )
    except AnswerError as error:
        return error.fault.name


def test_one_token_sixteen_times_at_once_in_threads(
    make_site: MakeSite, store: ReplayStore
) -> None:
    """Sixteen threads wait at one gate and submit together, again and again."""
    for _ in range(10):
        site = make_site(replay_store=store)
        asked = site.new_challenge(18, visitor=VISITOR)
        token, gate = answer(asked.challenge), threading.Barrier(AT_ONCE)

        def submit(_: int, site: RelyingParty = site, token: str = token) -> str:
            gate.wait()  # noqa: B023
            return outcome(site, token, asked.ticket)  # noqa: B023

        with ThreadPoolExecutor(AT_ONCE) as threads:
            counted = Counter(threads.map(submit, range(AT_ONCE)))
        assert counted == {"over": 1, "ALREADY_ANSWERED": AT_ONCE - 1}


PROCESS = """
import sqlite3, sys
from concurrent.futures import ThreadPoolExecutor
from agecheck.relying_party import PinnedKeys, RelyingParty, SqlReplayStore
from relying_party.devices import POLICY, SECRET, SITE, Clock, signer_of
from relying_party.test_once import outcome
path, token, ticket = sys.argv[1:]
store = SqlReplayStore(sqlite3, lambda: sqlite3.connect(path, timeout=30))
trust = PinnedKeys([signer_of().public_jwk()])
site = RelyingParty(
    SITE, secret=SECRET, trust=trust, policy=POLICY, replay_store=store, clock=Clock()
)
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(4) as threads:
    print(*threads.map(lambda _: outcome(site, token, ticket), range(4)))
"""


def test_one_token_sixteen_times_at_once_in_four_processes(
    make_site: MakeSite, tmp_path: Path
) -> None:
    """A site's workers share a database and nothing else."""
    path = tmp_path / "site.db"
    SqlReplayStore(sqlite3, lambda: sqlite3.connect(path)).create_table()
    asked = make_site().new_challenge(18, visitor=VISITOR)
    command = [sys.executable, "-c", PROCESS, str(path), answer(asked.challenge), asked.ticket]
    # The package under test is the one that this process has, wherever that is.
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path)))
    with ExitStack() as ended:
        workers = [
            ended.enter_context(
                subprocess.Popen(  # noqa: S603
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    env=environment,
                )
            )
            for _ in range(4)
        ]
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        said = " ".join(worker.communicate(timeout=60)[0] for worker in workers)
    assert Counter(said.split()) == {"over": 1, "ALREADY_ANSWERED": AT_ONCE - 1}


# What a store promises


def test_a_mark_is_kept_until_it_may_go(store: ReplayStore, clock: Clock) -> None:
    """A mark outlives its challenge to the last second, and others do not disturb it."""
    assert store.spend(KEY, until_s=NOW_S + 60, now_s=NOW_S) is True
    assert store.spend("o" * 43, until_s=NOW_S + 600, now_s=NOW_S) is True
    for later_s in (0, 1, 59, 60):
        clock.now_s = NOW_S + later_s
        again = store.spend(KEY, until_s=clock.now_s + 60, now_s=clock.now_s)
        assert again is False, later_s


def test_the_memory_store_forgets_what_has_run_out_and_is_bounded() -> None:
    """A day of visitors does not fill it; when it is full it refuses, and forgets no mark."""
    store = MemoryReplayStore(max_entries=100)
    for second in range(10_000):
        assert store.spend(f"{second:043}", until_s=second + 60, now_s=second)
        assert len(store) <= 62
    full = MemoryReplayStore(max_entries=2)
    assert full.spend("a", until_s=10, now_s=0)
    assert full.spend("b", until_s=10, now_s=0)
    with pytest.raises(ReplayStoreError) as caught:
        full.spend("c", until_s=10, now_s=5)
    assert caught.value.fault is ReplayStoreFault.FULL
    assert full.spend("a", until_s=10, now_s=10) is False
    assert full.spend("c", until_s=20, now_s=11)


class SlowKey(str):
    """A text whose look-up lets another thread go first, as an unlucky switch would."""

    __slots__ = ()

    def __hash__(self) -> int:
        time.sleep(0.01)
        return super().__hash__()


def test_the_memory_store_leaves_no_moment_between_look_and_mark() -> None:
    """Threads that are switched at the worst moment still get one yes between them."""
    store, gate = MemoryReplayStore(), threading.Barrier(8)

    def spend(_: int) -> bool:
        gate.wait()
        return store.spend(SlowKey(KEY), until_s=60, now_s=0)

    with ThreadPoolExecutor(8) as threads:
        assert Counter(threads.map(spend, range(8))) == {True: 1, False: 7}


@pytest.mark.parametrize("max_entries", [0, -1, 1.5, True, None])
def test_a_memory_store_has_a_size(max_entries: object) -> None:
    """Neither nothing nor everything fits."""
    with pytest.raises(RelyingPartyError):
        MemoryReplayStore(max_entries=max_entries)  # type: ignore[arg-type]


def test_the_table_does_not_grow_for_ever(tmp_path: Path) -> None:
    """Marks that have run out are deleted along the way; those that have not are kept."""

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(tmp_path / "site.db")

    store = SqlReplayStore(sqlite3, connect)
    store.create_table()
    store.create_table()  # a second server is set up later
    for second in range(600):
        assert store.spend(f"{second:043}", until_s=second + 10, now_s=second)
    connection = connect()
    (rows,) = connection.execute("SELECT count(*) FROM agecheck_answered").fetchone()
    connection.close()
    assert 10 <= rows <= 270
    assert store.spend(f"{599:043}", until_s=700, now_s=600) is False


def test_a_database_that_fails_accepts_nothing(tmp_path: Path) -> None:
    """No table, no file, a lock held by another, a pool's own error: none is a first answer."""

    def refusing() -> sqlite3.Connection:
        raise RuntimeError("pool of db.internal:5432 is exhausted")

    path = tmp_path / "locked.db"
    SqlReplayStore(sqlite3, lambda: sqlite3.connect(path)).create_table()
    holder = sqlite3.connect(path)
    holder.execute("BEGIN EXCLUSIVE")
    stores = [
        SqlReplayStore(sqlite3, lambda: sqlite3.connect(tmp_path / "empty.db")),
        SqlReplayStore(sqlite3, lambda: sqlite3.connect(tmp_path / "no" / "folder.db")),
        SqlReplayStore(sqlite3, lambda: sqlite3.connect(path, timeout=0)),
        SqlReplayStore(sqlite3, refusing),
    ]
    for store in stores:
        with pytest.raises(ReplayStoreError) as caught:
            store.spend(KEY, until_s=60, now_s=0)
        assert str(caught.value) == ReplayStoreFault.FAILED.value
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
    holder.close()


@pytest.mark.parametrize("table", ["", "Marks", "a b", "a;drop table x", "1a", "a" * 64, None])
def test_a_table_name_is_plain(table: object) -> None:
    """The name goes into SQL text, so nothing but a name fits."""
    with pytest.raises(RelyingPartyError):
        SqlReplayStore(sqlite3, lambda: None, table=table)  # type: ignore[arg-type]


def test_other_databases_get_their_own_marker() -> None:
    """PostgreSQL's and MySQL's modules write %s; a style that is not known is refused."""

    class Module:
        IntegrityError = ValueError

        def __init__(self, paramstyle: str) -> None:
            self.paramstyle = paramstyle

    executed: list[tuple[str, object]] = []

    class Connection:
        def cursor(self) -> Connection:
            return self

        def execute(self, statement: str, values: object) -> None:
            executed.append((statement, values))

        def commit(self) -> None: ...

        def close(self) -> None: ...

    for style in ("format", "pyformat"):
        assert SqlReplayStore(Module(style), Connection).spend(KEY, until_s=60.5, now_s=0)
    assert executed == 2 * [
        ("INSERT INTO agecheck_answered (challenge, until_s) VALUES (%s, %s)", (KEY, 61))
    ]
    with pytest.raises(RelyingPartyError):
        SqlReplayStore(Module("named"), Connection)


def test_a_redis_that_fails_or_answers_oddly_accepts_nothing() -> None:
    """Only the documented yes is a yes; the client's error, which names hosts, stays inside."""
    with pytest.raises(ReplayStoreError) as caught:
        RedisReplayStore(FailingRedis()).spend(KEY, until_s=60, now_s=0)
    assert str(caught.value) == ReplayStoreFault.FAILED.value
    assert caught.value.__suppress_context__
    for says in (None, False, 0, b"QUEUED", "queued", object(), [True]):
        assert RedisReplayStore(OddRedis(says)).spend(KEY, until_s=60, now_s=0) is False
    for says in (True, "OK", b"OK"):
        assert RedisReplayStore(OddRedis(says)).spend(KEY, until_s=60, now_s=0) is True
