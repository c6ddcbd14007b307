"""A browser whose camera is a canvas: pictures that a page can play."""

from __future__ import annotations

import base64
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, sync_playwright


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's, headless."""
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("chromium is missing; install Debian's chromium")
    with sync_playwright() as playwright:
        # Else `localhost` is tried as ::1 first, where another program may have the same port.
        only_ipv4 = "--host-resolver-rules=MAP localhost 127.0.0.1"
        started = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", only_ipv4]
        )
        yield started
        started.close()


def jpeg(frame: NDArray[np.uint8]) -> str:
    """A frame as base64 of a JPEG, small enough to be handed to a page."""
    encoded = io.BytesIO()
    Image.fromarray(frame).save(encoded, "JPEG", quality=95, subsampling=0)
    return base64.b64encode(encoded.getvalue()).decode()
