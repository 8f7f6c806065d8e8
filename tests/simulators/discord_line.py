"""The wire of the simulated gateway."""

from __future__ import annotations

import json
import zlib
from typing import Any

from starlette.websockets import WebSocket


class Line:
    """One connection to the gateway, packed where the client asks for it."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        packed = socket.query_params.get("compress") == "zlib-stream"
        self._packing = zlib.compressobj() if packed else None

    async def send(self, message: dict[str, Any]) -> None:
        text = json.dumps(message)
        if self._packing is None:
            await self.socket.send_text(text)
        else:
            packed = self._packing.compress(text.encode()) + self._packing.flush(zlib.Z_SYNC_FLUSH)
            await self.socket.send_bytes(packed)
