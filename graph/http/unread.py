"""Connections whose client has stopped reading: cut off, for closing one waits for ever for the bytes it holds."""

from asyncio import Transport
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from resolvers.metrics import CONNECTIONS_CUT

STUCK_SECONDS = 60.0


class Written(Protocol):
    """What writes to a client."""

    @property
    def transport(self) -> Transport:
        """Where it writes to."""


class Connection(Written, Protocol):
    """One of the server's, be it HTTP or a WebSocket."""

    def shutdown(self) -> None:
        """Close it, or have it close after the answer that is under way."""


class _Held(NamedTuple):
    size: int
    since: float


class Unread:
    """What clients have not taken, and for how long nothing of it."""

    def __init__(self, stuck_seconds: float = STUCK_SECONDS) -> None:
        self._stuck_seconds = stuck_seconds
        self._held: dict[Written, _Held] = {}

    def look(self, connections: Iterable[Written], now: float) -> None:
        """Cut every connection that has taken nothing since it was seen `stuck_seconds` ago; `now` in seconds."""
        held, self._held = self._held, {}
        for connection in connections:
            size = unread_bytes(connection)
            if not size:
                continue
            before = held.get(connection)
            since = now if before is None or size < before.size else before.since
            if now - since >= self._stuck_seconds:
                cut(connection)
            else:
                self._held[connection] = _Held(size, since)


def unread_bytes(connection: Written) -> int:
    """How many bytes this side holds for a client that does not take them."""
    return connection.transport.get_write_buffer_size()


def cut(connection: Written) -> None:
    """End a connection now, with what it still holds."""
    CONNECTIONS_CUT.inc()
    connection.transport.abort()
