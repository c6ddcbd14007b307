"""The settings file: what is taken, what is refused, and that no refusal repeats a value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agecheck.errors import AgecheckError
from agecheck.kiosk.addresses import is_loopback
from agecheck.kiosk.config import config_schema, parse_config, read_config
from agecheck.kiosk.errors import KioskConfigError

SCHEMA = Path(__file__).parents[2] / "docs" / "reference" / "kiosk.schema.json"
BASE = """
[page]
asker = "Corner Shop"
[token]
key = "device.key"
audience = "https://shop.example"
"""
STDOUT = "[outputs.stdout]\n"


def test_the_smallest_file_is_taken_with_cautious_defaults() -> None:
    """Who says nothing else gets a sealed worker, the page's camera, and passive liveness."""
    config = parse_config((BASE + STDOUT).encode())
    assert config.camera.seal == "require"
    assert config.camera.input_kind == "browser"
    assert config.policy.liveness == "passive"
    assert config.outputs.webhook is None
    assert config.outputs.mqtt is None
    assert config.outputs.gpio is None
    assert config.fallback is None


def test_outputs_are_off_unless_configured() -> None:
    """A file without outputs is refused: nobody should believe that tokens go somewhere."""
    with pytest.raises(KioskConfigError, match="outputs"):
        parse_config(BASE.encode())


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[policy]\nage_limit = 99\n", "policy.age_limit"),
        ("[policy]\nage_limit = 80\n", "policy.age_limit"),
        ("[policy]\nagelimit = 18\n", "agelimit"),
        ("[policy]\nliveness = 'some'\n", "policy.liveness"),
        ("[outputs.webhook]\nurl = 'http://shop.example/in'\n", "outputs.webhook.url"),
        ("[outputs.webhook]\nurl = 'ftp://shop.example/in'\n", "outputs.webhook.url"),
        ("[outputs.webhook]\nurl = 'https://me:pw@shop.example/'\n", "outputs.webhook.url"),
        ("[outputs.webhook]\nurl = 'https://shop.example/a b'\n", "outputs.webhook.url"),
        ("[outputs.webhook]\nurl = 'https://[::1/'\n", "outputs.webhook.url"),
        ("[outputs.mqtt]\nhost = 'broker.example'\ntopic = 'a'\n", "outputs.mqtt"),
        ("[outputs.mqtt]\nhost = '127.0.0.1'\ntopic = 'a/#'\n", "outputs.mqtt.topic"),
        ("[outputs.gpio]\npin = 99\n", "outputs.gpio.pin"),
        ("[fallback]\n", "fallback"),
        ("[fallback]\nurl = 'http://staff.example/'\n", "fallback.url"),
        ("[fallback]\ncommand = ['x']\nurl = 'https://staff.example/'\n", "fallback"),
        ("[challenges]\nsecret = 's'\naudiences = []\n", "challenges.audiences"),
        ("[challenges]\nsecret = 's'\naudiences = ['a']\nlisten = ['mqtt']\n", "challenge_topic"),
    ],
)
def test_a_refusal_names_the_setting_and_no_value(text: str, place: str) -> None:
    """Whoever mends the file learns where; whoever reads the log learns nothing."""
    with pytest.raises(KioskConfigError) as caught:
        parse_config((BASE + STDOUT + text).encode())
    message = str(caught.value)
    assert place in message
    for value in ("shop.example", "broker.example", "staff.example", "pw", "device.key"):
        assert value not in message


def test_a_gate_at_the_legal_age_is_refused() -> None:
    """The policy's own rules hold for the file, too."""
    with pytest.raises(KioskConfigError, match="policy"):
        parse_config((BASE + STDOUT + "[policy]\nage_limit = 18\nchallenge_age = 18\n").encode())


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_than_an_error(content: bytes) -> None:
    """Anything that is no settings file is one typed error."""
    with pytest.raises(KioskConfigError):
        parse_config(content)


@given(st.text(max_size=40))
def test_any_value_of_a_url_is_taken_or_refused(text: str) -> None:
    """No URL, however odd, gets through as plain HTTP to another machine, or breaks the reader."""
    document = BASE + f"[outputs.webhook]\nurl = {json.dumps(text)}\n"
    try:
        config = parse_config(document.encode("utf-8", "surrogatepass"))
    except AgecheckError:
        return
    assert config.outputs.webhook is not None
    url = config.outputs.webhook.url
    assert url.lower().startswith("https://") or "localhost" in url or "127." in url or "[" in url


def test_a_missing_or_huge_file_is_one_error(tmp_path: Path) -> None:
    """A path's content and name are in no message."""
    huge = tmp_path / "huge.toml"
    huge.write_bytes(b"#" * 70_000)
    for path in (tmp_path / "none.toml", huge, tmp_path):
        with pytest.raises(KioskConfigError) as caught:
            read_config(path)
        assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("browser", "browser"),
        ("/dev/video0", "device"),
        ("/dev/video12", "device"),
        ("/dev/videos/film.mp4", "file"),
        ("clips/one.mp4", "file"),
        ("frames", "file"),
    ],
)
def test_a_recording_is_a_file_to_the_token(source: str, kind: str) -> None:
    """Only a camera's device counts as one: a verifier refuses files unless told otherwise."""
    text = BASE + STDOUT + f'[camera]\nsource = "{source}"\n'
    assert parse_config(text.encode()).camera.input_kind == kind


def test_loopback_is_told_by_name_alone() -> None:
    """No name look-up decides whether TLS is needed."""
    assert all(map(is_loopback, ("127.0.0.1", "127.8.0.1", "::1", "localhost")))
    assert not any(map(is_loopback, ("localhost.example", "10.0.0.1", "0.0.0.0", "example")))  # noqa: S104


def test_the_schema_in_the_documents_is_the_one_in_use() -> None:
    """docs/reference/kiosk.schema.json follows the code."""
    assert json.loads(SCHEMA.read_text("utf-8")) == json.loads(json.dumps(config_schema()))
