"""uvicorn's WebSocket, as this product needs it: gone with a ping that is not answered, and written to at once."""

from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from graph.http.unread import cut, unread_bytes

# The extension of ASGI's scope under which an app finds what writes a whole frame at once.
WRITES_FRAMES = "precheck.frames"


class WrittenSocket(WebSocketsSansIOProtocol):
    """A socket whose app may write frames that it has made once for many."""

    async def run_asgi(self) -> None:
        """Serve the socket, and let the app write."""
        cast("dict[str, Any]", self.scope["extensions"])[WRITES_FRAMES] = self.write
        await super().run_asgi()

    def write(self, frame: bytes) -> bool:
        """Write a whole frame that has no mask; False, and nothing written, where the client is behind or gone."""
        is_open = self.handshake_complete and not self.close_sent and not self.disconnected
        if not is_open or not self.writable.is_set() or self.transport.is_closing():
            return False
        self.transport.write(frame)
        return True

    def keepalive_timeout(self) -> None:
        """Close, and do not wait for a client that is not there."""
        super().keepalive_timeout()
        if unread_bytes(self):
            cut(self)
