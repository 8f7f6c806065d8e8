"""Real receivers on loopback for each kind of channel: signed webhook, Discord, mail with STARTTLS."""

from __future__ import annotations

import datetime as dt
import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook as StandardWebhook

SECRET = "whsec_" + "bW9kYm90LXRlc3Qta2V5LW1vZGJvdC10ZXN0LWtleSE="


class Desk:
    """Takes webhooks, signed ones and Discord's. A `status` other than 200 refuses.

    A signed message whose id was here before is taken and not kept, as the specification asks.
    """

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []
        self.arrived: list[str] = []
        """The id of every message, those that came before included."""
        self.status = 200
        self.verify = StandardWebhook(SECRET)
        self._lock = Lock()
        self._may_answer = Event()
        self._may_answer.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def discord(self) -> str:
        return f"{self.url}/api/webhooks/1/a-token-that-is-long-enough"

    def close(self) -> None:
        self.go_on()
        self._server.shutdown()
        self._server.server_close()

    def hang(self) -> None:
        """From now on nobody is answered, until `go_on`."""
        self._may_answer.clear()

    def go_on(self) -> None:
        self.status = 200
        self._may_answer.set()

    def take(self, headers: Any, body: bytes) -> None:
        signed = headers.get("webhook-id")
        said = self.verify.verify(body, dict(headers)) if signed else json.loads(body)
        key = signed or said["embeds"][0]["footer"]["text"]
        with self._lock:
            self.arrived.append(key)
            if not signed or self.arrived.count(key) == 1:
                self.kept.append({"key": key, "at": time.monotonic()} | said)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    return  # the sender was killed
                desk._may_answer.wait(20)
                if desk.status == 200:
                    desk.take(self.headers, body)
                self._answer(desk.status)

            def do_GET(self) -> None:
                self._answer(desk.status, {"id": "1", "name": "Alerts", "channel_id": "2"})

            def do_HEAD(self) -> None:
                self._answer(405)

            def _answer(self, status: int, said: dict[str, Any] | None = None) -> None:
                message = {"id": "5", "channel_id": "2", "content": "", "embeds": []}
                body = json.dumps(said or message | {"timestamp": "2026-11-22T01:02:03+00:00"}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    with suppress(BrokenPipeError, ConnectionResetError):
                        self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@contextmanager
def desk() -> Iterator[Desk]:
    taking = Desk()
    try:
        yield taking
    finally:
        taking.close()


@dataclass
class PostOffice:
    """A mail server with STARTTLS and a password, and what it was given."""

    port: int
    ca_file: Path
    letters: list[EmailMessage] = field(default_factory=list)
    code: str = "250 OK"
    refused: set[str] = field(default_factory=set)
    encrypted: list[bool] = field(default_factory=list)

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.code.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            letter = message_from_bytes(content, policy=policy.default)
            assert isinstance(letter, EmailMessage)
            self.letters.append(letter)
            self.encrypted.append(session.ssl is not None)
        return self.code


class _AnyPort(Controller):
    """aiosmtpd's, told which port it was given before it connects to itself."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


USER, PASSWORD = "modbot", "s3cret-of-the-mail-server"


@contextmanager
def post_office(folder: Path) -> Iterator[PostOffice]:
    certificate, key = certify(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    office = PostOffice(0, certificate)
    controller = _AnyPort(
        office,
        hostname="127.0.0.1",
        port=0,
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=_authenticated,
    )
    controller.start()
    office.port = controller.port
    try:
        yield office
    finally:
        controller.stop()


def _authenticated(
    _server: SMTP, _session: Session, _envelope: Envelope, _kind: str, given: Any
) -> AuthResult:
    right = LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=given == right, handled=False)


def certify(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(IPv4Address("127.0.0.1"))
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "mail.pem", folder / "mail.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths
