"""A kiosk as a program, and a page's side of its conversation."""

from __future__ import annotations

import json
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from PIL import Image
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from agecheck.kiosk.attendant import READ_FIRST_S
from agecheck.token import DeviceKey, VerifiedToken, verify_token
from agecheck.token.encoding import base64url_decode

SHOP = "https://shop.example"
START_S = 60.0


@dataclass
class Kiosk:
    """A running one."""

    process: subprocess.Popen[bytes]
    folder: Path
    lines: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return urlsplit(self.address("page")).port or 0

    def address(self, name: str) -> str:
        """Of the page, or of the staff page."""
        return (self.folder / f"kiosk-{name}.url").read_text().strip()

    def child(self, name: str) -> int:
        """The process id of capture or outputs."""
        listing = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        for pid in listing.split():
            if f"agecheck.kiosk.{name}".encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
        raise ProcessLookupError(name)

    def last_detail(self) -> str | None:
        """Why the last check was inconclusive, from the staff page's data."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        secret = urlsplit(self.address("staff")).fragment
        connection.request("GET", "/staff/status", headers={"Authorization": f"Bearer {secret}"})
        detail: str | None = json.loads(connection.getresponse().read())["last"]["detail"]
        connection.close()
        return detail

    @contextmanager
    def page(self) -> Iterator[ClientConnection]:
        """The page's conversation, without a browser. As a page does, it tries again when another
        one is still there."""
        end_s = time.monotonic() + 10
        while True:
            with connect(
                f"ws://127.0.0.1:{self.port}/page",
                origin=Origin(f"http://127.0.0.1:{self.port}"),
                subprotocols=[
                    Subprotocol("agecheck-kiosk"),
                    Subprotocol(urlsplit(self.address("page")).fragment),
                ],
                compression=None,
                proxy=None,
            ) as page:
                if _is_welcome(page):
                    yield page
                    return
            assert time.monotonic() < end_s
            time.sleep(0.05)

    def line(self, timeout_s: float = 10.0) -> str:
        """The next line of standard output."""
        if self.process.stdout is None:
            raise RuntimeError
        assert select.select([self.process.stdout], [], [], timeout_s)[0]
        return self.process.stdout.readline().decode().strip()

    def require_no_line(self) -> None:
        """Nothing has been written since the last line."""
        if self.process.stdout is None:
            raise RuntimeError
        assert not select.select([self.process.stdout], [], [], 0.2)[0]


def _is_welcome(page: ClientConnection) -> bool:
    try:
        return "settings" in json.loads(page.recv(timeout=5))
    except ConnectionClosed:
        return False


def settings(folder: Path, more: str = "", *, liveness: str = "none") -> Path:
    """A settings file, and the key that it names."""
    DeviceKey.create(folder / "device.key")
    path = folder / "kiosk.toml"
    path.write_text(
        f"""
[page]
asker = "Corner Shop"
port = 0
result_s = 1
address_files = "."
[token]
key = "device.key"
audience = "{SHOP}"
[policy]
challenge_age = 19
liveness = "{liveness}"
[outputs.stdout]
{more}
"""
    )
    return path


@contextmanager
def running(path: Path, *, under: Sequence[str] = ()) -> Iterator[Kiosk]:
    """`agecheck kiosk`, ready; started by another program, where one is given."""
    command = [*under, sys.executable, "-m", "agecheck", "kiosk", "--config", str(path)]
    with subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        kiosk = Kiosk(process, path.parent)
        try:
            wait_until_served(kiosk)
            yield kiosk
        finally:
            process.terminate()
            _, errors = process.communicate(timeout=20)
            kiosk.lines = errors.decode().splitlines()


def wait_until_served(kiosk: Kiosk) -> None:
    """Until the page answers."""
    end_s = time.monotonic() + START_S
    while True:
        assert kiosk.process.poll() is None
        assert time.monotonic() < end_s
        if (kiosk.folder / "kiosk-page.url").exists():
            try:
                with kiosk.page():
                    return
            except OSError:
                pass
        time.sleep(0.05)


def kill(kiosk: Kiosk, name: str) -> None:
    """End capture or outputs, and wait until both have been started anew and serve."""
    before = {part: kiosk.child(part) for part in ("capture", "outputs")}
    os.kill(before[name], signal.SIGKILL)
    end_s = time.monotonic() + START_S
    while True:
        assert time.monotonic() < end_s
        try:
            if all(kiosk.child(part) != pid for part, pid in before.items()):
                break
        except ProcessLookupError:
            pass
        time.sleep(0.05)
    wait_until_served(kiosk)


def portrait_frames() -> list[bytes]:
    """The sample portrait, a little different in each frame, as the page sends it."""
    portrait = Path(__file__).parents[1] / "pictures" / "astronaut.png"
    with Image.open(portrait) as opened:
        rgb = np.asarray(opened.convert("RGB").resize((480, 480)))
    noise = np.random.default_rng(1)
    made = []
    for _ in range(8):
        noisy = np.clip(rgb + noise.normal(0, 2, rgb.shape), 0, 255).astype(np.uint8)
        made.append(struct.pack("<HH", 480, 480) + noisy.tobytes())
    return made


def visit(page: ClientConnection, frames: list[bytes]) -> str:
    """Walk through the screens; how it ended."""
    sent = 0
    while True:
        message = json.loads(page.recv(timeout=40))
        match message:
            case {"show": "attract"}:
                page.send("start")
            case {"show": "consent"}:
                time.sleep(READ_FIRST_S)
                page.send("agree")
            case {"show": "camera"} | {"more": True}:
                time.sleep(0.05)
                page.send(frames[sent % len(frames)])
                sent += 1
            case {"show": str(screen)}:
                return screen


def verified(token: str, folder: Path, nonce: str) -> bool:
    """Whether a token says OVER, once it has been verified."""
    return said_by(token, folder, nonce).over


def said_by(token: str, folder: Path, nonce: str) -> VerifiedToken:
    """What a token says, once it has been verified."""
    return verify_token(
        token,
        audience=SHOP,
        nonce=nonce,
        public_jwk=DeviceKey.load(folder / "device.key").signer(SHOP).public_jwk(),
        now_s=time.time(),
        age_limit=18,
        accept_inputs={"browser"},
    )


def nonce_of(token: str) -> str:
    """The kiosk's own."""
    claims = json.loads(base64url_decode(token.split(".")[1]) or b"")
    nonce: str = claims["nonce"]
    return nonce
