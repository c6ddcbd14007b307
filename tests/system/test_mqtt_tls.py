"""MQTT over TLS with credentials, with a real mosquitto: who gets a token, what the wire shows."""

from __future__ import annotations

import datetime
import ipaddress
import select
import shutil
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from agecheck.kiosk.config import MqttSection
from agecheck.kiosk.errors import DeliveryError
from agecheck.kiosk.mqtt import Mqtt
from system.mosquitto import TOKEN, broker, connected, wait_for

TOPIC, USER, PASSWORD = "kiosk/1/tokens", "kiosk-at-the-door", "a-long-password"
# paho leaves the socket of a failed handshake to the garbage collector, which closes it.
failed_handshakes = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
TLS_HANDSHAKE = b"\x16\x03"
REFUSED_AFTER_S = 1.5
DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """Somebody who signs certificates."""

    name: x509.Name
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def named(cls, name: str) -> Authority:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return cls(subject, ec.generate_private_key(ec.SECP256R1()))

    def certificate(
        self, key: ec.EllipticCurvePrivateKey, subject: x509.Name, names: list[x509.GeneralName]
    ) -> bytes:
        """Signed by this authority; without names, an authority's own."""
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder(
                self.name, subject, key.public_key(), x509.random_serial_number()
            )
            .not_valid_before(now - DAY)
            .not_valid_after(now + DAY)
            .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, SHA256()).public_bytes(Encoding.PEM)

    def write_own(self, path: Path) -> str:
        path.write_bytes(self.certificate(self.key, self.name, []))
        return str(path)


class Wire(socketserver.ThreadingTCPServer):
    """The way from the kiosk to the broker, listened in on: every byte of both directions."""

    daemon_threads = False

    def __init__(self, broker_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Relay)
        self.broker_port = broker_port
        self.port: int = self.server_address[1]
        self.said: list[bytes] = []

    @property
    def sent(self) -> bytes:
        return b"".join(self.said)


class _Relay(socketserver.BaseRequestHandler):
    server: Wire

    def handle(self) -> None:
        near = self.request
        with socket.create_connection(("127.0.0.1", self.server.broker_port)) as far, near:
            other = {near: far, far: near}
            while True:
                for source in select.select([near, far], [], [])[0]:
                    try:
                        data = source.recv(65536)
                        self.server.said.append(data)
                        other[source].sendall(data)
                    except OSError:
                        return
                    if not data:
                        return


class PlainBroker(socketserver.BaseRequestHandler):
    """Takes any connection, in the clear."""

    def handle(self) -> None:
        self.request.recv(65536)
        self.request.sendall(b"\x20\x02\x00\x00")  # CONNACK: accepted


@contextmanager
def serving(server: socketserver.TCPServer) -> Iterator[None]:
    """In a thread of its own."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def wire_to(port: int) -> Iterator[Wire]:
    """A wire to a broker; it hangs on until both ends have left."""
    wire = Wire(port)
    with serving(wire):
        yield wire


@dataclass
class Rig:
    """A broker behind TLS that asks for a password, and what its subscriber has heard."""

    folder: Path
    port: int
    authority: Authority
    heard: list[bytes] = field(default_factory=list)

    def section(
        self, wire: Wire, *, ca_file: str | None = None, password: str = PASSWORD
    ) -> MqttSection:
        """The kiosk's settings, with something wrong or not."""
        secret = self.folder / "password"
        secret.touch(0o600)
        secret.write_text(password + "\n")
        return MqttSection(
            host="127.0.0.1",
            port=wire.port,
            topic=TOPIC,
            username=USER,
            password_file=str(secret),
            ca_file=ca_file or str(self.folder / "ca.pem"),
        )


