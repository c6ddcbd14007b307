"""Where tokens go, against real servers on this machine, real pipes and gpiozero's mock pins."""

from __future__ import annotations

import datetime
import ipaddress
import os
import ssl
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from agecheck.kiosk.addresses import require_safe_url
from agecheck.kiosk.config import FallbackSection, GpioSection, WebhookSection
from agecheck.kiosk.errors import DeliveryError, KioskConfigError
from agecheck.kiosk.sinks import Fallback, GpioPulse, Stdout, Webhook

TOKEN = ".".join(("aaa", "bbb", "ccc"))


class Server(ThreadingHTTPServer):
    """Answers as its path says, and keeps what it got."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[tuple[str, bytes, dict[str, str]]] = []
        self.stop = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """See Server."""

    server: Server

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.got.append((self.path, self.rfile.read(length), headers))
        if self.path == "/drip":  # one byte at a time: each comes well within a socket's limit
            while not self.server.stop.wait(0.05):
                self.wfile.write(b"x")
                self.wfile.flush()
            return
        self.send_response(int(self.path.strip("/")))
        self.send_header("Location", "/200")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A web server on this machine."""
    with Server() as started:
        thread = threading.Thread(target=started.serve_forever, args=(0.01,))
        thread.start()
        yield started
        started.stop.set()
        started.shutdown()
        thread.join()


def webhook(url: str, deadline_s: float = 5.0, ca_file: str | None = None) -> Webhook:
    """A webhook to there."""
    return Webhook(WebhookSection(url=url, deadline_s=deadline_s, ca_file=ca_file))


def test_a_webhook_posts_the_token_alone(server: Server) -> None:
    """The body is the token, and no header tells more than a token's type."""
    webhook(server.url + "/204").send(TOKEN, over=True)
    [(path, body, headers)] = server.got
    assert (path, body) == ("/204", TOKEN.encode())
    assert headers.keys() <= {
        "host",
        "accept-encoding",
        "content-length",
        "content-type",
        "user-agent",
    }


@pytest.mark.parametrize("path", ["/301", "/307", "/400", "/500"])
def test_a_webhook_follows_no_redirect(server: Server, path: str) -> None:
    """Whatever is not a plain yes is a failure, and nothing is sent elsewhere."""
    with pytest.raises(DeliveryError):
        webhook(server.url + path).send(TOKEN, over=True)
    assert len(server.got) == 1


def test_a_webhook_asks_no_proxy(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables of the environment do not send tokens to somebody else."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    webhook(server.url + "/200").send(TOKEN, over=True)
    assert len(server.got) == 1


def test_a_webhook_has_one_deadline_for_all(server: Server) -> None:
    """A server that drips its answer does not hold the kiosk up."""
    began_s = time.monotonic()
    with pytest.raises(DeliveryError) as caught:
        webhook(server.url + "/drip", deadline_s=0.3).send(TOKEN, over=True)
    assert time.monotonic() - began_s < 1.5
    assert TOKEN not in str(caught.value)


def test_a_webhook_that_is_not_there_is_a_failure() -> None:
    """A closed port is a typed error."""
    with pytest.raises(DeliveryError):
        webhook("http://127.0.0.1:1/").send(TOKEN, over=True)


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[tuple[Server, str]]:
    """The same behind TLS, and the authority that vouches for it."""
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, None)
    )
    chain, secret = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(certificate.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, secret)
    with Server() as started:
        started.socket = context.wrap_socket(started.socket, server_side=True)
        thread = threading.Thread(target=started.serve_forever, args=(0.01,))
        thread.start()
        yield started, str(chain)
        started.shutdown()
        thread.join()


def test_a_webhook_checks_the_certificate(tls_server: tuple[Server, str]) -> None:
    """Its own authority is believed, a stranger's is not."""
    server, ca_file = tls_server
    url = server.url.replace("http:", "https:") + "/200"
    webhook(url, ca_file=ca_file).send(TOKEN, over=True)
    assert len(server.got) == 1
    with pytest.raises(DeliveryError):
        webhook(url).send(TOKEN, over=True)
    assert len(server.got) == 1


