"""Signs of life on connections where nothing else is sent."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from strawberry.http import GraphQLRequestProtocol


class Heartbeats(NamedTuple):
    """Seconds between two signs of life, by transport: a ping, a comment, an empty part."""

    socket_seconds: float = 15.0
    event_stream_seconds: float = 15.0
    multipart_seconds: float = 5.0

    def of_stream(self, protocol: GraphQLRequestProtocol) -> float:
        """Of a stream over HTTP."""
        return self.multipart_seconds if protocol == "multipart-subscription" else self.event_stream_seconds


class Pulse:
    """Runs `beat` every so many seconds; between two beats it is a timer, no task.

    A beat that waits, and has not ended when the next one is due, because nobody reads, stands for that one too.
    """

    __slots__ = ("_beat", "_beating", "_seconds", "_timer")

    def __init__(self, seconds: float, beat: Callable[[], Coroutine[Any, Any, None] | None]) -> None:
        self._seconds = seconds
        self._beat = beat
        self._beating: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Beat for the first time after one interval."""
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._due)

    def stop(self) -> None:
        """Beat no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._beating is not None:
            self._beating.cancel()

    def _due(self) -> None:
        if self._beating is None or self._beating.done():
            beating = self._beat()
            self._beating = asyncio.create_task(beating) if beating is not None else None
        self.start()
