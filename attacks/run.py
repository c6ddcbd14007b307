"""python -m attacks.run [NAME...]: runs the attacks, one line a try; 1 when one is not stopped."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module

from attacks.trial import Outcome, honest_code_passes, run_tries

ATTACKS = (
    *("connect", "resolve", "files", "terminal", "child", "thread", "descriptor"),
    *("signal_parent", "caller_memory", "shared_memory", "limits", "system_calls", "names"),
    *("startup", "lie", "accomplice", "channel", "exit_status", "timing", "protocol"),
    *("errors", "logs", "values", "token", "policy", "telemetry", "outputs_reads_capture"),
)
"""The folders, in the order of the README."""


def outcomes(name: str) -> Iterator[Outcome]:
    """An attack's tries: a module has TRIES for hostile code, or `run` for hostile callers."""
    attack = import_module(f"attacks.{name}.attack")
    yield from run_tries(getattr(attack, "TRIES", ()))
    if hasattr(attack, "run"):
        yield from attack.run()


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in ATTACKS]
    if unknown:
        print(f"no such attack: {' '.join(unknown)}; there are {' '.join(ATTACKS)}")
        return 2
    if not honest_code_passes():
        print("NOT TRIED anything: honest code does not get through a sealed worker here")
        return 1
    n_bad = n_stopped = 0
    for name in names or ATTACKS:
        for ended in outcomes(name):
            word = {True: "SUCCEEDED", False: "STOPPED", None: "NOT TRIED"}[ended.succeeded]
            print(f"{word:9} {name}: {ended.name}: {ended.by}", flush=True)
            n_bad += ended.succeeded is not False
            n_stopped += ended.succeeded is False
    print(f"{n_stopped} stopped, {n_bad} not")
    return 1 if n_bad or not n_stopped else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
