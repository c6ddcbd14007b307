"""What the `mediapipe` extra needs before it may see a picture (docs/explanation/mediapipe.md)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from agecheck.errors import MissingExtraError, SealError
from agecheck.models.store import mediapipe_models
from agecheck.seal.setup import OwnThreads, WorkerSetup

OLDEST_MAJOR_VERSION = 1
"""Before it, the Tasks API had other threads and another runtime than those measured here."""

EXTRA_CALLS = (
    "getuid",  # its thread pools, at every inference
    "clock_nanosleep",  # two threads wake up once a second
    *("sched_getparam", "sched_getscheduler"),  # a lock that is waited for
    # a thread that was idle for a minute ends, and another one begins when there is work
    *("set_robust_list", "rseq", "sigaltstack"),
    *("timer_create", "timer_settime", "timer_delete", "setitimer", "getitimer"),
)
OWN_THREADS = OwnThreads(
    # It seeds a generator, and counts the processors to choose its kernels; it aborts without.
    readable=("/dev/urandom", "/proc/cpuinfo", "/sys/devices/system/cpu"),
)


def require_mediapipe(seal: str | None) -> None:
    """Refuse what cannot be had, before anything is loaded.

    Raises:
        MissingExtraError: MediaPipe is not installed, or too old.
        SealError: it would run without a seal.
    """
    if seal == "off":
        raise SealError(
            "MediaPipe sends usage metrics, so its detector runs in a sealed worker only"
        )
    from importlib import metadata

    try:
        major, _, _ = metadata.version("mediapipe").partition(".")
    except metadata.PackageNotFoundError:
        major = ""
    if not major.isdigit() or int(major) < OLDEST_MAJOR_VERSION:
        raise MissingExtraError("mediapipe")


def for_mediapipe(setup: WorkerSetup) -> WorkerSetup:
    """The same worker with MediaPipe's detector in it."""
    return replace(
        setup,
        factory="agecheck.sealed_mediapipe:MediaPipeChecks",
        extra_calls=(*setup.extra_calls, *EXTRA_CALLS),
        own_threads=OWN_THREADS,
    )


def digest_with_mediapipe(bundle_digest: str) -> str:
    """A token states another bundle: the one given, with MediaPipe's model files.

    Raises:
        ModelError: their manifest is missing or malformed.
    """
    listing = f"{bundle_digest}\nmediapipe {mediapipe_models().digest()}\n"
    return hashlib.sha256(listing.encode()).hexdigest()
