"""The product on a real socket, in a thread of its own."""

import asyncio
import socket
import threading
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import httpx2 as httpx
import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from graph.app import Product, build
from graph.http.pulse import Heartbeats
from graph.http.unread import STUCK_SECONDS
from graph.operation import OperationSchema
from graph.schema import schema
from graph.serving import PING_SECONDS, Server, bounds_of
from graph.settings import Settings
from resolvers.clock import Clock
from resolvers.upstream.contract import ProviderSettings


class Served:
    """A running server; queries return the whole answer, streams the payload of each event."""

    product: Product  # this, its loop and its server are there for one in this process
    loop: asyncio.AbstractEventLoop
    server: Server

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self.token = token
        self._headers = {"authorization": f"Bearer {token}"} if token else {}

    def with_token(self, token: str) -> Self:
        """The same server, asked with a bearer token."""
        return type(self)(self.url, token)

    async def end_streams(self) -> None:
        """What the server does first when it is told to end."""
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self.product.drain.end_streams(), self.loop))

    async def tasks(self) -> int:
        """How many tasks its event loop has."""

        async def count() -> int:
            return len(asyncio.all_tasks()) - 1

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(count(), self.loop))

    async def no_connection(self) -> None:
        """Wait until it holds none."""
        async with asyncio.timeout(20):
            while self.server.server_state.connections:
                await self.tasks()

    async def ask(self, document: str, headers: dict[str, str] | None = None, **variables: Any) -> Any:
        """The answer as `{"data": .., "errors": ..}`."""
        answer = await self.post({"query": document, "variables": variables}, headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        """Whatever is answered when this is posted as JSON."""
        async with httpx.AsyncClient(timeout=20) as client:
            all_headers = {**self._headers, **(headers or {})}
            return await client.post(f"{self.url}/graphql", json=body, headers=all_headers)

    async def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """Whatever is answered to this path and query."""
        async with httpx.AsyncClient(timeout=20) as client:
            return await client.get(f"{self.url}{path}", headers={**self._headers, **(headers or {})})

    async def data(self, document: str, **variables: Any) -> Any:
        """The data of an answer without errors."""
        answer = await self.ask(document, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def over_sse(self, document: str, **variables: Any) -> AsyncGenerator[dict[str, Any], None]:
        """Every event until the server completes the stream."""
        body = {"query": document, "variables": variables}
        headers = {"accept": "text/event-stream", **self._headers}
        async with (
            httpx.AsyncClient(timeout=20) as client,
            client.stream("POST", f"{self.url}/graphql", json=body, headers=headers) as answer,
        ):
            assert answer.headers["content-type"].startswith("text/event-stream"), await answer.aread()
            event = ""
            async for line in answer.aiter_lines():
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif line.startswith("data: ") and event == "next":
                    yield orjson.loads(line.removeprefix("data: "))
            assert event == "complete"

    async def over_multipart(self, document: str, **variables: Any) -> AsyncGenerator[dict[str, Any], None]:
        """Every event until the server ends the last part."""
        body = {"query": document, "variables": variables}
        headers = {"accept": "multipart/mixed;subscriptionSpec=1.0, application/json", **self._headers}
        async with (
            httpx.AsyncClient(timeout=20) as client,
            client.stream("POST", f"{self.url}/graphql", json=body, headers=headers) as answer,
        ):
            assert answer.headers["content-type"].startswith("multipart/mixed"), await answer.aread()
            line = ""
            async for line in answer.aiter_lines():
                if line.startswith("{") and line != "{}":
                    yield orjson.loads(line)["payload"]
            assert line == "--graphql--"

    async def over_websocket(self, document: str, **variables: Any) -> AsyncGenerator[dict[str, Any], None]:
        """Every event until the server completes the operation."""
        async with Socket(self.url, token=self.token) as ws:
            await ws.subscribe("1", document, **variables)
            while (message := await ws.receive())["type"] != "complete":
                if message["type"] != "ping":  # a sign of life where nothing has happened for a while
                    assert message["type"] == "next", message
                    yield message["payload"]


class Socket:
    """One graphql-transport-ws connection."""

    def __init__(self, url: str, token: str | None = None, **options: Any) -> None:
        self._init = {"payload": {"authorization": f"Bearer {token}"}} if token else {}
        address = url.replace("http://", "ws://") + "/graphql"
        self._connecting = connect(address, subprotocols=[Subprotocol("graphql-transport-ws")], **options)
        self._ws: ClientConnection | None = None

    async def __aenter__(self) -> Self:
        self._ws = await self._connecting.__aenter__()
        await self.send({"type": "connection_init", **self._init})
        assert (await self.receive())["type"] == "connection_ack"
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._connecting.__aexit__(*error)

    async def subscribe(self, operation: str, document: str, **variables: Any) -> None:
        payload = {"query": document, "variables": variables}
        await self.send({"type": "subscribe", "id": operation, "payload": payload})

    async def send(self, message: Any) -> None:
        assert self._ws is not None
        await self._ws.send(orjson.dumps(message).decode())

    async def closed(self) -> tuple[int, str]:
        """With which code and reason the server closes it; no message may come before."""
        with pytest.raises(ConnectionClosed) as closed:
            pytest.fail(str(await self.receive()))
        assert closed.value.rcvd is not None
        return closed.value.rcvd.code, closed.value.rcvd.reason

    async def receive(self) -> dict[str, Any]:
        assert self._ws is not None
        async with asyncio.timeout(20):
            frame = await self._ws.recv()
        assert isinstance(frame, str), "JSON travels in text frames"
        message: dict[str, Any] = orjson.loads(frame)
        return message


@contextmanager
def served(
    providers: Sequence[ProviderSettings],
    settings: Settings | None = None,
    clock: Clock | None = None,
    stuck_seconds: float = STUCK_SECONDS,
    ping_seconds: float = PING_SECONDS,
    send_buffer: int | None = None,
    heartbeats: Heartbeats | None = None,
    schema: OperationSchema = schema,
) -> Iterator[Served]:
    """Serve until the block ends; `send_buffer` is what the kernel holds of each connection, in bytes."""
    settings = settings or Settings()
    product = build(settings, providers, clock, heartbeats or Heartbeats(), schema)
    listener = socket.create_server(("127.0.0.1", 0))
    if send_buffer is not None:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    serving = Served(f"http://127.0.0.1:{listener.getsockname()[1]}")
    serving.product = product
    started = threading.Event()

    def announce() -> None:
        serving.loop = asyncio.get_running_loop()
        started.set()

    bounds = bounds_of(settings)
    server = Server(product.app, product.drain, announce, bounds, None, stuck_seconds, ping_seconds)
    serving.server = server
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        assert started.wait(10)
        yield serving
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
