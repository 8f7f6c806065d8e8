"""A proxy on loopback before a real server: passes everything on, but spoils the answers it is told to."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import httpx

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "server"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong with one answer. The server gets the request, unless `status` answers in its place."""

    status: int | None = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Added to the answer's own, or replacing them."""
    half: bool = False
    """The length is told in full, then the connection ends after half of the body."""
    wait: float = 0
    """Seconds before the answer."""


class Unreliable:
    """Used in a `with` block. `spoil` says what happens to the next requests, None meaning nothing."""

    def __init__(self, upstream: str) -> None:
        self.requests: list[str] = []
        """The method and path of every request, without its query."""
        self._upstream = upstream
        self._client = httpx.Client(timeout=30, verify=False)
        self._faults: deque[Fault | None] = deque()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65537)
                if self.raw_requestline and self.parse_request():
                    proxy._serve(self)
                self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def spoil(self, *faults: Fault | None) -> None:
        self._faults.extend(faults)

    def __enter__(self) -> Unreliable:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
        self._client.close()

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        fault = self._faults.popleft() if self._faults else None
        fault = fault or Fault()
        self.requests.append(f"{request.command} {request.path.partition('?')[0]}")
        body = request.rfile.read(int(request.headers.get("content-length") or 0))
        if fault.status is None:
            status, headers, answer = self._passed_on(request, body)
        else:
            status, headers, answer = fault.status, {}, b""
        time.sleep(fault.wait)
        answer = answer if fault.body is None else fault.body
        request.send_response_only(status)
        for name, value in (headers | {key.lower(): value for key, value in fault.headers.items()}).items():
            request.send_header(name, value)
        request.send_header("content-length", str(len(answer)))
        with suppress(ConnectionError):  # the client may have given up waiting
            request.end_headers()
            request.wfile.write(answer[: len(answer) // 2] if fault.half else answer)

    def _passed_on(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        url = self._upstream + request.path
        response = self._client.request(request.command, url, headers=headers, content=body)
        kept = {name: value for name, value in response.headers.items() if name not in HOP_BY_HOP}
        return response.status_code, kept, response.content
