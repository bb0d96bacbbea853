"""One single connection: a stream that was reserved, and the requests that have it say something."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, NamedTuple, Self

import httpx2 as httpx
import orjson

WAIT_SECONDS = 20.0
HEADER = "x-graphql-event-stream-token"


class Said(NamedTuple):
    """One event of the stream."""

    event: str
    id: str
    payload: Any = None


class Reserved:
    """A stream that is open for as long as the block lasts; `token` is the bearer's, if there is one."""

    def __init__(self, url: str, token: str | None = None, client: httpx.AsyncClient | None = None) -> None:
        self.url = f"{url}/graphql"
        self._bearer = {} if token is None else {"authorization": f"Bearer {token}"}
        self._client = client or httpx.AsyncClient(timeout=WAIT_SECONDS)
        self._is_own = client is None
        self._stack = AsyncExitStack()
        self._lines: AsyncIterator[str] | None = None
        self.answer: httpx.Response | None = None  # of the request that opened it, or of what was refused first
        self.stream_token = ""
        self.comments: list[str] = []

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        if self._is_own:
            await self._stack.enter_async_context(self._client)
        await self.reserve()
        if self.stream_token:
            await self.open()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._stack.aclose()

    async def reserve(self) -> None:
        """Take a token, unless that is refused."""
        self.answer = await self._client.put(self.url, headers=self._bearer)
        if self.answer.status_code == 201:
            self.stream_token = self.answer.text

    async def open(self) -> None:
        """Begin to read."""
        opening = self._client.stream("GET", self.url, headers={**self._headers, "accept": "text/event-stream"})
        self.answer = await self._stack.enter_async_context(opening)
        self._lines = self.answer.aiter_lines()

    async def begin(self, operation_id: str, document: str, **variables: Any) -> httpx.Response:
        """What the server says to an operation that is to be begun."""
        asked = {"query": document, "variables": variables, "extensions": {"operationId": operation_id}}
        return await self.post(asked)

    async def post(self, asked: Any, **headers: str) -> httpx.Response:
        """What the server says to this."""
        return await self._client.post(self.url, json=asked, headers={**self._headers, **headers})

    async def stop(self, operation_id: str) -> httpx.Response:
        """What the server says where an operation is to end."""
        asked = {"operationId": operation_id}
        return await self._client.delete(self.url, params=asked, headers=self._headers)

    async def receive(self) -> Said:
        """The next event. Raises StopAsyncIteration where the server ends the stream."""
        assert self._lines is not None
        event = ""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                line = await anext(self._lines)
                if line.startswith(":"):
                    self.comments.append(line)
                elif line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    return Said(event, **orjson.loads(line.removeprefix("data: ")))

    async def rest(self) -> list[Said]:
        """All events until the server ends the stream."""
        said: list[Said] = []
        while True:
            try:
                said.append(await self.receive())
            except StopAsyncIteration:
                return said

    async def leave(self) -> None:
        """Drop the stream; requests go on."""
        assert self.answer is not None
        await self.answer.aclose()

    @property
    def _headers(self) -> dict[str, str]:
        return {**self._bearer, HEADER: self.stream_token}
