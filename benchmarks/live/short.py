"""Ten thousand short subscriptions on one socket, and what they leave behind."""

import asyncio
import itertools
import json

from benchmarks.figure import Figure, at_most, share
from benchmarks.live.crowd import PATIENCE_SECONDS
from benchmarks.live.fanout import FIVE
from benchmarks.live.servers import Server, ours
from benchmarks.live.stage import Stage, asked
from benchmarks.live.viewers import SocketViewer, Viewer

SUBSCRIPTIONS = 10_000
SLOTS = 20
MOST_MEGABYTES = 4.0
_AT_ONCE = 10
_WARM_UP = 2000
_EVERY = 4
_WATCHED = "t_short1"
_POLL_SECONDS = 1.0
_MEBIBYTE = 1024 * 1024


class ManyAtOnce(SocketViewer):
    """One socket with many subscriptions, each of which is waited for or given up at once."""

    def __init__(self, url: str, question: bytes) -> None:
        super().__init__(self, url, question)
        self._numbers = itertools.count(2)
        self._firsts: dict[str, asyncio.Future[None]] = {}

    def arrived(self, viewer: Viewer, at: float) -> None:
        """Told by the frames below."""

    def ended(self, viewer: Viewer) -> None:
        """Whoever waits has waited in vain."""
        for first in self._firsts.values():
            if not first.done():
                first.set_exception(ConnectionError(viewer.end))

    async def subscribe(self) -> str:
        """Once the first event is there, the id. Raises ConnectionError for any other end."""
        number = self._begin()
        first = self._firsts[number] = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await first
        return number

    def subscribe_and_complete(self) -> None:
        """Give it up before its first event."""
        self.complete(self._begin())

    def complete(self, number: str) -> None:
        """This one is of no interest any more."""
        self.say(json.dumps({"id": number, "type": "complete"}).encode())

    def _begin(self) -> str:
        number = str(next(self._numbers))
        self.say(b'{"id":"%s","type":"subscribe","payload":%s}' % (number.encode(), self.question))
        return number

    def _frame(self, opcode: int, data: bytes, start: int, end: int, now: float) -> None:
        if opcode == 1:
            said = json.loads(data[start:end])
            first = self._firsts.pop(said.get("id", ""), None)
            if first is not None and said["type"] == "next":
                first.set_result(None)
            elif first is not None:
                first.set_exception(ConnectionError(str(said)))
        super()._frame(opcode, data, start, end, now)


async def short(stage: Stage, _: int) -> list[Figure]:
    """Most end after their first event, one in four before it."""
    await stage.change(_WATCHED)
    async with ours(stage.providers_file(_POLL_SECONDS)) as server:
        socket = await _connected(server)
        await _subscribe(socket, _WARM_UP)
        before = server.memory()
        await _subscribe(socket, SUBSCRIPTIONS - _WARM_UP)
        grown = (server.memory() - before) / _MEBIBYTE
        kept = [await socket.subscribe() for _ in range(SLOTS)]
        for number in kept:
            socket.complete(number)
        left = [await _settled(server, name) for name in ("precheck_viewers", "precheck_watched")]
        socket.drop()
    after = f"after {SUBSCRIPTIONS} subscriptions on one socket"
    return [
        share(f"slots there are {after}", len(kept), SLOTS),
        at_most(f"viewers there are {after}", 0, left[0]),
        at_most(f"prechecks polled {after}", 0, left[1]),
        at_most(f"MiB grown, by the last {SUBSCRIPTIONS - _WARM_UP} of them", MOST_MEGABYTES, grown),
    ]


async def _connected(server: Server) -> ManyAtOnce:
    socket = ManyAtOnce(server.url, asked(_WATCHED, FIVE))
    await socket.connect()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not socket.events:
            await asyncio.sleep(0.01)
    socket.complete("1")
    return socket


async def _subscribe(socket: ManyAtOnce, number: int) -> None:
    numbers = iter(range(number))

    async def go_on() -> None:
        for each in numbers:
            if each % _EVERY == 0:
                socket.subscribe_and_complete()
            else:
                socket.complete(await socket.subscribe())

    async with asyncio.TaskGroup() as together:
        for _ in range(_AT_ONCE):
            together.create_task(go_on())


async def _settled(server: Server, name: str) -> float:
    """A gauge once it is 0, or what it still is after some seconds."""
    for _ in range(50):
        value = await server.counted(name)
        if not value:
            break
        await asyncio.sleep(0.1)
    return value
