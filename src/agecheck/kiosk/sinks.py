"""Where a token goes: each sink gets the token and whether it says OVER, and nothing else."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from ssl import SSLContext, create_default_context
from typing import Protocol
from urllib.parse import urlsplit

from agecheck import private_file
from agecheck.kiosk.addresses import is_https
from agecheck.kiosk.config import FallbackSection, GpioSection, WebhookSection
from agecheck.kiosk.errors import DeliveryError, KioskConfigError
from agecheck.private_file import PrivateFileError

MAX_SECRET_BYTES = 4096


class Sink(Protocol):
    """One place where tokens go."""

    def send(self, token: str, *, over: bool) -> None:
        """Deliver it.

        Raises:
            DeliveryError: it did not arrive, as far as can be told.
        """


class Stdout:
    """One token a line. A full disk behind it is a failed delivery."""

    def __init__(self, descriptor: int = 1) -> None:
        self._descriptor = descriptor

    def send(self, token: str, *, over: bool) -> None:  # noqa: ARG002
        line = token.encode("ascii") + b"\n"
        failed = False
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except OSError:
            failed = True
        if failed:
            raise DeliveryError("standard output takes nothing")


class Webhook:
    """POSTs tokens to one URL: no redirect is followed, no proxy asked, within one deadline.

    Args:
        section: where, and how long one delivery may take in all.
    """

    def __init__(self, section: WebhookSection) -> None:
        self._url, self._deadline_s = section.url, section.deadline_s
        self._tls = tls_of(section.ca_file) if is_https(section.url) else None

    def send(self, token: str, *, over: bool) -> None:  # noqa: ARG002
        post(self._url, token.encode("ascii"), self._deadline_s, self._tls)


class GpioPulse:
    """Sets a pin for a moment, for OVER only.

    Raises:
        KioskConfigError: there is no such pin on this machine.
    """

    def __init__(self, section: GpioSection) -> None:
        from gpiozero import OutputDevice
        from gpiozero.exc import GPIOZeroError

        device = None
        with suppress(GPIOZeroError, OSError, ImportError):
            device = OutputDevice(section.pin, active_high=section.active_high, initial_value=False)
        if device is None:
            raise KioskConfigError("settings: the pin of [outputs.gpio] cannot be used here")
        self._device = device
        self._pulse_s = section.pulse_ms / 1000

    def send(self, token: str, *, over: bool) -> None:  # noqa: ARG002
        if not over:
            return
        self._device.on()
        try:
            time.sleep(self._pulse_s)
        finally:
            self._device.off()


class Fallback:
    """Calls for a person to look at an ID. The call is the same whatever the reason was."""

    def __init__(self, section: FallbackSection) -> None:
        self._section = section
        is_tls = section.url is not None and is_https(section.url)
        self._tls = tls_of(None) if is_tls else None

    def call(self) -> None:
        """Make it, and wait for its end.

        Raises:
            DeliveryError: it failed.
        """
        if self._section.url is not None:
            post(self._section.url, b"", self._section.deadline_s, self._tls)
        elif self._section.command is not None:
            run_command(self._section.command, self._section.deadline_s)


def post(url: str, body: bytes, deadline_s: float, tls: SSLContext | None) -> None:
    """One POST. Any answer but 2xx is a failure; what it says beyond its status is not read.

    Args:
        url: http or https.
        body: may be empty.
        deadline_s: for all of it, name look-up included.
        tls: for https.

    Raises:
        DeliveryError: it failed, or took longer.
    """
    result: list[int] = []
    thread = threading.Thread(
        target=_post, args=(url, body, deadline_s, tls, result), daemon=True, name="post"
    )
    thread.start()
    # A socket's own time limit starts anew with every byte, and knows nothing of name look-ups.
    thread.join(deadline_s)
    if len(result) != 1 or not 200 <= result[0] < 300:
        raise DeliveryError("the address did not take it")


def _post(
    url: str, body: bytes, deadline_s: float, tls: SSLContext | None, result: list[int]
) -> None:
    parts = urlsplit(url)
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection: HTTPConnection
    if is_https(url):
        # The name stays for TLS, which compares it with the certificate.
        connection = HTTPSConnection(
            parts.hostname or "", parts.port, timeout=deadline_s, context=tls
        )
    else:
        connection = HTTPConnection(host, parts.port, timeout=deadline_s)
    headers = {"Content-Type": "application/jwt"} if body else {}
    try:
        connection.request("POST", target, body, {**headers, "User-Agent": "agecheck-kiosk"})
        result.append(connection.getresponse().status)
    except (OSError, HTTPException):
        return
    finally:
        connection.close()


def run_command(command: Sequence[str], deadline_s: float) -> None:
    """Run a program without input, output, variables or anything of the session.

    Raises:
        DeliveryError: it cannot be run, fails, or takes longer.
    """
    import subprocess

    failed = False
    try:
        subprocess.run(  # noqa: S603 - the operator's own settings name it
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.environ.get("PATH", os.defpath)},
            timeout=deadline_s,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        failed = True
    if failed:
        raise DeliveryError("the fallback command failed")


def tls_of(ca_file: str | None) -> SSLContext:
    """TLS that checks certificates and names, against the system's authorities or one file.

    Raises:
        KioskConfigError: the file cannot be used.
    """
    context = None
    with suppress(OSError):  # SSLError is one
        context = create_default_context(cafile=ca_file)
    if context is None:
        raise KioskConfigError("settings: a `ca_file` cannot be used")
    return context


def read_secret(path: str | Path) -> bytes:
    """The content of a secret file without its last line break. It is this user's alone, or root's,
    whose access list may name others, as it names a service of systemd's.

    Raises:
        KioskConfigError: it cannot be read, is empty, or others can read it.
    """
    content, fault = None, "cannot be read"
    try:
        content = private_file.read(Path(path), max_bytes=MAX_SECRET_BYTES, may_be_roots=True)
    except PrivateFileError as error:
        fault = error.fault.value
    if content is None:
        raise KioskConfigError(f"settings: a secret file {fault}")
    secret = content.removesuffix(b"\n")
    if not secret:
        raise KioskConfigError("settings: a secret file is empty")
    return secret
