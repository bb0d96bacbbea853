"""uvicorn's HTTP connection, bounded: so many of them, so many bytes, so long until a request has arrived."""

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from graph.http.bounds import MOST_HEADERS, MOST_REFUSED, Bounds
from graph.http.refusals import Refusal, in_bytes, too_many_connections
from resolvers.errors import LimitExceeded
from resolvers.metrics import REQUESTS_REFUSED

# How long a client that was refused may take to read why: to close at once would have its kernel drop the answer.
_LINGER_SECONDS = 1.0
# Chunks of one byte take six.
_MOST_OVERHEAD = 8
_LARGEST_HANDSHAKE_LINE = 8000
_HANDSHAKE_HEADERS = {b"sec-websocket-key", b"sec-websocket-version"}
_BODY_HEADERS = (b"content-length", b"transfer-encoding")
_LENGTH, _HOST, _EXPECT = b"content-length", b"host", b"expect"
for _status in (400, 408, 413, 431, 503):
    REQUESTS_REFUSED.labels(f"{_status}")  # each is shown from the start, at nought


class ReceivedHttp(HttpToolsProtocol):
    """A connection that is refused in JSON what it sends too much of, too slowly, or too oddly.

    What is odd is not logged: whoever can reach this server could fill its log.
    """

    cycle: RequestResponseCycle | None  # type: ignore[assignment]  # there is none before the first request

    def __init__(self, *args: Any, bounds: Bounds, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bounds = bounds
        self._deadline: asyncio.TimerHandle | None = None
        self._asking: RequestResponseCycle | None = None  # whose request is not whole yet
        self._has_head = False
        self._is_whole = False
        self._is_refused = False
        self._size = self._head_size = self._body_size = self._hosts = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, where there is a place for another connection."""
        super().connection_made(transport)
        most = self._bounds.connections
        if len(self.connections) > most + MOST_REFUSED:
            self.transport.abort()
        elif len(self.connections) > most:
            self._refuse(too_many_connections(most))
        else:
            self._await_rest()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._forget_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, if the client may still say something."""
        if self._is_refused:
            return
        self._unset_keepalive_if_required()
        if self.cycle is None or self.cycle.response_complete:
            self._is_whole = False
        self._size += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(cause if isinstance(cause, Refusal) else Refusal(400, "This is no HTTP request."))
        else:
            self._look_for_rest()

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._asking = None
        self._has_head = self._is_whole = False
        self._head_size = self._body_size = self._hosts = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header. Raises Refusal for too many of them, or for one that comes after the body."""
        if self._has_head:
            raise Refusal(400, "Headers after the body are not read.")
        name = name.lower()
        self.headers.append((name, value))
        self._head_size += len(name) + len(value) + 4
        if len(self.headers) > MOST_HEADERS:
            raise Refusal(431, f"A request may have {MOST_HEADERS} headers.", error=LimitExceeded)
        if name == _HOST:
            self._hosts += 1
        elif name == _EXPECT:
            self.expect_100_continue = value.lower() == b"100-continue"
        elif name == _LENGTH and int(value) > self._bounds.body_bytes:
            raise self._too_large()

    def on_headers_complete(self) -> None:
        """Begin to answer. Raises Refusal for a head that is too large, or names no single host."""
        self._has_head = True
        if self._head_size + len(self.url) > self._bounds.header_bytes:
            raise self._head_too_large()
        self._check_head()
        super().on_headers_complete()
        if self.cycle is not None and self.cycle.scope is self.scope:
            self._asking = self.cycle

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body. Raises Refusal where that makes it too large."""
        self._body_size += len(body)
        if self._body_size > self._bounds.body_bytes:
            raise self._too_large()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Nothing is missing any more."""
        super().on_message_complete()
        self._is_whole = True
        self._asking = None

    def on_response_complete(self) -> None:
        """Go on with the next request, or end where the client was refused meanwhile."""
        if self._is_refused:
            self.server_state.total_requests += 1
            self.transport.close()
        else:
            super().on_response_complete()

    def _check_head(self) -> None:
        version = self.parser.get_http_version()
        if version not in ("1.0", "1.1"):
            raise Refusal(400, "HTTP is spoken here in the versions 1.0 and 1.1.")
        if self._hosts > 1 or (not self._hosts and version == "1.1"):
            raise Refusal(400, "A request has to have one `host` header.")
        # What follows such a head is not read as HTTP any more, so that its body would be lost.
        if self.parser.should_upgrade() and any(name in _BODY_HEADERS for name, _ in self.headers):
            raise Refusal(400, "A request with a body cannot ask for another protocol: leave out `upgrade`.")

    def _should_upgrade(self) -> bool:
        """Whether this is a handshake that can succeed; all else is a request like any other."""
        if not super()._should_upgrade() or self.scope["method"] != "GET":
            return False
        names = [name for name, _ in self.headers]
        return all(name in names for name in _HANDSHAKE_HEADERS) and not any(
            name in names for name in _BODY_HEADERS
        )

    def _upgrade(self) -> None:
        self._forget_deadline()
        if not self._should_upgrade():
            if self.cycle is not None:  # what comes behind such a request is not read as HTTP any more
                self.cycle.keep_alive = False
        elif self._is_odd_handshake():
            self._refuse(Refusal(400, "This is no WebSocket handshake: its lines are too long, or not ASCII."))
        else:
            self.handle_websocket_upgrade()

    def _is_odd_handshake(self) -> bool:
        longest = max(len(self.url), *(len(name) + len(value) for name, value in self.headers))
        return longest > _LARGEST_HANDSHAKE_LINE or not self.url.isascii()

    def _look_for_rest(self) -> None:
        if not self._is_whole:
            self._check_size()
            return
        self._forget_deadline()
        self._size = 0
        is_idle = self.cycle is not None and self.cycle.response_complete and not self.transport.is_closing()
        if is_idle and self.timeout_keep_alive_task is None:  # it was answered before the body was there
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _check_size(self) -> None:
        if not self._has_head and self._size > self._bounds.header_bytes:
            self._refuse(self._head_too_large())
        elif self._size > self._bounds.header_bytes + _MOST_OVERHEAD * self._bounds.body_bytes:
            self._refuse(self._too_large())
        elif self._deadline is None:
            self._await_rest()

    def _await_rest(self) -> None:
        self._deadline = self.loop.call_later(self._bounds.receive_seconds, self._give_up)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self._size:
            seconds = self._bounds.receive_seconds
            self._refuse(Refusal(408, f"The request did not arrive within {seconds:g} seconds."))
        else:
            self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer in the place of the app, after which nothing is read any more, and close."""
        self._is_refused = True
        REQUESTS_REFUSED.labels(f"{refusal.status}").inc()
        self._forget_deadline()
        self._unset_keepalive_if_required()
        if self._is_busy():
            self.pipeline.clear()  # `on_response_complete` closes
        elif self._asking is not None and self._asking.response_started:
            self._leave()
        else:
            if self._asking is not None:
                self._asking.disconnected = True
                self._asking.message_event.set()
            self.transport.write(in_bytes(refusal, self.server_state.default_headers))
            self._leave()

    def _is_busy(self) -> bool:
        """Whether an earlier request is still being answered."""
        is_answering = self.cycle is not None and not self.cycle.response_complete
        return bool(self.pipeline) or (is_answering and self._asking is None)

    def _leave(self) -> None:
        if not self.transport.is_closing():
            if self.transport.can_write_eof():
                self.transport.write_eof()
            self.loop.call_later(_LINGER_SECONDS, self.transport.abort)

    def _too_large(self) -> Refusal:
        most = self._bounds.body_bytes
        return Refusal(413, f"The body of a request may have {most} bytes.", error=LimitExceeded)

    def _head_too_large(self) -> Refusal:
        most = self._bounds.header_bytes
        return Refusal(431, f"The head of a request may have {most} bytes.", error=LimitExceeded)
