"""uvicorn's WebSocket as one of ten thousand: with less memory, and gone when its client is."""

import asyncio

from uvicorn._types import ASGIReceiveEvent
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from graph.http.unread import cut, unread_bytes


class Gate:
    """An asyncio.Event that is set nearly always; the queue of those who wait is not there until somebody does."""

    __slots__ = ("_opened",)

    def __init__(self) -> None:
        self._opened: asyncio.Future[None] | None = None

    def set(self) -> None:
        """Let everybody through."""
        if self._opened is not None:
            self._opened.set_result(None)
            self._opened = None

    def clear(self) -> None:
        """Let nobody through."""
        if self._opened is None:
            self._opened = asyncio.get_running_loop().create_future()

    async def wait(self) -> None:
        """Until it is set."""
        while self._opened is not None:
            await asyncio.shield(self._opened)


class Inbox:
    """An asyncio.Queue for one who takes."""

    __slots__ = ("_arrival", "_events")

    def __init__(self) -> None:
        self._events: list[ASGIReceiveEvent] = []
        self._arrival: asyncio.Future[None] | None = None

    def put_nowait(self, event: ASGIReceiveEvent) -> None:
        """Add an event."""
        self._events.append(event)
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    def empty(self) -> bool:
        """Whether there is none."""
        return not self._events

    async def get(self) -> ASGIReceiveEvent:
        """The oldest event, once there is one."""
        while not self._events:
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        return self._events.pop(0)


class HeldSocket(WebSocketsSansIOProtocol):
    """A connection that lasts long and is silent most of the time."""

    queue: Inbox  # type: ignore[assignment]
    writable: Gate  # type: ignore[assignment]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        # Each of the six lists of waiters in a Queue and an Event takes 760 bytes, though nobody waits.
        self.queue, self.writable = Inbox(), Gate()

    def start_keepalive(self) -> None:
        """Begin to ping. What the handshake said is known to the app, and is not kept a second time."""
        super().start_keepalive()
        self.request.headers.clear()
        self.response.headers.clear()

    def keepalive_timeout(self) -> None:
        """Close, and do not wait for a client that is not there to read what is left."""
        super().keepalive_timeout()
        if unread_bytes(self):
            cut(self)
