"""Needs the `mediapipe` extra and strace; `make test-system` has an environment with both."""

from __future__ import annotations

from selfies.conftest import pipeline, sample

__all__ = ["pipeline", "sample"]
