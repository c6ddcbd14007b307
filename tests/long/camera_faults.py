"""What can go wrong between a camera and a kiosk.

Each fault is a generator: from its onset on it says every 50 ms what the page sends; when it ends,
the person's frames come again.
"""

from __future__ import annotations

import os
import signal
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from PIL import Image
from websockets.sync.client import ClientConnection

from benchmarks.actors import Person
from benchmarks.clips import SIZE_PX, Frame, Look
from benchmarks.processes import family
from kiosk.programs import Kiosk

STEP_MS = 50
N_FILM = 80
SOMEBODY_ELSE = Look(mirrored=True, stretch=1.08, tone_rgb=(0.85, 0.78, 0.72))
_HEADER = struct.Struct("<HH")
Messages: TypeAlias = list[bytes | str]
Played: TypeAlias = Iterator[Messages]


def film(seed: int, look: Look | None = None) -> list[Frame]:
    """Four seconds of a person who blinks early, as every visitor here does."""
    person = Person(seed, look)
    person._blinks_ms = np.array([700.0, 1700.0, 2900.0])
    return [person.frame(index * STEP_MS) for index in range(N_FILM)]


def message_of(frame: Frame) -> bytes:
    """As the page sends it."""
    return _HEADER.pack(*frame.shape[:2]) + frame.tobytes()


@dataclass
class Visit:
    """One that is under way.

    Attributes:
        film, other: the person, and somebody else.
        at: how many steps have passed since its first frame.
        sent: the person's frames until the fault.
    """

    kiosk: Kiosk
    page: ClientConnection
    film: list[Frame]
    other: list[Frame]
    rng: np.random.Generator
    at: int = 0
    sent: list[bytes] = field(default_factory=list)

    def frame(self, at: int | None = None) -> Frame:
        """The person at a step; no two frames of a sensor are equal."""
        index = (self.at if at is None else at) % (2 * N_FILM - 2)
        frame = self.film[index if index < N_FILM else 2 * N_FILM - 2 - index].copy()
        frame[0, :32] = self.rng.integers(0, 256, (32, 3))
        return frame

    def message(self) -> bytes:
        return message_of(self.frame())


def stalled(_: Visit) -> Played:
    """No frame comes any more."""
    while True:
        yield []


def gap(visit: Visit) -> Played:
    """None for a while: a loose plug."""
    for _ in range(int(visit.rng.integers(26, 60))):
        yield []


def unplugged(_: Visit) -> Played:
    """The page notices, and says so."""
    while True:
        yield ["stop"]


def frozen(visit: Visit) -> Played:
    """The same frame again and again."""
    last = visit.message()
    while True:
        yield [last]


def looped(visit: Visit) -> Played:
    """The last half second again and again."""
    while True:
        for message in visit.sent[-10:]:
            yield [message]


def black(visit: Visit) -> Played:
    """A lid on the lens."""
    while True:
        yield [message_of(visit.rng.integers(0, 4, (*SIZE_PX, 3), np.uint8))]


def static(visit: Visit) -> Played:
    """A broken cable."""
    while True:
        yield [message_of(visit.rng.integers(0, 256, (*SIZE_PX, 3), np.uint8))]


def other_size(visit: Visit) -> Played:
    """The camera changes its resolution."""
    height, width = ((240, 320), (720, 960))[int(visit.rng.integers(2))]
    while True:
        resized = Image.fromarray(visit.frame()).resize((width, height))
        yield [message_of(np.asarray(resized))]


def other_person(visit: Visit) -> Played:
    """Another in the person's place, from one frame to the next."""
    visit.film = visit.other
    while True:
        yield [visit.message()]


def second_face(visit: Visit) -> Played:
    """Somebody else looks in."""
    while True:
        faces = (visit.frame(), visit.other[visit.at % N_FILM])
        yield [message_of(np.concatenate([face[:, 160:480] for face in faces], axis=1))]


