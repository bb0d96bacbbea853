"""One stream for the results of many operations: what graphql-sse calls the single connection mode."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Self

from strawberry.http import GraphQLHTTPResponse, process_result
from strawberry.http.streaming import JSONEncoder

from graph.errors import of_fault, tells_of_restart
from graph.http.refusals import Refusal, about_to_end, as_result
from graph.http.transports import EVENTS
from graph.results import Stream
from resolvers.caller import Caller
from resolvers.clock import Clock
from resolvers.errors import RequestError, StreamConflict, TooManyStreams

_LAST_WORDS_SECONDS = 0.5
_GREETING = EVENTS.encode_comment("open")  # some browsers tell nobody of a stream before its first byte


class SingleConnection:
    """Operations, each a task, and what they say, one after the other: iterate over what is to be written.

    Nothing is kept for a client that does not read: an operation goes on when what it says was taken. `forget` is
    called as soon as nothing can begin here any more.
    """

    def __init__(self, encode_json: JSONEncoder, most_operations: int, forget: Callable[[], None]) -> None:
        self.is_open = False
        self._encode_json = encode_json
        self._most_operations = most_operations
        self._forget = forget
        self._said: asyncio.Queue[str | None] = asyncio.Queue(maxsize=1)
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._expiry: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._is_restarting = self._has_greeted = False

    def open(self, caller: Caller | None, clock: Clock) -> None:
        """Have somebody read it, for as long as their bearer token lasts."""
        self.is_open = True
        if caller is not None and caller.may_end:
            self._expiry = asyncio.create_task(self._close_after(caller, clock))

    def begin(self, operation_id: str, ask: Callable[[], Awaitable[Stream]]) -> None:
        """Begin an operation. Raises Refusal for an id that is taken, TooManyStreams and ServerRestarting."""
        if self._is_restarting:
            raise about_to_end()
        if operation_id in self._operations:
            said = "An operation of this `operationId` is under way on this stream."
            raise Refusal(409, said, error=StreamConflict)
        if len(self._operations) >= self._most_operations:
            raise TooManyStreams(
                f"One stream may have {self._most_operations} operations open at a time. Complete one, "
                "reserve another stream, or watch several prechecks at once: `ids` and `refs` are lists."
            )
        task = asyncio.create_task(self._run(operation_id, ask))
        self._operations[operation_id] = task
        task.add_done_callback(partial(self._done, operation_id))

    def stop(self, operation_id: str) -> None:
        """End an operation; one that is over, or never began, is left as it is."""
        task = self._operations.pop(operation_id, None)
        if task is not None:
            task.cancel()

    def restart(self) -> None:
        """Begin no operation any more, and end as soon as none is under way."""
        self._is_restarting = True
        if not self.is_open:
            self.end()
        elif self._closing is None:
            self._closing = asyncio.create_task(self._close())

    def last_words(self) -> str:
        """What has a client ask elsewhere for each operation that is under way, as the server ends."""
        response = as_result(about_to_end())
        return "".join(EVENTS.encode_next_of(each, response, self._encode_json) for each in self._operations)

    def end(self) -> list[asyncio.Task[None]]:
        """End at once all that goes on; these tasks are about to."""
        self._forget()
        own = [task for task in (self._expiry, self._closing) if task is not None]
        ending = [*self._operations.values(), *own]
        for task in ending:
            task.cancel()
        return ending

    def __aiter__(self) -> Self:
        """What is to be written."""
        return self

    async def __anext__(self) -> str:
        """The next piece."""
        if not self._has_greeted:
            self._has_greeted = True
            return _GREETING
        said = await self._said.get()
        if said is None:
            raise StopAsyncIteration
        return said

    async def aclose(self) -> None:
        """End, and wait for it."""
        ending = self.end()
        if ending:
            await asyncio.wait(ending)

    async def _run(self, operation_id: str, ask: Callable[[], Awaitable[Stream]]) -> None:
        async with aclosing(_responses(ask)) as responses:
            async for response in responses:
                await self._said.put(EVENTS.encode_next_of(operation_id, response, self._encode_json))
                if tells_of_restart(response.get("errors")):
                    self.restart()
                    return  # a client that was told of an end would not come back
        await self._said.put(EVENTS.encode_complete_of(operation_id, self._encode_json))

    def _done(self, operation_id: str, task: asyncio.Task[None]) -> None:
        if self._operations.get(operation_id) is task:
            del self._operations[operation_id]

    async def _close_after(self, caller: Caller, clock: Clock) -> None:
        await caller.expiry(clock)
        await self._close(_LAST_WORDS_SECONDS)

    async def _close(self, most_seconds: float | None = None) -> None:
        if self._operations:  # each says first why it ends
            await asyncio.wait(self._operations.values(), timeout=most_seconds)
        await self._said.put(None)


async def _responses(ask: Callable[[], Awaitable[Stream]]) -> AsyncGenerator[GraphQLHTTPResponse, None]:
    try:
        async with aclosing(await ask()) as results:
            async for result in results:
                yield process_result(result)
    except Refusal as refusal:
        yield as_result(refusal.error)
    except RequestError as error:
        yield as_result(error)
    except Exception as fault:
        yield {"data": None, "errors": [of_fault("operation_fault", fault)]}
