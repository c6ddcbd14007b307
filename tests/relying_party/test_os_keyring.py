"""The root secret in the system's keyring, which is stood in for: a build server has none."""

from __future__ import annotations

from typing import Any

import keyring.backend
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null

from agecheck.errors import KeyFileError
from agecheck.token.os_keyring import create_in_keyring, load_from_keyring

AUDIENCE = "https://shop.example"


class MemoryKeyring(KeyringBackend):
    """A keyring as the library describes one."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.is_locked:
            raise RuntimeError(f"{username} is locked")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.is_locked:
            raise RuntimeError(f"{username} is locked")
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class PlainKeyring(MemoryKeyring):
    """One that encrypts nothing; such ones have a low priority."""

    priority = 0.5  # type: ignore[assignment]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    """The only good keyring of this system, among those that are always there."""
    good = MemoryKeyring()
    weak: list[type[Any]] = [null.Keyring, fail.Keyring, PlainKeyring, chainer.ChainerBackend]
    always = [*(backend() for backend in weak), good]
    monkeypatch.setattr(keyring.backend, "get_all_keyring", lambda: always)
    return good


def test_a_key_comes_back(system: MemoryKeyring) -> None:
    """The same keys for the same audiences, and 32 bytes in the keyring alone."""
    made = create_in_keyring("device")
    assert len(system.kept) == 1
    again = load_from_keyring("device")
    assert again.signer(AUDIENCE).public_jwk() == made.signer(AUDIENCE).public_jwk()


def test_a_key_is_never_overwritten(system: MemoryKeyring) -> None:
    """Whose key is lost cannot answer where it was enrolled."""
    create_in_keyring("device")
    before = dict(system.kept)
    with pytest.raises(KeyFileError):
        create_in_keyring("device")
    assert system.kept == before


@pytest.mark.parametrize("content", ["", "AA", "A" * 44, "\u00fc", "A" * 42 + "B"])
def test_something_else_is_no_key(system: MemoryKeyring, content: str) -> None:
    """Nothing is guessed, and nothing of it is repeated."""
    system.kept["agecheck", "device"] = content
    for call in (load_from_keyring, create_in_keyring):
        with pytest.raises(KeyFileError):
            call("device")


def test_a_locked_keyring_is_an_error_without_names(system: MemoryKeyring) -> None:
    """The system's own error may name the person."""
    system.is_locked = True
    for call in (load_from_keyring, create_in_keyring):
        with pytest.raises(KeyFileError) as caught:
            call("device")
        assert caught.value.__cause__ is None
        assert "device" not in str(caught.value)


def test_only_a_keyring_that_encrypts_is_used(
    system: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without one there is no key: plain text does not take its place."""
    plain = PlainKeyring()
    chain: Any = chainer.ChainerBackend
    monkeypatch.setattr(keyring.backend, "get_all_keyring", lambda: [plain, chain()])
    with pytest.raises(KeyFileError):
        create_in_keyring("device")
    assert plain.kept == system.kept == {}


@pytest.mark.parametrize("name", ["", "a b", "a/b", "n" * 65, None])
def test_a_name_is_plain(system: MemoryKeyring, name: str) -> None:
    """Nothing that a keyring could read as something else."""
    with pytest.raises(KeyFileError):
        load_from_keyring(name)
    assert system.kept == {}
