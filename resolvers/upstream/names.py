"""The addresses behind names: asked once for everyone who waits, and kept for a while."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from resolvers.clock import Clock

KEPT_SECONDS = 30.0
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class _Answer(NamedTuple):
    asked: asyncio.Task[Sequence[str]]
    until: float


async def system_addresses(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says, in its order and each address once. Raises OSError."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label that is empty or too long
        raise OSError("this can be no name of a host") from error
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


class Names:
    """Looks names up for one connection. A cancelled caller ends nothing that others wait for."""

    def __init__(self, resolve: Resolve, clock: Clock) -> None:
        self._resolve = resolve
        self._clock = clock
        self._answers: dict[str, _Answer] = {}

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a name, at most KEPT_SECONDS old. Raises OSError; a failure is not kept."""
        now = self._clock.monotonic()
        answer = self._answers.get(host)
        if answer is None or now >= answer.until:
            answer = self._answers[host] = _Answer(asyncio.create_task(self._ask(host, port)), now + KEPT_SECONDS)
            answer.asked.add_done_callback(lambda asked: self._settle(host, asked))
        return await asyncio.shield(answer.asked)

    async def close(self) -> None:
        """Give up what is under way."""
        asked = [answer.asked for answer in self._answers.values()]
        for each in asked:
            each.cancel()
        await asyncio.gather(*asked, return_exceptions=True)

    async def _ask(self, host: str, port: int) -> Sequence[str]:
        return await self._resolve(host, port)

    def _settle(self, host: str, asked: asyncio.Task[Sequence[str]]) -> None:
        has_failed = asked.cancelled() or asked.exception() is not None
        if has_failed and host in self._answers and self._answers[host].asked is asked:
            del self._answers[host]