@pytest.mark.parametrize("scheme", ["HTTPS", "Https", "hTTPs"])
def test_a_scheme_has_no_case(tls_server: tuple[Server, str], scheme: str) -> None:
    """A URL that the settings take for https is sent to by TLS alone, however it is written."""
    server, ca_file = tls_server
    url = f"{scheme}{server.url.removeprefix('http')}/200"
    require_safe_url(url, "outputs.webhook.url")
    webhook(url, ca_file=ca_file).send(TOKEN, over=True)
    assert len(server.got) == 1
    for call in (
        partial(webhook(url).send, TOKEN, over=True),
        Fallback(FallbackSection(url=url)).call,
    ):
        with pytest.raises(DeliveryError):  # a stranger's certificate, so TLS was tried
            call()
    assert len(server.got) == 1


def test_a_bad_authority_file_is_found_at_the_start(tmp_path: Path) -> None:
    """Not when the first token is to be sent."""
    with pytest.raises(KioskConfigError):
        webhook("https://shop.example/", ca_file=str(tmp_path / "none.pem"))


def test_standard_output_gets_one_line() -> None:
    """The token and a line's end."""
    reader, writer = os.pipe()
    try:
        Stdout(writer).send(TOKEN, over=False)
        assert os.read(reader, 100) == TOKEN.encode() + b"\n"
    finally:
        os.close(reader)
        os.close(writer)


def test_a_full_disk_is_a_failed_delivery() -> None:
    """Nobody is told to go on when the token could not be written."""
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(DeliveryError):
            Stdout(full).send(TOKEN, over=True)
    finally:
        os.close(full)


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    """gpiozero's mock pins."""
    before = Device.pin_factory
    Device.pin_factory = MockFactory()
    yield Device.pin_factory
    Device.pin_factory.reset()
    Device.pin_factory = before


def test_a_pin_pulses_for_over_alone(pins: MockFactory) -> None:
    """Nothing moves for UNDER; for OVER the pin goes up for the set time, and down again."""
    pulse = GpioPulse(GpioSection(pin=17, pulse_ms=50))
    pin = pins.pin(17)
    pin.clear_states()
    pulse.send(TOKEN, over=False)
    assert [state.state for state in pin.states] == [False]
    pulse.send(TOKEN, over=True)
    assert [state.state for state in pin.states] == [False, True, False]
    assert 0.04 < pin.states[2].timestamp < 0.5  # seconds since the state before


def test_a_pin_that_cannot_be_had_is_found_at_the_start(pins: MockFactory) -> None:
    """A pin that is in use already is an error in the settings."""
    first = GpioPulse(GpioSection(pin=17))
    with pytest.raises(KioskConfigError):
        GpioPulse(GpioSection(pin=17))
    assert first is not None
    assert pins.pin(17).state == 0


def test_the_fallback_command_learns_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No variable but PATH, no input, no argument but those in the settings."""
    monkeypatch.setenv("AGECHECK_SECRET", "secret")
    seen = tmp_path / "seen"
    script = tmp_path / "call"
    script.write_text(f'#!/bin/sh\n{{ env; echo "$@"; cat; }} > {seen}\n')
    script.chmod(0o700)
    Fallback(FallbackSection(command=(str(script), "staff"))).call()
    lines = {line for line in seen.read_text().splitlines() if not line.startswith(("PWD=", "_="))}
    assert lines == {f"PATH={os.environ['PATH']}", "staff"}


@pytest.mark.parametrize("command", [("false",), ("sleep", "5"), ("/no/such/program",)])
def test_a_fallback_that_fails_is_a_typed_error(command: tuple[str, ...]) -> None:
    """A program that fails, hangs or is not there."""
    began_s = time.monotonic()
    with pytest.raises(DeliveryError):
        Fallback(FallbackSection(command=command, deadline_s=0.3)).call()
    assert time.monotonic() - began_s < 3


def test_a_fallback_address_gets_an_empty_request(server: Server) -> None:
    """A POST without a body or a type."""
    Fallback(FallbackSection(url=server.url + "/200")).call()
    [(path, body, headers)] = server.got
    assert (path, body) == ("/200", b"")
    assert "content-type" not in headers
