"""Where an adapter may connect: public addresses over https, and this machine where a setting allows it.

The address of a page comes from a settings file that more than one person may edit. It must not become a way
into the district's inner network or to a cloud machine's metadata. Every connection is checked and goes to
the very address that was checked, so a name that changes its answer in between gains nothing.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx

from platforms.base import NotAuthorised, Unavailable

Address = IPv4Address | IPv6Address

RESOLVE_SECONDS = 10
NAT64 = ip_network("64:ff9b::/96")
# Public by Python's table, inner by use: protocol assignments (Oracle's metadata), Azure's host service, and
# NAT64 for local use.
INNER = tuple(map(ip_network, ("192.0.0.0/24", "168.63.129.16/32", "64:ff9b:1::/48")))


def refusal(address: Address, *, allow_loopback: bool) -> str | None:
    """Why an adapter must not connect to `address`, in words that end a sentence; None if it may."""
    address = _unwrapped(address)
    if address.is_loopback:
        return None if allow_loopback else "this machine itself: set allow_loopback = true if that is meant"
    inner = not address.is_global or address.is_multicast or address.is_reserved or _is_site_local(address)
    if inner or any(address in network for network in INNER):
        return "an address inside a private network, where this program does not connect"
    return None


async def resolve(url: httpx.URL, *, allow_loopback: bool) -> list[Address]:
    """The addresses behind `url`, all of them permitted.

    Raises NotAuthorised when one is not or when the password would travel in clear text, Unavailable when the
    name has no address now.
    """
    if url.scheme not in ("http", "https") or not url.host:
        raise NotAuthorised(f"{url.scheme}://{url.host} is not a web address: write https://…")
    addresses = await _look_up(_name(url))
    for address in addresses:
        if reason := refusal(address, allow_loopback=allow_loopback):
            raise NotAuthorised(f"{url.host} is at {address}, {reason}")
        if url.scheme == "http" and not _unwrapped(address).is_loopback:
            raise NotAuthorised(f"http://{url.host} would send the password in clear text: write https://…")
    return addresses


class CheckedTransport(httpx.AsyncBaseTransport):
    """Connects to the checked address while Host header and certificate keep the name.

    For one host: connections are pooled by address. Proxies named in the environment are not used.
    """

    def __init__(self, *, allow_loopback: bool) -> None:
        self._allow_loopback = allow_loopback
        self._inner = httpx.AsyncHTTPTransport(verify=_trusted())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        *others, last = await resolve(request.url, allow_loopback=self._allow_loopback)
        for address in others:
            try:
                return await self._inner.handle_async_request(_pinned(request, address))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._inner.handle_async_request(_pinned(request, last))

    async def aclose(self) -> None:
        await self._inner.aclose()


@cache
def _trusted() -> ssl.SSLContext:
    """The certificate authorities: reading them takes tens of milliseconds, so once."""
    return httpx.create_ssl_context()


def _pinned(request: httpx.Request, address: Address) -> httpx.Request:
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions=request.extensions | {"sni_hostname": _name(request.url)},
    )


def _name(url: httpx.URL) -> str:
    """The host in ASCII, international names encoded."""
    return url.raw_host.decode("ascii")


async def _look_up(host: str) -> list[Address]:
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        raise Unavailable(f"the name {host} has no address now ({error or 'no answer in time'})") from None
    # A zone such as fe80::1%eth0 is not part of the address.
    return list(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one carries: mapped, 6to4 or NAT64."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_site_local(address: Address) -> bool:
    return isinstance(address, IPv6Address) and address.is_site_local
