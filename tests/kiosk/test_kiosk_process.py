"""The whole kiosk as a program: real processes, real walls, a real sealed worker, real tokens."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from agecheck.challenge import Challenge
from agecheck.errors import TokenError, TokenFault
from agecheck.kiosk.challenges import write_challenge
from kiosk.programs import (
    SHOP,
    Kiosk,
    kill,
    nonce_of,
    portrait_frames,
    running,
    settings,
    verified,
    visit,
)

SECRET = b"k" * 32


@pytest.fixture(scope="module")
def frames() -> list[bytes]:
    """The sample portrait, a little different in each frame, as the page sends it."""
    return portrait_frames()


@pytest.fixture(scope="module")
def kiosk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kiosk]:
    """One that draws its own challenges."""
    with running(settings(tmp_path_factory.mktemp("kiosk"))) as started:
        yield started


def test_a_person_over_the_limit_gets_a_token_that_verifies(
    kiosk: Kiosk, frames: list[bytes]
) -> None:
    """From frames on a socket, through the sealed worker and outputs, to standard output."""
    with kiosk.page() as page:
        assert visit(page, frames) == "passed"
    token = kiosk.line()
    assert verified(token, kiosk.folder, nonce_of(token))


def test_the_two_processes_stand_behind_their_walls(kiosk: Kiosk) -> None:
    """The kernel says so: a filter, no new privileges, no capabilities."""
    for name in ("capture", "outputs"):
        status = Path(f"/proc/{kiosk.child(name)}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert fields["Seccomp"] == "2"
        assert fields["NoNewPrivs"] == "1"
        assert int(fields["CapEff"], 16) & ~0b110 == 0  # beside reading others' files, for root


def test_capture_has_no_key_and_outputs_no_frame_channel(kiosk: Kiosk) -> None:
    """The key's folder is named to outputs alone; no command line says what the settings say."""
    for name in ("capture", "outputs"):
        command = Path(f"/proc/{kiosk.child(name)}/cmdline").read_bytes()
        assert (str(kiosk.folder).encode() in command) == (name == "outputs")
        assert not any(text in command for text in (b"device.key", SHOP.encode()))


@pytest.mark.parametrize("name", ["capture", "outputs"])
def test_a_process_that_dies_is_replaced(kiosk: Kiosk, frames: list[bytes], name: str) -> None:
    """Both start anew, the address stays, and the next person is served."""
    address = kiosk.address("page")
    kill(kiosk, name)
    assert kiosk.address("page") == address
    with kiosk.page() as page:
        assert visit(page, frames) == "passed"
    token = kiosk.line()
    assert verified(token, kiosk.folder, nonce_of(token))


@pytest.mark.parametrize("other", [None, "https://other.example"], ids=["gone", "another audience"])
def test_settings_are_read_once(kiosk: Kiosk, frames: list[bytes], other: str | None) -> None:
    """Outputs starts anew under the settings that were checked at the start, whatever their file
    says by then: the page still speaks for those."""
    path = kiosk.folder / "kiosk.toml"
    before = path.read_text()
    path.write_text("" if other is None else before.replace(SHOP, other))
    kill(kiosk, "outputs")
    path.write_text(before)
    with kiosk.page() as page:
        assert visit(page, frames) == "passed"
    token = kiosk.line()
    assert verified(token, kiosk.folder, nonce_of(token))


def test_addresses_are_for_this_user_alone(kiosk: Kiosk) -> None:
    """They hold the secrets."""
    for name in ("page", "staff"):
        assert (kiosk.folder / f"kiosk-{name}.url").stat().st_mode & 0o777 == 0o600


def test_frames_leave_no_file(kiosk: Kiosk, frames: list[bytes]) -> None:
    """Nothing is made or changed beside the settings while somebody is checked."""
    before = {path: path.stat().st_mtime_ns for path in kiosk.folder.rglob("*")}
    with kiosk.page() as page:
        visit(page, frames)
    kiosk.line()
    assert {path: path.stat().st_mtime_ns for path in kiosk.folder.rglob("*")} == before


