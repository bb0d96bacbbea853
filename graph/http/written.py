"""uvicorn's WebSocket, as this product needs it: small, written to at once, gone where a ping is not answered."""

from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Close

from graph.http.unread import cut, unread_bytes
from graph.http.waiting import Gate, Inbox

# The extensions of ASGI's scope under which an app finds what writes a whole frame, and what closes, at once.
WRITES_FRAMES = "precheck.frames"
CLOSES = "precheck.close"


class WrittenSocket(WebSocketsSansIOProtocol):
    """A socket that lasts long, and whose app may write frames that it has made once for many."""

    queue: Inbox  # type: ignore[assignment]  # all of it that is used
    writable: Gate  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The queue and the event that are there hold five lists of who waits, 760 bytes each.
        self.queue, self.writable = Inbox(), Gate()

    def start_keepalive(self) -> None:
        """Begin to ping. What the handshake said stands in the scope, and is not kept a second time."""
        super().start_keepalive()
        self.request.headers.clear()
        self.response.headers.clear()

    async def run_asgi(self) -> None:
        """Serve the socket, and let the app write."""
        extensions = cast("dict[str, Any]", self.scope["extensions"])
        extensions[WRITES_FRAMES], extensions[CLOSES] = self.write, self.close
        await super().run_asgi()

    def write(self, frame: bytes) -> bool:
        """Write a whole frame that has no mask; False, and nothing written, where the client is behind or gone."""
        is_ready = self._is_ready
        if is_ready:
            self.transport.write(frame)
        return is_ready

    def close(self, code: int, reason: str) -> bool:
        """Begin to close, as for an app's own close event; False, and nothing done, in the same cases."""
        if not self._is_ready:
            return False
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.close)
        return True

    @property
    def _is_ready(self) -> bool:
        is_open = self.handshake_complete and not self.close_sent and not self.disconnected
        return is_open and self.writable.is_set() and not self.transport.is_closing()

    def handle_parser_exception(self) -> None:
        """Say why frames are not understood, and let the client find out before the connection ends.

        One that is closed while bytes of the client are unread is reset, and the word is lost with it.
        """
        if self.close_sent:
            return
        said = cast("Close", self.conn.close_sent)
        self.queue.put_nowait({"type": "websocket.disconnect", "code": said.code, "reason": said.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.close)
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def keepalive_timeout(self) -> None:
        """Close, and do not wait for a client that is not there."""
        super().keepalive_timeout()
        if unread_bytes(self):
            cut(self)
