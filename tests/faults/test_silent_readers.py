"""Clients that ask for a stream and never read it, beside some that read."""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
import orjson
import pytest

from tests.emulator.process import Emulator
from tests.faults.memory import growth
from tests.faults.serving import Serving, serving
from tests.graph.documents import event_of, ref

READING = 2
SILENT = 20
ITEMS = 40
TEXT_SIGNS = 3000
EVENTS = 200  # of 130 KB: to all who are silent that is half a gigabyte
MOST_MEGABYTES_EACH = 2.0  # an event that is under way, and what is written of it
STEP_SECONDS = 80
LARGE = """
subscription Large($refs: [PrecheckRefInput!]!) {
  precheckUpdates(refs: $refs, until: NEVER) {
    kind gap precheck { items { NAME: key reason } } changes { item { key } }
  }
}"""

Refs = list[dict[str, str]]


@contextmanager
def quick(provider_file: Path) -> Iterator[Serving]:
    file = provider_file.with_name("quick.toml")
    limits = "limits = { poll_seconds = 0.01, requests_per_second = 1000 }"
    file.write_text(provider_file.read_text().replace("[[provider]]", f"[[provider]]\n{limits}"))
    with serving(file) as server:
        yield server


def large(sign: str) -> dict[str, Any]:
    items = [
        {
            "name": f"Check {place}",
            "endpointType": "SOURCE",
            "checkType": f"CHECK_{place}",
            "status": "WARNING",
            "message": sign * TEXT_SIGNS,
            "role": "MASTER",
        }
        for place in range(ITEMS)
    ]
    data = {"preCheckId": "t_x", "preCheckStatus": "RUNNING", "progress": 50.0, "preCheckResults": items}
    return {"success": True, "requestId": "r", "data": data}


def silent(server: Serving, refs: Refs, number: int) -> socket.socket:
    """A client that never reads what it asked for, which nobody else asks for: nothing of it is shared."""
    address = urlsplit(server.url)
    client = socket.create_connection((address.hostname or "", address.port or 0))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asked = {"query": LARGE.replace("NAME", f"name{number}"), "variables": {"refs": refs}}
    (over_websocket if number % 2 else over_sse)(client, asked)
    return client


def over_sse(client: socket.socket, asked: dict[str, Any]) -> None:
    body = orjson.dumps(asked)
    head = "POST /graphql HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n"
    head += "content-type: application/json\r\n"
    client.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)


def over_websocket(client: socket.socket, asked: dict[str, Any]) -> None:
    head = "GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
    head += "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    client.sendall(f"{head}sec-websocket-protocol: graphql-transport-ws\r\n\r\n".encode())
    assert client.recv(4096).startswith(b"HTTP/1.1 101 ")
    client.sendall(frame({"type": "connection_init"}))
    client.sendall(frame({"type": "subscribe", "id": "1", "payload": asked}))


def frame(message: dict[str, Any]) -> bytes:
    """A masked text frame; the mask is nought."""
    text = orjson.dumps(message)
    length = struct.pack("!B", 0x80 | len(text)) if len(text) < 126 else struct.pack("!BH", 0x80 | 126, len(text))
    return b"\x81" + length + bytes(4) + text


async def read(streams: Sequence[AsyncGenerator[dict[str, Any], None]]) -> list[dict[str, Any]]:
    """The next event of each."""
    return [event_of(payload) for payload in await asyncio.gather(*(anext(stream) for stream in streams))]


async def metrics(server: Serving) -> dict[str, float]:
    """Those without labels."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"{server.url}/metrics")).text
    lines = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines if "{" not in name}


@pytest.mark.timeout(120)
@pytest.mark.row("K1")
async def test_who_never_reads_costs_no_memory_and_nobody_else_an_event(
    emulator: Emulator, provider_file: Path
) -> None:
    steps = [{"seconds": STEP_SECONDS, "body": large(sign)} for sign in "ab"]
    refs = [ref("oms-ce", emulator.create_run("oms-ce", script=steps, repeat=True, hold_seconds=0))]
    emulator.advance(STEP_SECONDS / 2)
    # One server has readers only: what it needs for them, the other may need as well.
    with quick(provider_file) as calm, quick(provider_file) as beset, ExitStack() as clients:
        document = LARGE.replace("NAME", "key")
        streams = [server.over_websocket(document, refs=refs) for server in (calm, beset) for _ in range(READING)]
        seen = [await read(streams)]
        with growth(calm.process.pid) as usual, growth(beset.process.pid) as grown:
            for number in range(SILENT):
                clients.enter_context(silent(beset, refs, number))
            async with asyncio.timeout(20):
                while (await metrics(beset))["precheck_viewers"] < READING + SILENT:
                    pass
            for _ in range(EVENTS):
                emulator.advance(STEP_SECONDS)
                seen.append(await read(streams))
        told = await metrics(beset)
        for stream in streams:
            await stream.aclose()
    for events in zip(*seen, strict=True):
        signs = "".join(event["precheck"]["items"][0]["reason"][0] for event in events)
        assert signs in (("ab" * EVENTS)[: EVENTS + 1], ("ba" * EVENTS)[: EVENTS + 1]), "each, and in its order"
        assert not any(event["gap"] for event in events)
        assert all(len(event["changes"]) == ITEMS for event in events[1:])
    assert told["precheck_events_collapsed_total"] > SILENT * EVENTS / 2, "they are stuck"
    assert grown.megabytes - usual.megabytes < SILENT * MOST_MEGABYTES_EACH
