"""MQTT, by paho-mqtt: tokens out, and challenges in where they are listened for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from agecheck.kiosk.addresses import is_loopback
from agecheck.kiosk.config import MqttSection
from agecheck.kiosk.errors import DeliveryError
from agecheck.kiosk.sinks import read_secret, tls_of

if TYPE_CHECKING:
    from paho.mqtt.client import ConnectFlags
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

KEEP_ALIVE_S = 30
AT_LEAST_ONCE = 1


class Mqtt:
    """A lasting connection to one broker, in a thread of paho's; it comes back by itself.

    Without a connection a token is refused, not queued: its person would have gone. One that was
    sent and not acknowledged may still arrive when the connection is back; it counts as failed.

    Args:
        section: where, and as whom.
        asked: gets each message of the challenge topic; None listens to nothing.

    Raises:
        KioskConfigError: a secret file or an authority cannot be used.
    """

    def __init__(self, section: MqttSection, asked: Callable[[bytes], None] | None = None) -> None:
        self._section, self._asked = section, asked
        client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv311)
        if section.password_file is not None:
            password = read_secret(section.password_file).decode("utf-8", "surrogateescape")
            client.username_pw_set(section.username, password)
        if section.ca_file is not None or not is_loopback(section.host):
            client.tls_set_context(tls_of(section.ca_file))
        client.on_connect = self._listen
        client.on_message = self._hear
        client.reconnect_delay_set(1, 30)
        self._client = client

    def start(self) -> None:
        """Begin to connect; it is not waited for."""
        self._client.connect_async(self._section.host, self._section.port, KEEP_ALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Say goodbye."""
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def is_connected(self) -> bool:
        return self._client.is_connected()

    def send(self, token: str, *, over: bool) -> None:  # noqa: ARG002
        published = False
        if self._client.is_connected():
            message = self._client.publish(self._section.topic, token, AT_LEAST_ONCE, retain=False)
            try:
                message.wait_for_publish(self._section.deadline_s)
                published = message.is_published()
            except (RuntimeError, ValueError):
                published = False
        if not published:
            raise DeliveryError("the broker did not take it")

    def _listen(
        self,
        client: Client,
        _data: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        topic = self._section.challenge_topic
        if self._asked is not None and topic is not None and not reason.is_failure:
            client.subscribe(topic, AT_LEAST_ONCE)

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        # A retained message is from before: the person it was for has gone.
        if self._asked is not None and not message.retain:
            self._asked(bytes(message.payload))
