"""The Redis store on a real server: the stand-in of the unit tests is held to what Redis does.

Needs Debian's redis-server. It listens on a socket in a temporary folder and on no port.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from agecheck.relying_party import RedisReplayStore, ReplayStoreError

KEY = "k" * 43
STARTS_WITHIN_S = 20


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Path]:
    """A server of this test's own, ended with it."""
    socket = tmp_path / "redis.sock"
    command = ["redis-server", "--port", "0", "--unixsocket", str(socket), "--dir", str(tmp_path)]
    command += ["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        end_s = time.monotonic() + STARTS_WITHIN_S
        while not socket.exists():
            assert time.monotonic() < end_s
            time.sleep(0.02)
        yield socket
    finally:
        process.terminate()
        process.wait(timeout=10)


def test_of_sixteen_at_once_one_is_the_first(server: Path) -> None:
    """SET with NX is atomic on the server, whichever connection it comes from."""
    for turn in range(20):
        gate = threading.Barrier(16)

        def spend(_: int, gate: threading.Barrier = gate, key: str = f"{turn:043}") -> bool:
            with redis.Redis(unix_socket_path=str(server)) as client:
                client.ping()
                gate.wait()
                first: bool = RedisReplayStore(client).spend(key, until_s=60, now_s=0)
                return first

        with ThreadPoolExecutor(16) as threads:
            assert Counter(threads.map(spend, range(16))) == {True: 1, False: 15}


@pytest.mark.parametrize("decode", [False, True])
def test_a_mark_has_its_prefix_and_its_end(server: Path, decode: bool) -> None:
    """Redis forgets the mark by itself, not too early and not much later."""
    with redis.Redis(unix_socket_path=str(server), decode_responses=decode) as client:
        store = RedisReplayStore(client, prefix="site:")
        assert store.spend(KEY, until_s=900, now_s=0)
        assert not store.spend(KEY, until_s=900, now_s=0)
        assert client.dbsize() == 1
        assert 899 <= int(client.ttl("site:" + KEY)) <= 901
        assert store.spend("short", until_s=0.5, now_s=0)
        assert not store.spend("short", until_s=0.5, now_s=0)
        time.sleep(1.2)
        assert store.spend("short", until_s=0.5, now_s=0)


def test_a_full_or_absent_server_accepts_nothing(server: Path, tmp_path: Path) -> None:
    """With noeviction a server that is out of memory refuses to write, and no mark is lost."""
    with redis.Redis(unix_socket_path=str(server)) as client:
        store = RedisReplayStore(client)
        assert store.spend(KEY, until_s=900, now_s=0)
        client.config_set("maxmemory", "1")
        with pytest.raises(ReplayStoreError):
            store.spend("another", until_s=900, now_s=0)
        client.config_set("maxmemory", "0")
        assert not store.spend(KEY, until_s=900, now_s=0)
    with (
        redis.Redis(unix_socket_path=str(tmp_path / "nobody.sock")) as client,
        pytest.raises(ReplayStoreError),
    ):
        RedisReplayStore(client).spend(KEY, until_s=900, now_s=0)