def test_a_till_asks_and_gets_its_own_nonce_back(tmp_path: Path, frames: list[bytes]) -> None:
    """Without a challenge nothing begins; with one, the token answers it."""
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "secret").chmod(0o600)
    more = f'[challenges]\nsecret = "secret"\naudiences = ["{SHOP}"]\n'
    with running(settings(tmp_path, more)) as kiosk, kiosk.page() as page:
        assert visit(page, frames) == "wait"
        challenge = Challenge(SHOP, "n" * 32, 18)
        stdin = kiosk.process.stdin
        assert stdin is not None
        stdin.write(b"nonsense\n")
        forged = write_challenge(challenge, int(time.time()) + 60, b"x" * 32)
        stdin.write(forged.encode() + b"\n")
        stdin.flush()
        json.loads(page.recv(timeout=10))  # attract
        stdin.write(write_challenge(challenge, int(time.time()) + 60, SECRET).encode() + b"\n")
        stdin.flush()
        assert visit(page, frames) == "passed"  # it was invited
        assert verified(kiosk.line(), tmp_path, "n" * 32)
    assert sum("a challenge is refused" in line for line in kiosk.lines) == 2
    assert not any("n" * 32 in line for line in kiosk.lines)


def test_pictures_of_a_folder_are_a_file_to_the_token(tmp_path: Path, frames: list[bytes]) -> None:
    """The page sends nothing then; the token does not pass where a camera is asked for."""
    (tmp_path / "played").mkdir()
    for number, frame in enumerate(frames):
        pixels = np.frombuffer(frame, np.uint8, offset=4).reshape(480, 480, 3)
        Image.fromarray(pixels).save(tmp_path / "played" / f"{number}.png")
    path = settings(tmp_path, '[camera]\nsource = "played"\n')
    with running(path) as kiosk, kiosk.page() as page:
        assert visit(page, [b""]) == "passed"
        token = kiosk.line()
    with pytest.raises(TokenError) as caught:
        verified(token, tmp_path, nonce_of(token))
    assert caught.value.fault is TokenFault.INPUT_REFUSED


def test_a_film_is_a_file_to_the_token(tmp_path: Path, frames: list[bytes]) -> None:
    """Decoded behind the walls of capture, and played from its beginning for each visit."""
    with av.open(str(tmp_path / "film.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=20)
        stream.height = stream.width = 480
        stream.pix_fmt, stream.bit_rate = "yuv420p", 8_000_000
        for frame in frames:
            pixels = np.frombuffer(frame, np.uint8, offset=4).reshape(480, 480, 3)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    path = settings(tmp_path, '[camera]\nsource = "film.mp4"\n')
    with running(path) as kiosk, kiosk.page() as page:
        assert visit(page, [b""]) == "passed"
        token = kiosk.line()
    with pytest.raises(TokenError) as caught:
        verified(token, tmp_path, nonce_of(token))
    assert caught.value.fault is TokenFault.INPUT_REFUSED


def test_it_ends_when_told_to(tmp_path: Path) -> None:
    """SIGTERM, exit code 0, and no process left."""
    with running(settings(tmp_path)) as kiosk:
        children = [kiosk.child(name) for name in ("capture", "outputs")]
        kiosk.process.terminate()
        assert kiosk.process.wait(20) == 0
        assert not any(Path(f"/proc/{pid}").exists() for pid in children)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text.replace("[policy]", "[polizy]"), "polizy"),
        (lambda text: text.replace("device.key", "none.key"), "no key file"),
        (
            lambda text: text + '[outputs.webhook]\nurl = "https://a.example"\nca_file = "no"\n',
            "ca_file",
        ),
    ],
)
def test_settings_that_cannot_work_end_it_with_one_line(
    tmp_path: Path, spoil: object, said: str
) -> None:
    """Exit code 2, no second try, and no traceback."""
    path = settings(tmp_path)
    assert callable(spoil)
    path.write_text(spoil(path.read_text()))
    command = [sys.executable, "-m", "agecheck", "kiosk", "--config", str(path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    assert ran.returncode == 2
    assert said in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


SLOW_OUTPUTS = """
import sys, time
if "agecheck.kiosk.outputs" in sys.orig_argv:
    time.sleep(8)
"""


def test_outputs_that_find_out_late_end_it_too(tmp_path: Path) -> None:
    """On a busy machine the page may be there before: it is not called ready, and nothing starts
    again."""
    path = settings(tmp_path)
    webhook = '[outputs.webhook]\nurl = "https://a.example"\nca_file = "no"\n'
    path.write_text(path.read_text() + webhook)
    (tmp_path / "sitecustomize.py").write_text(SLOW_OUTPUTS)
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "agecheck", "kiosk", "--config", str(path)],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = ran.stderr.splitlines()
    assert (ran.returncode, len(said)) == (2, 1)
    assert "ca_file" in said[0]


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    """Before any other process starts."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        path = settings(tmp_path)
        path.write_text(path.read_text().replace("port = 0", f"port = {taken.getsockname()[1]}"))
        command = [sys.executable, "-m", "agecheck", "kiosk", "--config", str(path)]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    assert ran.returncode == 2
    assert "page.port" in ran.stderr
