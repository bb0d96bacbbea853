"""uvicorn's WebSocket, as this product needs it: small, read in turns, written to at once, soon gone."""

import asyncio
from typing import Any, cast

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Close, Frame

from graph.http.slight import Slight, is_message, is_slight
from graph.http.unread import cut, unread_bytes
from graph.http.waiting import Gate, Inbox
from resolvers.metrics import REQUESTS_REFUSED
from resolvers.turns import Turn

# The extensions of ASGI's scope under which an app finds what writes a whole frame, and what closes, at once.
WRITES_FRAMES = "precheck.frames"
CLOSES = "precheck.close"
# So many bytes are understood between two looks at the clock: 170 of the smallest frames, a millisecond's work.
_SLICE_BYTES = 1024
# How long a client may take to answer a close frame, or to read why it was refused.
_LINGER_SECONDS = 2.0
_NOT_TEXT, _TOO_MUCH = 1007, 1008
for _code in (1002, _NOT_TEXT, _TOO_MUCH, 1009):
    REQUESTS_REFUSED.labels(f"{_code}")  # each is shown from the start, at nought


class WrittenSocket(WebSocketsSansIOProtocol):
    """A socket that lasts long, and whose app may write frames that it has made once for many.

    What arrives is understood bit by bit: not before the app has seen to the messages that are there, and no
    longer than a turn of the event loop may last. What is left waits, and nothing is read meanwhile.
    """

    # More in its dict would have that grow by a kilobyte.
    __slots__ = ("_has_spoken", "_is_due", "_rest", "_slight")

    queue: Inbox  # type: ignore[assignment]  # all of it that is used
    writable: Gate  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The queue and the event that are there hold five lists of who waits, 760 bytes each.
        self.queue, self.writable = Inbox(), Gate()
        self.close_timeout = _LINGER_SECONDS
        self._rest: memoryview | None = None
        self._slight: Slight | None = None
        self._is_due = self._has_spoken = False

    def start_keepalive(self) -> None:
        """Begin to ping. What the handshake said stands in the scope, and is not kept a second time."""
        super().start_keepalive()
        self.request.headers.clear()
        self.response.headers.clear()

    def data_received(self, data: bytes) -> None:
        """Understand a little at once, and more of it by and by."""
        if self.conn.eof_sent:  # nothing is understood any more; it is read so that the client learns why
            return
        if not self.handshake_initiated:
            self._begin(data)
        elif len(data) <= _SLICE_BYTES and self._rest is None and not self._is_held:
            super().data_received(data)
        else:
            self._rest = memoryview(data if self._rest is None else bytes(self._rest) + data)
            if not self._is_due:
                self._understand_rest()

    def connection_lost(self, exc: Exception | None) -> None:
        """Understand nothing of what is left."""
        self._rest = None
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """See to each frame, if they are no more than an honest client sends."""
        frames = [event for event in self.conn.events if isinstance(event, Frame)]
        awaited = self.pending_ping_payload
        count = sum(self.close_sent or is_slight(frame, awaited) for frame in frames)
        if count:
            self._slight = self._slight or Slight()
            refusal = self._slight.refusal(
                count, self.loop.time(), has_spoken=self._has_spoken or any(map(is_message, frames))
            )
            if refusal is not None:
                self._fail(_TOO_MUCH, refusal)
                return
        super().handle_events()

    def handle_ping(self) -> None:
        """Answer, unless the client is behind: what it does not read would be held here."""
        if self._is_ready:
            super().handle_ping()
        elif self.conn.close_rcvd is None:  # else the answer to that stands behind the pong
            self.conn.data_to_send()

    def send_receive_event_to_app(self) -> None:
        """Hand the app a message, and read no more until it has taken it."""
        if not self.close_sent and self.curr_msg_data_type == "text" and not _is_text(b"".join(self.frames)):
            self._fail(_NOT_TEXT, "invalid UTF-8")
        elif not self.transport.is_closing():
            self._has_spoken = True
            super().send_receive_event_to_app()

    async def receive(self) -> ASGIReceiveEvent:
        """The next event. Who has sent more than one lets everybody else go on before."""
        if not self.queue.empty():
            await asyncio.sleep(0)
        event = await self.queue.get()
        if self.queue.empty():
            self._read_on()
        return event

    async def send(self, message: ASGISendEvent) -> None:
        """Send an event of the app. Raises ClientDisconnected where the socket was closed before."""
        await self.writable.wait()
        if self.close_sent or self.transport.is_closing():
            raise ClientDisconnected
        await super().send(message)
        if message["type"] != "websocket.send":
            self._note_progress()

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
        self._read_on()
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
        if self.close_sent or self.transport.is_closing():
            return
        said = cast("Close", self.conn.close_sent)
        REQUESTS_REFUSED.labels(f"{said.code}").inc()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": said.code, "reason": said.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self._read_on()
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def keepalive_timeout(self) -> None:
        """Close, and do not wait for a client that is not there."""
        super().keepalive_timeout()
        if unread_bytes(self):
            cut(self)

    def _fail(self, code: int, reason: str) -> None:
        """Refuse what the parser has let through, and understand nothing that comes after it."""
        self.frames = []
        self.conn.events.clear()
        self.conn.fail(code, reason)
        self.handle_parser_exception()

    @property
    def _is_held(self) -> bool:
        """Whether the app has to do something before any more is understood: to let the client in, at first."""
        return self.read_paused or not self.handshake_complete

    def _begin(self, handshake: bytes) -> None:
        super().data_received(handshake)
        if self.conn.handshake_exc is not None:
            self.transport.close()

    def _note_progress(self) -> None:
        if self.close_sent:
            self.handshake_complete = True  # an app that answers a handshake by HTTP has completed it, too
        if self.handshake_complete:
            self._understand_soon()

    def _read_on(self) -> None:
        if self.read_paused and not self.transport.is_closing():
            self.read_paused = False
            if self._rest is None:
                self.transport.resume_reading()
        self._understand_soon()

    def _understand_soon(self) -> None:
        if self._rest is not None and not self._is_due:
            self._is_due = True
            self.loop.call_soon(self._understand_rest)

    def _understand_rest(self) -> None:
        """Go on for a turn, or until the app has a message to see to."""
        self._is_due = False
        turn, rest = Turn(), self._rest
        self._rest = None
        while rest and not (self._is_held or self.conn.eof_sent or self.transport.is_closing()):
            slice_, rest = rest[:_SLICE_BYTES], rest[_SLICE_BYTES:]
            super().data_received(cast("bytes", slice_))
            if turn.is_over():
                break
        if self.transport.is_closing():
            return
        if rest and not self.conn.eof_sent:
            self._rest = rest
            self.transport.pause_reading()
            if not self._is_held:
                self._understand_soon()
        elif not self.read_paused:
            self.transport.resume_reading()


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
