from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from platforms import addresses
from platforms.addresses import CheckedTransport, refusal, resolve
from platforms.base import NotAuthorised, Unavailable

pytestmark = pytest.mark.anyio

PUBLIC = [
    "93.184.215.14",
    "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
    "::ffff:93.184.215.14",
    "64:ff9b::5db8:d70e",
]
INNER = [
    "10.0.0.5",
    "172.16.3.4",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "0.0.0.0",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:10.0.0.5",
    "::ffff:169.254.169.254",
    "2002:a00:5::1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
]
LOOPBACK = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "2002:7f00:1::1", "64:ff9b::7f00:1"]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_permitted(address: str) -> None:
    assert refusal(ip_address(address), allow_loopback=False) is None


@pytest.mark.parametrize("address", INNER)
def test_inner_addresses_are_refused_even_where_loopback_is_allowed(address: str) -> None:
    assert "private network" in (refusal(ip_address(address), allow_loopback=True) or "")


@pytest.mark.parametrize("address", LOOPBACK)
def test_loopback_is_refused_unless_allowed(address: str) -> None:
    assert "allow_loopback" in (refusal(ip_address(address), allow_loopback=False) or "")
    assert refusal(ip_address(address), allow_loopback=True) is None


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "[::ffff:7f00:1]", "localhost"])
async def test_other_spellings_of_loopback_are_refused(host: str) -> None:
    with pytest.raises((NotAuthorised, Unavailable)):
        await resolve(httpx.URL(f"https://{host}/"), allow_loopback=False)


async def test_clear_text_to_another_machine_is_refused() -> None:
    with pytest.raises(NotAuthorised, match="clear text"):
        await resolve(httpx.URL("http://93.184.215.14/"), allow_loopback=True)


async def test_a_name_without_an_address_may_get_one_later() -> None:
    with pytest.raises(Unavailable, match=r"no-such-name\.invalid"):
        await resolve(httpx.URL("https://no-such-name.invalid/"), allow_loopback=False)


async def test_one_inner_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers(monkeypatch, ["93.184.215.14", "10.0.0.5"])
    with pytest.raises(NotAuthorised, match=r"10\.0\.0\.5"):
        await resolve(httpx.URL("https://blog.example/"), allow_loopback=False)


async def test_a_name_that_turns_inwards_is_refused_at_the_next_request(
    monkeypatch: pytest.MonkeyPatch, web: str
) -> None:
    port = httpx.URL(web).port
    async with httpx.AsyncClient(transport=CheckedTransport(allow_loopback=True)) as client:
        answers(monkeypatch, ["127.0.0.1"])
        assert (await client.get(f"http://blog.example:{port}/")).text == f"blog.example:{port}"
        answers(monkeypatch, ["169.254.169.254"])
        with pytest.raises(NotAuthorised, match="private network"):
            await client.get(f"http://blog.example:{port}/")


async def test_the_next_address_is_tried_where_one_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, web: str
) -> None:
    port = httpx.URL(web).port
    answers(monkeypatch, ["::1", "127.0.0.1"])
    async with httpx.AsyncClient(transport=CheckedTransport(allow_loopback=True)) as client:
        assert (await client.post(f"http://blog.example:{port}/", content=b"x")).is_success


async def test_the_certificate_is_checked_against_the_name_and_not_the_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificate = certificate_for("blog.example", tmp_path)
    addresses._trusted.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    answers(monkeypatch, ["127.0.0.1"])
    try:
        async with httpx.AsyncClient(transport=CheckedTransport(allow_loopback=True)) as client:
            assert (await client.get(f"https://blog.example:{port}/")).text == f"blog.example:{port}"
        async with httpx.AsyncClient(transport=CheckedTransport(allow_loopback=True)) as client:
            with pytest.raises(httpx.ConnectError, match="mismatch"):
                await client.get(f"https://other.example:{port}/")
    finally:
        server.close()
        addresses._trusted.cache_clear()


def answers(monkeypatch: pytest.MonkeyPatch, found: list[str]) -> None:
    """Every name has these addresses from now on."""

    async def getaddrinfo(host: str, port: object, **options: object) -> list[tuple[object, ...]]:
        return [(None, None, None, "", (address, 0)) for address in found]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request with its Host header."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        writer.close()
        return
    host = next(line[6:] for line in head.split("\r\n") if line.lower().startswith("host: "))
    writer.write(
        f"HTTP/1.1 200 OK\r\ncontent-length: {len(host)}\r\nconnection: close\r\n\r\n{host}".encode()
    )
    await writer.drain()
    writer.close()


@pytest.fixture
def web() -> Iterator[str]:
    """A server on loopback that answers with the Host header, in a thread of its own."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(greet, "127.0.0.1", 0))
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def certificate_for(name: str, folder: Path) -> Path:
    """A key and a certificate signed with it, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "certificate.pem"
    file.write_bytes(private + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return file