@contextmanager
def rig_for(folder: Path, names: list[x509.GeneralName]) -> Iterator[Rig]:
    """A broker whose certificate has these names."""
    authority = Authority.named("the shop's authority")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    ca_file = authority.write_own(folder / "ca.pem")
    (folder / "broker.pem").write_bytes(authority.certificate(key, subject, names))
    (folder / "broker.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    passwd = shutil.which("mosquitto_passwd") or "/usr/bin/mosquitto_passwd"
    subprocess.run([passwd, "-b", "-c", str(folder / "users"), USER, PASSWORD], check=True)  # noqa: S603
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    lines = (
        f"cafile {ca_file}\ncertfile {folder / 'broker.pem'}\nkeyfile {folder / 'broker.key'}\n"
        f"allow_anonymous false\npassword_file {folder / 'users'}\n"
    )
    with broker(folder, port, lines):
        rig = Rig(folder, port, authority)
        client = Client(CallbackAPIVersion.VERSION2)
        client.username_pw_set(USER, PASSWORD)
        client.tls_set(ca_file)
        client.tls_insecure_set(True)  # the test's own ear hears under any name
        ready = threading.Event()
        client.on_connect = lambda *_: client.subscribe("#", 1) and None
        client.on_subscribe = lambda *_: ready.set()
        client.on_message = lambda *got: rig.heard.append(bytes(got[2].payload))
        client.connect("127.0.0.1", port)
        client.loop_start()
        assert ready.wait(10)
        try:
            yield rig
        finally:
            client.disconnect()
            client.loop_stop()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """One that is what it should be."""
    with rig_for(tmp_path, [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]) as started:
        yield started


def require_nothing_in_clear(wire: Wire) -> None:
    """TLS from the first byte on, and no word of what is secret."""
    assert wire.sent.startswith(TLS_HANDSHAKE)
    for secret in (TOKEN, TOPIC, USER, PASSWORD):
        assert secret.encode() not in wire.sent


def require_refused(section: MqttSection) -> None:
    """No connection comes about, and a token is refused."""
    output = Mqtt(section)
    output.start()
    time.sleep(REFUSED_AFTER_S)
    with pytest.raises(DeliveryError):
        output.send(TOKEN, over=True)
    assert not output.is_connected
    output.stop()


def test_a_token_arrives_and_the_wire_shows_nothing(rig: Rig) -> None:
    """The right authority, name and password: delivered, and encrypted from the first byte on."""
    with wire_to(rig.port) as wire, connected(rig.section(wire)) as output:
        output.send(TOKEN, over=True)
        wait_for(lambda: rig.heard == [TOKEN.encode()])
    require_nothing_in_clear(wire)


@failed_handshakes
def test_another_authority_gets_nothing(rig: Rig) -> None:
    """A certificate that somebody else signed: not even the user's name is sent."""
    other = Authority.named("the shop's authority").write_own(rig.folder / "other.pem")
    with wire_to(rig.port) as wire:
        require_refused(rig.section(wire, ca_file=other))
        require_nothing_in_clear(wire)
    assert rig.heard == []


def test_a_wrong_password_delivers_nothing(rig: Rig) -> None:
    """The broker turns it away, and it stays encrypted."""
    with wire_to(rig.port) as wire:
        require_refused(rig.section(wire, password="another-password"))  # noqa: S106
        require_nothing_in_clear(wire)
        assert b"another-password" not in wire.sent
    assert rig.heard == []


@failed_handshakes
def test_another_host_name_gets_nothing(tmp_path: Path) -> None:
    """A certificate of the right authority, for another host: someone's who sits in between."""
    with rig_for(tmp_path, [x509.DNSName("broker.shop.example")]) as rig:
        with wire_to(rig.port) as wire:
            require_refused(rig.section(wire))
            require_nothing_in_clear(wire)
        assert rig.heard == []


@failed_handshakes
def test_a_broker_without_tls_gets_nothing(rig: Rig) -> None:
    """It is never fallen back to plain MQTT."""
    plain = socketserver.ThreadingTCPServer(("127.0.0.1", 0), PlainBroker)
    with serving(plain), wire_to(plain.server_address[1]) as wire:
        require_refused(rig.section(wire))
        require_nothing_in_clear(wire)
