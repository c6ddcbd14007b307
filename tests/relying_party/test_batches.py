"""Keys that sign once: in a file that a crash, a second thread or a second process cannot trick."""

from __future__ import annotations

import copy
import json
import os
import pickle
import random
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agecheck import private_file
from agecheck.challenge import Challenge
from agecheck.errors import ChallengeError, KeyFileError
from agecheck.ports import Evidence
from agecheck.relying_party import AnswerError, AnswerFault, PinnedKeys
from agecheck.token import SignerError
from agecheck.token.batches import KeyBatch
from agecheck.token.verify import claimed_issuer
from relying_party.conftest import MakeSite
from relying_party.devices import EVIDENCE, NOW_S, SITE, VISITOR

ASKED = Challenge(SITE, "n" * 32, 18)


def batch_of(path: Path, count: int = 3) -> KeyBatch:
    return KeyBatch.create(path / "batch", SITE, count, now=lambda: NOW_S)


def sign(batch: KeyBatch, challenge: Challenge = ASKED, *, over: bool = True) -> str:
    return batch._begin(challenge, Evidence(**EVIDENCE))(over)


def issuer_of(token: str) -> str:
    found = claimed_issuer(token)
    assert found is not None
    return found


def test_each_answer_has_a_key_of_its_own(tmp_path: Path, make_site: MakeSite) -> None:
    """A site that has the public keys takes the answers, and meets no key twice."""
    batch = batch_of(tmp_path)
    keys = batch.public_jwks()
    site = make_site(trust=PinnedKeys(keys))
    met = []
    for left in (2, 1, 0):
        asked = site.new_challenge(18, visitor=VISITOR)
        token = sign(batch, asked.challenge)
        met.append(site.verify(token, ticket=asked.ticket, visitor=VISITOR, age_limit=18).issuer)
        assert len(batch) == left
    assert sorted(met) == sorted(key["kid"] for key in keys)
    with pytest.raises(SignerError):
        sign(batch)


def test_a_site_strikes_a_used_key_off(tmp_path: Path, make_site: MakeSite) -> None:
    """What the device burns, the site revokes: a copy of an old file is worth nothing there."""
    batch = batch_of(tmp_path)
    kept = (tmp_path / "batch").read_bytes()
    keys = PinnedKeys(batch.public_jwks())
    keys = keys.without(issuer_of(sign(batch)))
    (tmp_path / "batch").write_bytes(kept)  # a restored backup
    site = make_site(trust=keys)
    asked = site.new_challenge(18, visitor=VISITOR)
    with pytest.raises(AnswerError) as caught:
        site.verify(
            sign(batch, asked.challenge), ticket=asked.ticket, visitor=VISITOR, age_limit=18
        )
    assert caught.value.fault is AnswerFault.KEY_REVOKED


def test_nothing_is_burnt_where_nothing_is_signed(tmp_path: Path) -> None:
    """An inconclusive check costs no key; an answer costs one, once."""
    batch = batch_of(tmp_path)
    finish = batch._begin(ASKED, Evidence(**EVIDENCE))
    assert len(batch) == 3
    with pytest.raises(TypeError):
        batch._begin(ASKED, Evidence(**EVIDENCE))(1)  # type: ignore[arg-type]
    assert len(batch) == 3
    finish(True)
    with pytest.raises(SignerError):
        finish(True)
    assert len(batch) == 2


def test_a_key_is_burnt_before_it_signs(tmp_path: Path) -> None:
    """If the file cannot be written any more, nothing is signed."""
    batch = batch_of(tmp_path)
    finish = batch._begin(ASKED, Evidence(**EVIDENCE))
    before = (tmp_path / "batch").read_bytes()
    (tmp_path / "batch").unlink()
    (tmp_path / "batch").mkdir()
    with pytest.raises(KeyFileError):
        finish(True)
    (tmp_path / "batch").rmdir()
    (tmp_path / "batch").write_bytes(before)


def test_no_key_is_lost_to_a_folder_that_cannot_be_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On such a file system each key that is used up has signed."""

    def cannot(_folder: Path) -> None:
        raise OSError

    monkeypatch.setattr(private_file, "sync_folder", cannot)
    batch = batch_of(tmp_path)
    assert len({issuer_of(sign(batch)) for _ in range(3)}) == 3
    assert len(batch) == 0


def test_threads_share_no_key(tmp_path: Path) -> None:
    """Sixteen at once, and as many keys."""
    batch = batch_of(tmp_path, 16)
    with ThreadPoolExecutor(16) as threads:
        tokens = list(threads.map(lambda _: sign(batch), range(16)))
    assert len({issuer_of(token) for token in tokens}) == 16
    assert len(batch) == 0


SIGNING = """
import sys
from agecheck.token.batches import KeyBatch
from relying_party.test_batches import sign, issuer_of
batch = KeyBatch.load(sys.argv[1], now=lambda: 1767225650.0)
while True:
    print(issuer_of(sign(batch)), flush=True)
