"""Poisoned code starts a thread before the walls stand: a filter set later might leave it free."""

from __future__ import annotations

import os
import socket
import threading

from attacks.attempt import Attempt, Try
from attacks.scenes import tcp_listener


class Inside(Attempt):
    """A thread on the picture. What it sends is beside the point: it must not begin."""

    def act(self, data: bytes) -> bool:
        ran = threading.Event()
        thread = threading.Thread(target=ran.set)
        try:
            thread.start()
        except RuntimeError:  # "can't start new thread"
            return False
        return ran.wait(2) and bool(data)


class Waiting(Attempt):
    """A thread that waits until somebody else has seen the picture, and then connects."""

    def prepare(self) -> None:
        self._data = b""
        self._told, self._done = threading.Event(), threading.Event()
        threading.Thread(target=self._send, daemon=True).start()

    def act(self, data: bytes) -> bool:
        self._data = data
        self._told.set()
        return self._done.wait(2)

    def _send(self) -> None:
        self._told.wait()
        with socket.socket() as connection:
            connection.connect(("127.0.0.1", self.given["port"]))
            connection.sendall(self._data)
        self._done.set()


class AfterFork(Waiting):
    """The same thread, begun in every new process by a hook that outlives the fork."""

    def prepare(self) -> None:
        os.register_at_fork(after_in_child=super().prepare)
        super().prepare()  # for the control, which does not fork


class Hidden(Waiting):
    """The same thread in a worker that says all walls stand, and raises none."""

    def prepare(self) -> None:
        from agecheck.seal import walls
        from agecheck.seal_state import Wall

        walls.raise_walls = lambda *_: set(Wall)
        super().prepare()


_THREAD = ("clone", "clone3", "set_robust_list", "rseq", "rt_sigaction", "prctl")
TRIES = (
    Try("begun on the picture", Inside, calls=_THREAD),
    Try("begun before the walls", Waiting, prepare_stage="before_seal", scene=tcp_listener),
    Try(
        *("the same, where walls may be missing", Waiting),
        prepare_stage="before_seal",
        scene=tcp_listener,
        require_all=False,
    ),
    Try("begun and used in the fork server", Waiting, "server", scene=tcp_listener),
    Try("begun in the fork server", Waiting, scene=tcp_listener),
    Try("begun by a hook at the fork", AfterFork, scene=tcp_listener),
    Try("hidden by a lie", Hidden, prepare_stage="before_seal", scene=tcp_listener),
)
