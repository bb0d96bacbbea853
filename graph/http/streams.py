"""Streams over HTTP: each event as its transport writes it, heartbeats between, an end that says which it is."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Protocol, cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.http import process_result
from strawberry.http.streaming import JSONEncoder
from strawberry.types import ExecutionResult

from graph.errors import tells_of_restart
from graph.http.answers import STREAM_HEADERS
from graph.http.pulse import Pulse
from graph.http.transports import ApolloMultipart, LineFeedSSE


async def encoded(
    results: AsyncGenerator[ExecutionResult, None],
    transport: LineFeedSSE | ApolloMultipart,
    encode_json: JSONEncoder,
) -> AsyncGenerator[str, None]:
    """A stream as its transport writes it.

    One that the server cuts has an error as its last event and no end: a client that is told of an end, be it
    by `complete` or by the last boundary, does not come back.
    """
    if transport.send_initial_heartbeat:
        yield transport.heartbeat_message(encode_json)
    async with aclosing(results):
        async for result in results:
            response = process_result(result)
            if tells_of_restart(response.get("errors")):
                yield transport.encode_cut(response, encode_json)
                return
            yield transport.encode_next(response, encode_json)
    yield transport.encode_complete()


class Pieces(Protocol):
    """What is to be written, piece by piece; closed when nobody reads it any more."""

    def __aiter__(self) -> AsyncIterator[str]:
        """The pieces."""

    async def aclose(self) -> None:
        """Give back what they have taken, be it that none was asked for."""


class LiveResponse(Response):
    """A stream with its heartbeat, in one task beside the request's own.

    `last_words` are asked for where the server ends in the middle of it.
    """

    def __init__(
        self,
        pieces: Pieces,
        last_words: Callable[[], str],
        transport: LineFeedSSE | ApolloMultipart,
        encode_json: JSONEncoder,
        heartbeat_seconds: float,
    ) -> None:
        self.status_code = 200
        self.init_headers({**STREAM_HEADERS, **transport.headers})
        self._pieces = pieces
        self._last_words = last_words
        self._heartbeat = transport.heartbeat_message(encode_json)
        self._heartbeat_seconds = heartbeat_seconds

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Write until the stream ends or its client has gone."""
        async with aclosing(self._pieces):
            leaving = asyncio.create_task(_gone(receive))
            try:
                with _until(leaving):
                    await self._write(send)
            except asyncio.CancelledError:  # by the server, which ends
                await _send(send, self._last_words())
                await _end(send)

    async def _write(self, send: Send) -> None:
        async def beat() -> None:
            await _send(send, self._heartbeat)

        pulse = Pulse(self._heartbeat_seconds, beat)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        pulse.start()
        try:
            async for piece in self._pieces:
                await _send(send, piece)
        finally:
            pulse.stop()
        await _end(send)


@contextmanager
def _until(leaving: asyncio.Task[None]) -> Iterator[None]:
    """Leave the block, from wherever it waits, when that task has ended."""
    task = cast("asyncio.Task[None]", asyncio.current_task())

    def cancel(_: asyncio.Task[None]) -> None:
        task.cancel()

    leaving.add_done_callback(cancel)
    try:
        yield
    except asyncio.CancelledError:
        if not leaving.done():
            raise
        task.uncancel()
    finally:
        leaving.remove_done_callback(cancel)
        leaving.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, piece: str) -> None:
    await send({"type": "http.response.body", "body": piece.encode(), "more_body": True})


async def _end(send: Send) -> None:
    await send({"type": "http.response.body", "body": b"", "more_body": False})
