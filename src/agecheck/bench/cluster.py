"""Workers on other machines, through a dask.distributed scheduler. Needs the extra `cluster`.

The one part of agecheck that speaks to a network, and only to the scheduler that it is given. What
crosses it are labels, aggregates and the names of bad files; every worker reads the pictures
itself. A worker that ends takes its shards with it, and the scheduler gives them to others.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future

from agecheck.bench.labels import FaceLabel
from agecheck.bench.worker import RunSetup, ShardResult, Worker
from agecheck.errors import AgecheckError, MissingExtraError

SHARD_PICTURES = 2048
"""A tally hardly grows with its pictures (some 8 MB): larger shards are less to send for each of
them. A worker that ends loses at most this much work, less than a minute of it."""
_CONNECT_TIMEOUT_S = 10


class ClusterError(AgecheckError):
    """The cluster cannot be used."""


class ClusterPool:
    """Every thread of every worker that the scheduler has, those that come later included.

    Args:
        address: of the scheduler, such as tcp://10.0.0.1:8786.
        shard_pictures: how many pictures make a shard.

    Raises:
        MissingExtraError: the extra is not installed.
        ClusterError: no scheduler answers there, or it has no workers.
    """

    def __init__(self, setup: RunSetup, address: str, shard_pictures: int = SHARD_PICTURES) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise MissingExtraError("cluster") from None
        try:
            self._client = Client(address, timeout=_CONNECT_TIMEOUT_S, set_as_default=False)
            self._client.wait_for_workers(1, timeout=_CONNECT_TIMEOUT_S)
        except (OSError, ValueError, TimeoutError):
            raise ClusterError("no scheduler with workers answers at that address") from None
        self._executor = self._client.get_executor(pure=False)
        self._setup = setup
        self.shard_pictures = shard_pictures

    @property
    def workers(self) -> int:
        threads: dict[str, int] = self._client.nthreads()
        return max(1, sum(threads.values()))

    def submit(self, shard: list[FaceLabel]) -> Future[ShardResult]:
        # The setup goes with every shard: what is left with a worker is lost with it.
        future: Future[ShardResult] = self._executor.submit(tally_shard, self._setup, shard)
        return future

    def close(self) -> None:
        self._executor.shutdown(wait=False)
        self._client.close()


_mine = threading.local()
"""Of each thread of a worker, for its networks and its open archive are its own."""


def tally_shard(setup: RunSetup, shard: list[FaceLabel]) -> ShardResult:
    """Runs on a worker of the cluster, which keeps its models from one shard to the next."""
    if getattr(_mine, "setup", None) != setup:
        _mine.worker, _mine.setup = Worker(setup), setup
    worker: Worker = _mine.worker
    return worker.tally(shard)
