"""Poisoned code raises no walls and says that all stand. What holds then are the first ones."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from attacks.attempt import Attempt, Try
from attacks.scenes import caller_with_handler, folder, tcp_listener
from attacks.signal_parent.attack import Kill


class Liar(Attempt):
    """Takes the place of what raises the walls, in the worker, before its time has come."""

    def prepare(self) -> None:
        from agecheck.seal import walls
        from agecheck.seal_state import Wall

        def say_all(*_: Any, **__: Any) -> set[Wall]:
            return set(Wall)

        walls.raise_walls = say_all


class Send(Liar):
    def act(self, data: bytes) -> bool:
        with socket.socket() as connection:
            connection.connect(("127.0.0.1", self.given["port"]))
            connection.sendall(data)
        return True


class Leave(Liar):
    def act(self, data: bytes) -> bool:
        (Path(self.given["folder"]) / "left").write_bytes(data)
        return True


class Signal(Liar):
    def act(self, data: bytes) -> bool:
        return Kill(**self.given).act(data)


TRIES = (
    Try("and connects", Send, prepare_stage="before_seal", scene=tcp_listener),
    Try("and writes a file", Leave, prepare_stage="before_seal", scene=folder()),
    Try("and sends a signal", Signal, prepare_stage="before_seal", scene=caller_with_handler),
)
