"""The entry point: starts what a check is going to need, then hands over to the commands."""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

BROKEN, INTERRUPTED = 3, 130
"""As in exits.py, which a process that has not begun need not import."""


def main() -> None:
    """Run the program on the process's own arguments; ends the process."""
    _occupy_closed_streams()
    gc.disable()  # what is loaded stays
    atexit.register(gc.freeze)  # and goes with the process; to look through it takes a check's time
    measures = sys.argv[1:2] == ["bench"]
    if sys.platform != "win32" and not measures:
        # `agecheck check *.jpg | head -1` ends quietly, as other filters do. A benchmark writes to
        # workers, too, and has to outlive one that ends.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        # A file name that the terminal's encoding lacks is shown escaped, and breaks nothing.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if measures:
        signal.signal(signal.SIGTERM, _end_in_order)
    try:
        if _will_need_a_worker(sys.argv[1:]):
            from agecheck.seal.starting import start_ahead

            start_ahead("agecheck.runtime", "agecheck.sealed_checks")
        from agecheck.cli.program import cli

        gc.enable()
        cli(prog_name="agecheck")
    except KeyboardInterrupt:  # before a command had begun
        sys.exit(INTERRUPTED)
    except OSError as error:  # help that cannot be printed
        with contextlib.suppress(OSError):  # or there is no room for this line either
            print(f"agecheck: internal error ({type(error).__name__})", file=sys.stderr)
        sys.exit(BROKEN)
    finally:
        _drop_what_nobody_took()


def _end_in_order(number: int, _frame: FrameType | None) -> None:
    """A machine that is taken away says so first: what was measured is kept, as after Ctrl-C."""
    sys.exit(128 + number)


def _occupy_closed_streams() -> None:
    """Or the next file or socket has the number to which errors are written."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _drop_what_nobody_took() -> None:
    """After a full disk Python would try once more as it ends, say so, and end as 120. What was
    not written was not answered, whatever exit code was on its way."""
    for stream in filter(None, (sys.stdout, sys.stderr)):  # a closed one is None
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            sys.exit(BROKEN)


def _will_need_a_worker(arguments: Sequence[str]) -> bool:
    """A guess, before the arguments are understood: a wrong one costs time and nothing else."""
    asks_for_none = {"-h", "--help", "off", "--seal=off"}
    return (
        sys.platform == "linux"
        and arguments[:1] == ["check"]
        and asks_for_none.isdisjoint(arguments)
    )
