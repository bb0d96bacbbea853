"""What a socket waits with, as small as it can be: there may be ten thousand."""

import asyncio

from uvicorn._types import ASGIReceiveEvent


class Gate:
    """An asyncio.Event that is set nearly always; the queue of those who wait is not there until somebody does."""

    __slots__ = ("_opened",)

    def __init__(self) -> None:
        self._opened: asyncio.Future[None] | None = None

    def is_set(self) -> bool:
        """Whether everybody is let through."""
        return self._opened is None

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
    """An asyncio.Queue for one who takes, and for few events: a list takes less room than a deque."""

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