def truncated(visit: Visit) -> Played:
    """Messages that break off."""
    while True:
        message = visit.message()
        yield [message[: int(visit.rng.integers(len(message)))]]


def some_truncated(visit: Visit) -> Played:
    """The same now and then, between good ones."""
    while True:
        message = visit.message()
        cut = visit.rng.random() < 0.3
        yield [message[: int(visit.rng.integers(len(message)))] if cut else message]


def garbage(visit: Visit) -> Played:
    """Bytes of any kind and number, and words that nobody knows, between good frames."""
    while True:
        n_bytes = int(visit.rng.integers(0, 5000))
        word = "".join(map(chr, visit.rng.integers(32, 1000, int(visit.rng.integers(40)))))
        yield [visit.rng.bytes(n_bytes), word, visit.message()]


def wrong_header(visit: Visit) -> Played:
    """Frames that claim another size than they have."""
    while True:
        claimed = _HEADER.pack(*visit.rng.integers(0, 65536, 2).tolist())
        yield [claimed + visit.message()[_HEADER.size :]]


def torn(visit: Visit) -> Played:
    """Now and then a frame whose lower part is another one's."""
    while True:
        frame = visit.frame()
        if visit.rng.random() < 0.3:
            row = int(visit.rng.integers(SIZE_PX[0]))
            frame[row:] = visit.frame(visit.at + 20)[row:]
        yield [message_of(frame)]


def backwards(visit: Visit) -> Played:
    """Time runs the other way: what was shown comes once more."""
    while True:
        for message in reversed(visit.sent):
            yield [message]


def doubled(visit: Visit) -> Played:
    """A page that samples faster than its camera, and does not wait to be asked."""
    while True:
        yield [visit.message()] * int(visit.rng.integers(2, 5))


def huge(visit: Visit) -> Played:
    """A message larger than any frame."""
    while True:
        yield [bytes(int(visit.rng.integers(3_000_000, 9_000_000)))]


def page_closes(visit: Visit) -> Played:
    """The browser is closed, or loses its way."""
    if visit.rng.random() < 0.5:
        visit.page.close()
    else:
        visit.page.socket.close()
    yield from stalled(visit)


def worker_killed(visit: Visit) -> Played:
    """All of capture's own processes: the fork server, and the worker with the face."""
    capture = visit.kiosk.child("capture")
    for pid in family(capture):
        if pid != capture:
            _signal(pid, signal.SIGKILL)
    while True:
        yield [visit.message()]


def capture_killed(visit: Visit) -> Played:
    """The process with the camera."""
    _signal(visit.kiosk.child("capture"), signal.SIGKILL)
    while True:
        yield [visit.message()]


def outputs_killed(visit: Visit) -> Played:
    """The process with the key."""
    _signal(visit.kiosk.child("outputs"), signal.SIGKILL)
    while True:
        yield [visit.message()]


def capture_hangs(visit: Visit) -> Played:
    """It is stopped for some seconds, and finds everything changed."""
    capture = visit.kiosk.child("capture")
    _signal(capture, signal.SIGSTOP)
    for _ in range(int(visit.rng.integers(30, 80))):
        yield []
    _signal(capture, signal.SIGCONT)
    while True:
        yield [visit.message()]


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


@dataclass(frozen=True)
class Fault:
    """One kind.

    Attributes:
        may_pass: whether what still arrives may be enough for an OVER: a living person, seen
            without a break. For all others a token is a wrong verdict.
    """

    play: Callable[[Visit], Played]
    may_pass: bool = False

    @property
    def name(self) -> str:
        return self.play.__name__.replace("_", " ")


FAULTS = (
    *map(Fault, (stalled, gap, unplugged, frozen, looped, black, static, other_size)),
    *map(Fault, (other_person, second_face, truncated, wrong_header, backwards, huge)),
    *map(Fault, (page_closes, worker_killed, capture_killed, outputs_killed, capture_hangs)),
    *(Fault(play, may_pass=True) for play in (some_truncated, garbage, torn, doubled)),
)
