"""The load client: a crowd in a process of its own, told what to do by lines of JSON."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import uvloop

from benchmarks.live.crowd import AT_ONCE, Crowd

READY = "load: "
_LONGEST_LINE = 64 * 1024 * 1024


class Load:
    """Each method is a command; what it returns is the answer."""

    def __init__(self) -> None:
        self._crowd = Crowd()

    async def open(self, url: str, questions: list[str], number: int, at_once: int = AT_ONCE) -> float:
        """Seconds until so many viewers more have had their first event."""
        return await self._crowd.open(url, [each.encode() for each in questions], number, at_once=at_once)

    async def expect(self, events: int | None = None) -> None:
        """Wait for so many events from now on; None means one for each viewer."""
        self._crowd.expect(events)

    async def delivered(self) -> list[float]:
        """When that was: how many, first, middle, 99 %, last."""
        return list(await self._crowd.delivered())

    async def counts(self, questions: int) -> list[int]:
        """Events of the first viewer of each question so far."""
        return self._crowd.counts(questions)

    async def state(self) -> dict[str, int]:
        """How the viewers are."""
        return self._crowd.state()

    async def leave(self) -> None:
        """Everyone goes at once."""
        await self._crowd.leave()


async def _obey() -> None:
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    _say(f"{READY}ready")
    load = Load()
    while line := await reader.readline():
        name, arguments = orjson.loads(line)
        _say(orjson.dumps(await _done(getattr(load, name), arguments)).decode())


async def _done(command: Callable[..., Awaitable[Any]], arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"answer": await command(**arguments)}
    except Exception as error:
        return {"error": repr(error.exceptions[0] if isinstance(error, ExceptionGroup) else error)[:500]}


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(_obey())