"""


def signing(path: Path) -> subprocess.Popen[str]:
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path)))
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", SIGNING, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )


def test_a_killed_process_leaves_no_used_key(tmp_path: Path) -> None:
    """SIGKILL at a random moment, again and again, two processes at once: whatever was signed with
    is gone, no key signs twice, and the file is whole."""
    chance = random.Random(5)  # noqa: S311
    batch = batch_of(tmp_path, 4000)
    all_keys = {key["kid"] for key in batch.public_jwks()}
    used: list[str] = []
    for _ in range(4):
        workers = [signing(tmp_path / "batch") for _ in range(2)]
        for worker in workers:
            assert worker.stdout is not None
            used.append(worker.stdout.readline().strip())
        time.sleep(chance.uniform(0.0, 0.2))
        for worker in workers:
            worker.kill()
        for worker in workers:
            rest, _ = worker.communicate()
            used += [line for line in rest.splitlines() if len(line) == 43]
    left = {key["kid"] for key in batch.public_jwks()}
    assert len(used) >= 8
    assert len(set(used)) == len(used)
    assert set(used) <= all_keys
    assert not left & set(used)
    # A key may be lost to each kill, between burning and the printed line.
    assert len(all_keys) - len(left) - len(used) <= 8


KILLED_BEFORE_THE_RENAME = """
import os, signal, sys
from pathlib import Path
from agecheck.token.batches import KeyBatch
Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
KeyBatch.load(sys.argv[1])._burn()
"""


def test_what_a_killed_process_left_half_done_holds_no_used_key(tmp_path: Path) -> None:
    """A copy of the batch that nobody cleared away would keep keys that sign after it."""
    batch, path = batch_of(tmp_path), tmp_path / "batch"
    killed = [sys.executable, "-c", KILLED_BEFORE_THE_RENAME, str(path)]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path)))
    assert subprocess.run(killed, env=environment, check=False).returncode == -9  # noqa: S603
    assert len(list(tmp_path.iterdir())) == 3
    before = set(json.loads(path.read_text())["seeds"])
    for _ in range(2):
        sign(batch)
    used = before - set(json.loads(path.read_text())["seeds"])
    assert len(used) == 2
    left = "".join(one.read_text() for one in tmp_path.iterdir())
    assert not [seed for seed in used if seed in left]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["batch", "batch.lock"]


def test_the_file_is_the_owners_alone(tmp_path: Path) -> None:
    """Mode 0600 from the first byte and after each answer; wider is refused."""
    batch, path = batch_of(tmp_path), tmp_path / "batch"
    sign(batch)
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(one.name for one in tmp_path.iterdir()) == ["batch", "batch.lock"]
    path.chmod(0o644)
    with pytest.raises(KeyFileError):
        KeyBatch.load(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"format":"agecheck-key","version":1,"audience":"a","seeds":[]}',
        b'{"format":"agecheck-key-batch","version":2,"audience":"a","seeds":[]}',
        b'{"format":"agecheck-key-batch","version":1,"audience":1,"seeds":[]}',
        b'{"format":"agecheck-key-batch","version":1,"audience":"a","seeds":["AA"]}',
        b'{"format":"agecheck-key-batch","version":1,"audience":"a","seeds":["%s","%s"]}'
        % (b"A" * 43, b"A" * 43),
    ],
)
def test_a_damaged_file_signs_nothing(tmp_path: Path, content: bytes) -> None:
    """One key twice is damage, too: it would sign twice."""
    path = tmp_path / "batch"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError) as caught:
        KeyBatch.load(path)
    assert str(tmp_path) not in str(caught.value)


def test_what_cannot_be_made_is_not(tmp_path: Path) -> None:
    """Counts, audiences and places that make no sense; nothing is overwritten."""
    for count in (0, -1, 10_001, True, 1.0):
        with pytest.raises(SignerError):
            KeyBatch.create(tmp_path / "a", SITE, count)  # type: ignore[arg-type]
    with pytest.raises(ChallengeError):
        KeyBatch.create(tmp_path / "a", "a b", 1)
    batch_of(tmp_path)
    for path in (tmp_path / "batch", tmp_path / "none" / "batch", Path("a\0b")):
        with pytest.raises(KeyFileError):
            KeyBatch.create(path, SITE, 1)
    with pytest.raises(KeyFileError):
        KeyBatch.load(tmp_path / "missing")
    with pytest.raises(ChallengeError):
        sign(KeyBatch.load(tmp_path / "batch"), Challenge("https://b.example", "n" * 32, 18))


@pytest.mark.parametrize("through", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_batch_is_not_carried_away(tmp_path: Path, through: Callable[[object], object]) -> None:
    """And it shows nothing when it is printed."""
    batch = batch_of(tmp_path)
    with pytest.raises(TypeError):
        through(batch)
    with pytest.raises(TypeError):
        KeyBatch()
    assert repr(batch) == "<KeyBatch>"
