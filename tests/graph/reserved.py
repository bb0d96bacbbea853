"""One single connection: a stream that was reserved, and the requests that have it say something."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, NamedTuple, Self

import httpx2 as httpx
import orjson

WAIT_SECONDS = 20.0
HEADER = "x-graphql-event-stream-token"
EVENT_STREAM = "text/event-stream"
TYPENAME = "{ __typename }"
ANSWERED = {"data": {"__typename": "Query"}}


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
        opening = self._client.stream("GET", self.url, headers={**self._headers, "accept": EVENT_STREAM})
        self.answer = await self._stack.enter_async_context(opening)
        self._lines = _lines(self.answer)

    async def begin(self, operation_id: str, document: str, **variables: Any) -> httpx.Response:
        """What the server says to an operation that is to be begun."""
        return await self.post({**asked(operation_id, document), "variables": variables})

    async def post(self, body: Any, **headers: str) -> httpx.Response:
        """What the server says to this."""
        return await self._client.post(self.url, json=body, headers={**self._headers, **headers})

    async def stop(self, operation_id: str) -> httpx.Response:
        """What the server says where an operation is to end."""
        named = {"operationId": operation_id}
        return await self._client.delete(self.url, params=named, headers=self._headers)

    async def receive(self) -> Said:
        """The next event. Raises StopAsyncIteration where the server ends the stream."""
        event = ""
        while True:
            line = await self.line()
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

    async def line(self) -> str:
        """The next line, whatever it is."""
        assert self._lines is not None
        async with asyncio.timeout(WAIT_SECONDS):
            return await anext(self._lines)

    @property
    def _headers(self) -> dict[str, str]:
        return {**self._bearer, HEADER: self.stream_token}


def asked(operation_id: object, document: str = TYPENAME) -> dict[str, Any]:
    """What is posted to begin an operation."""
    return {"query": document, "extensions": {"operationId": operation_id}}


def refusal_in(answer: httpx.Response) -> tuple[int, str]:
    """The status and the code of an answer with one error, which is told in words."""
    [error] = answer.json()["errors"]
    assert error["message"]
    return answer.status_code, error["extensions"]["code"]


async def _lines(answer: httpx.Response) -> AsyncIterator[str]:
    """Its lines as event streams have them: other signs that separate lines elsewhere are part of the data."""
    rest = b""
    async for piece in answer.aiter_bytes():
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.decode()
