"""A client that sends and never reads, and has as little room as there can be for what it is sent."""

import asyncio
import itertools
import socket
from urllib.parse import urlsplit

import httpx2 as httpx
import orjson
from prometheus_client.parser import text_string_to_metric_families

LONG_ANSWER = f"{{ {'a' * 30_000}: __typename }}"
_IDS = itertools.count()
_HANDSHAKE = (
    "GET /graphql HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    "sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
)


def deaf(url: str) -> socket.socket:
    """A WebSocket that reads the answer to its handshake and nothing more."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    target = urlsplit(url)
    client.connect((target.hostname, target.port))
    client.sendall(_HANDSHAKE.encode())
    assert client.recv(1000).startswith(b"HTTP/1.1 101")  # what is sent before is lost
    client.sendall(frame({"type": "connection_init"}))
    return client


def frame(message: dict[str, object]) -> bytes:
    """A text frame, masked with zeros."""
    text = orjson.dumps(message)
    return b"\x81" + bytes([0x80 | 126]) + len(text).to_bytes(2) + bytes(4) + text


def ask(client: socket.socket, document: str, **variables: object) -> None:
    """Begin an operation."""
    payload = {"query": document, "variables": variables}
    client.sendall(frame({"type": "subscribe", "id": str(next(_IDS)), "payload": payload}))


async def filled(client: socket.socket) -> None:
    """Ask for more than the buffers on the way hold, until the server takes nothing any more."""
    client.settimeout(0.5)
    for _ in range(1000):
        try:
            await asyncio.to_thread(ask, client, LONG_ANSWER)
        except TimeoutError:
            return
    raise AssertionError("the server goes on")


async def counted(url: str, name: str) -> float:
    """What a counter or a gauge of the server says, over all its labels."""
    async with httpx.AsyncClient(base_url=url) as client:
        return await _counted(client, name)


async def until_counted(url: str, name: str, value: float) -> None:
    """Until it says so."""
    async with asyncio.timeout(15), httpx.AsyncClient(base_url=url) as client:
        while await _counted(client, name) != value:  # noqa: ASYNC110  # in another thread
            await asyncio.sleep(0.02)


async def _counted(client: httpx.AsyncClient, name: str) -> float:
    families = text_string_to_metric_families((await client.get("/metrics")).text)
    samples = next(each.samples for each in families if each.name == name)
    return sum(each.value for each in samples if each.name in (name, f"{name}_total"))
