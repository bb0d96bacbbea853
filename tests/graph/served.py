"""The product on a real socket, in a thread of its own."""

import asyncio
import socket
import threading
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import httpx2 as httpx
import orjson
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from graph.app import build
from graph.settings import Settings
from resolvers.clock import Clock
from resolvers.upstream.contract import ProviderSettings


class Served:
    """A running server; queries return the whole answer, streams the payload of each event."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def ask(self, document: str, headers: dict[str, str] | None = None, **variables: Any) -> Any:
        """The answer as `{"data": .., "errors": ..}`."""
        async with httpx.AsyncClient(timeout=20) as client:
            body = {"query": document, "variables": variables}
            answer = await client.post(f"{self.url}/graphql", json=body, headers=headers)
            assert answer.status_code == 200, answer.text
            return answer.json()

    async def data(self, document: str, **variables: Any) -> Any:
        """The data of an answer without errors."""
        answer = await self.ask(document, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def over_sse(self, document: str, **variables: Any) -> AsyncGenerator[dict[str, Any], None]:
        """Every event until the server completes the stream."""
        body = {"query": document, "variables": variables}
        headers = {"accept": "text/event-stream"}
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

    async def over_websocket(self, document: str, **variables: Any) -> AsyncGenerator[dict[str, Any], None]:
        """Every event until the server completes the operation."""
        async with Socket(self.url) as ws:
            await ws.subscribe("1", document, **variables)
            while (message := await ws.receive())["type"] != "complete":
                assert message["type"] == "next", message
                yield message["payload"]


class Socket:
    """One graphql-transport-ws connection."""

    def __init__(self, url: str, **options: Any) -> None:
        address = url.replace("http://", "ws://") + "/graphql"
        self._connecting = connect(address, subprotocols=[Subprotocol("graphql-transport-ws")], **options)
        self._ws: ClientConnection | None = None

    async def __aenter__(self) -> Self:
        self._ws = await self._connecting.__aenter__()
        await self.send({"type": "connection_init"})
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

    async def receive(self) -> dict[str, Any]:
        assert self._ws is not None
        async with asyncio.timeout(20):
            frame = await self._ws.recv()
        assert isinstance(frame, str), "JSON travels in text frames"
        message: dict[str, Any] = orjson.loads(frame)
        return message


@contextmanager
def served(
    providers: Sequence[ProviderSettings], settings: Settings | None = None, clock: Clock | None = None
) -> Iterator[Served]:
    """Serve until the block ends."""
    app = build(settings or Settings(), providers, clock).app
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, ws="websockets-sansio", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    started = threading.Event()
    server.startup = _announced(server, started)  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        assert started.wait(10)
        yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def _announced(server: uvicorn.Server, started: threading.Event) -> Any:
    startup = server.startup

    async def announcing(sockets: list[socket.socket] | None = None) -> None:
        await startup(sockets)
        started.set()

    return announcing
