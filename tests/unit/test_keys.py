"""The device key: its secrecy, and one key for each audience."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agecheck.errors import ChallengeError
from agecheck.token import AudienceSigner, DeviceKey
from unit.key_files import ROOT, SHOP, write_key_file

AUDIENCES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=255)


# Secrecy


def test_nothing_shows_the_secret(tmp_path: Path) -> None:
    """A key in a log line, a traceback or a debugger's list shows no secret."""
    key = DeviceKey.load(write_key_file(tmp_path / "device.key"))
    signer = key.signer(SHOP)
    assert [repr(key), str(key), f"{key}"] == ["<DeviceKey>"] * 3
    assert [repr(signer), str(signer), f"{signer}"] == ["<AudienceSigner>"] * 3
    assert not hasattr(key, "__dict__")
    assert not hasattr(signer, "__dict__")


@pytest.mark.parametrize("leave", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_key_is_not_copied_or_pickled(tmp_path: Path, leave: Callable[[Any], Any]) -> None:
    """A secret does not slip into a cache, a queue or another process."""
    key = DeviceKey.create(tmp_path / "device.key")
    for secret in (key, key.signer(SHOP)):
        with pytest.raises(TypeError, match="not pickled or copied"):
            leave(secret)


def test_a_key_comes_from_a_file_only() -> None:
    """There is no constructor that would invite a secret from a string or a setting."""
    with pytest.raises(TypeError):
        DeviceKey(ROOT)


def test_the_public_surface_signs_nothing() -> None:
    """A verdict is signed through a check alone: no public name of a key or signer takes one.

    `prove_possession` signs a nonce and the key itself, under a typ that no token's verifier takes.
    """

    def public(of: type) -> set[str]:
        return {name for name in dir(of) if not name.startswith("_")}

    assert public(DeviceKey) == {"create", "load", "signer"}
    assert public(AudienceSigner) == {"audience", "key_id", "public_jwk", "prove_possession"}


# One key per audience


@given(first=AUDIENCES, second=AUDIENCES)
@settings(max_examples=50, deadline=None)
def test_two_audiences_get_keys_with_nothing_in_common(first: str, second: str) -> None:
    """Two relying parties cannot link a device by its key; the same one finds it again."""
    key = DeviceKey._from_root(ROOT)
    one, other = key.signer(first).public_jwk(), key.signer(second).public_jwk()
    assert (one == other) is (first == second)
    assert (one["x"] == other["x"]) is (first == second)
    assert (one["kid"] == other["kid"]) is (first == second)


def test_the_audience_is_taken_to_the_letter(tmp_path: Path) -> None:
    """No normalisation: case, a slash or a port make another audience with another key."""
    key = DeviceKey.create(tmp_path / "device.key")
    spellings = [SHOP, SHOP + "/", SHOP + ":443", SHOP.upper(), "http://shop.example"]
    assert len({key.signer(spelling).key_id for spelling in spellings}) == len(spellings)


def test_the_public_jwk_is_complete_and_public(tmp_path: Path) -> None:
    """What is given to a relying party holds all it needs and no private member."""
    signer = DeviceKey.create(tmp_path / "device.key").signer(SHOP)
    jwk = signer.public_jwk()
    assert list(jwk) == ["kty", "crv", "x", "kid", "alg", "use"]
    assert (jwk["kty"], jwk["crv"], jwk["alg"], jwk["use"]) == ("OKP", "Ed25519", "EdDSA", "sig")
    assert jwk["kid"] == signer.key_id
    assert signer.audience == SHOP


@pytest.mark.parametrize("audience", ["", "with space", "é", "a" * 256, "tab\t", "\ud800"])
def test_a_malformed_audience_gets_no_key(tmp_path: Path, audience: str) -> None:
    """What could never be a challenge's audience has no signer."""
    key = DeviceKey.create(tmp_path / "device.key")
    with pytest.raises(ChallengeError):
        key.signer(audience)
