"""Tokens and challenges over MQTT, with a real mosquitto."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from agecheck.kiosk.config import MqttSection
from agecheck.kiosk.errors import DeliveryError
from agecheck.kiosk.mqtt import Mqtt
from system.mosquitto import TOKEN, broker, connected, wait_for

TOPIC, ASKED = "kiosk/1/tokens", "kiosk/1/challenges"


@pytest.fixture
def port() -> int:
    """One that is free."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: int = server.getsockname()[1]
    return taken


def _ignore(_: object) -> None:
    return


@contextmanager
def listener(
    port: int, topic: str, password: str | None = None
) -> Iterator[list[tuple[bytes, bool]]]:
    """Another client: what it has heard on a topic, and whether it was kept by the broker."""
    heard: list[tuple[bytes, bool]] = []
    ready = threading.Event()
    client = Client(CallbackAPIVersion.VERSION2)
    if password is not None:
        client.username_pw_set("kiosk", password)
    client.on_connect = lambda *_: _ignore(client.subscribe(topic, 1))
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = lambda *got: heard.append((bytes(got[2].payload), got[2].retain))
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert ready.wait(10)
    try:
        yield heard
    finally:
        client.disconnect()
        client.loop_stop()


def test_a_token_arrives_alone_and_is_not_kept(tmp_path: Path, port: int) -> None:
    """The payload is the token; who subscribes later gets nothing."""
    section = MqttSection(host="127.0.0.1", port=port, topic=TOPIC)
    with broker(tmp_path, port, "allow_anonymous true\n"):
        with listener(port, "kiosk/#") as heard, connected(section) as output:
            output.send(TOKEN, over=False)
            wait_for(lambda: len(heard) == 1)
            assert heard == [(TOKEN.encode(), False)]
        with listener(port, "kiosk/#") as late:
            time.sleep(0.3)
            assert late == []


def test_credentials_are_given(tmp_path: Path, port: int) -> None:
    """A broker that asks for a password lets the right one in, and the wrong one not."""
    passwords, secret = tmp_path / "passwords", tmp_path / "password"
    passwd = shutil.which("mosquitto_passwd") or "/usr/bin/mosquitto_passwd"
    subprocess.run([passwd, "-b", "-c", str(passwords), "kiosk", "right"], check=True)  # noqa: S603
    secret.write_text("right\n")
    secret.chmod(0o600)
    section = MqttSection(
        host="127.0.0.1", port=port, topic=TOPIC, username="kiosk", password_file=str(secret)
    )
    settings = f"allow_anonymous false\npassword_file {passwords}\n"
    with broker(tmp_path, port, settings), listener(port, TOPIC, "right") as heard:
        with connected(section) as output:
            output.send(TOKEN, over=True)
            wait_for(lambda: len(heard) == 1)
        secret.write_text("wrong\n")
        stranger = Mqtt(section)
        stranger.start()
        time.sleep(0.5)
        with pytest.raises(DeliveryError):
            stranger.send(TOKEN, over=True)
        stranger.stop()
    assert len(heard) == 1


def test_without_a_broker_a_token_is_refused_at_once(port: int) -> None:
    """It is not queued for later, when its person has gone."""
    output = Mqtt(MqttSection(host="127.0.0.1", port=port, topic=TOPIC))
    output.start()
    began_s = time.monotonic()
    with pytest.raises(DeliveryError):
        output.send(TOKEN, over=True)
    assert time.monotonic() - began_s < 1
    output.stop()


def test_a_broker_that_comes_back_is_found_again(tmp_path: Path, port: int) -> None:
    """An outage ends by itself."""
    section = MqttSection(host="127.0.0.1", port=port, topic=TOPIC)
    with broker(tmp_path, port, "allow_anonymous true\n"), connected(section) as output:
        pass
    output = Mqtt(section)
    output.start()
    time.sleep(0.3)
    assert not output.is_connected
    with broker(tmp_path, port, "allow_anonymous true\n"):
        wait_for(lambda: output.is_connected)
        output.send(TOKEN, over=True)
        output.stop()


def test_a_challenge_comes_in_and_a_kept_one_does_not(tmp_path: Path, port: int) -> None:
    """What a broker has kept from earlier was meant for somebody who has gone."""
    section = MqttSection(host="127.0.0.1", port=port, topic=TOPIC, challenge_topic=ASKED)
    asked: list[bytes] = []
    with broker(tmp_path, port, "allow_anonymous true\n"):
        teller = Client(CallbackAPIVersion.VERSION2)
        teller.connect("127.0.0.1", port)
        teller.loop_start()
        teller.publish(ASKED, b"old", 1, retain=True).wait_for_publish(10)
        with connected(section, asked.append):
            time.sleep(0.5)  # so that the subscription stands
            teller.publish(ASKED, b"new", 1).wait_for_publish(10)
            wait_for(lambda: bool(asked))
        teller.disconnect()
        teller.loop_stop()
    assert asked == [b"new"]
