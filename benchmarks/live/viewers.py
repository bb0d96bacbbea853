"""Clients of streams that cost little, for they share the machine with whom they measure."""

import asyncio
import base64
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol, cast
from urllib.parse import urlsplit

_INIT = b'{"type":"connection_init"}'
_PONG = b'{"type":"pong"}'
_TYPE_ENDS = 64  # where the type of a message stands, at the latest
RESTARTING = "SERVER_RESTARTING"


class Listener(Protocol):
    """Who is told what happens to a viewer."""

    def arrived(self, viewer: "Viewer", at: float) -> None:
        """An event, at this time of the monotonic clock."""

    def ended(self, viewer: "Viewer") -> None:
        """Its connection is gone."""


class Viewer(asyncio.Protocol, ABC):
    """One client with one stream; `events` are those it got, `end` how its connection was closed."""

    __slots__ = (
        "end",
        "ended_at",
        "events",
        "has_completed",
        "listener",
        "question",
        "rest",
        "target",
        "transport",
    )

    def __init__(self, listener: Listener, url: str, question: bytes) -> None:
        self.listener = listener
        self.target = urlsplit(url)
        self.question = question
        self.transport: asyncio.Transport | None = None
        self.rest = b""
        self.events = 0
        self.has_completed = False
        self.end = ""
        self.ended_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it has a connection."""
        return self.transport is not None

    async def connect(self) -> None:
        """Begin. Raises OSError."""
        target = self.target
        await asyncio.get_running_loop().create_connection(lambda: self, str(target.hostname), target.port or 80)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to talk."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self.greeting())

    def connection_lost(self, error: Exception | None) -> None:
        """Note when, and tell."""
        self.transport = None
        self.ended_at = time.monotonic()
        self.end = self.end or ("closed" if error is None else type(error).__name__)
        self.listener.ended(self)

    def drop(self) -> None:
        """Be gone without a word, as a client is whose network has gone."""
        if self.transport is not None:
            self.transport.abort()

    @abstractmethod
    def greeting(self) -> bytes:
        """The first bytes of the connection."""


class SocketViewer(Viewer):
    """One subscription on a WebSocket of its own (graphql-transport-ws)."""

    __slots__ = ("is_upgraded",)

    def __init__(self, listener: Listener, url: str, question: bytes) -> None:
        super().__init__(listener, url, question)
        self.is_upgraded = False

    def greeting(self) -> bytes:
        """The handshake."""
        return handshake(self.target.netloc, self.target.path)

    def data_received(self, data: bytes) -> None:
        """Every whole frame in what came; the rest waits."""
        now = time.monotonic()
        if self.rest:
            data = self.rest + data
        start = 0 if self.is_upgraded else self._upgrade(data)
        size = len(data)
        while size - start >= 2:
            length, begin = data[start + 1], start + 2
            if length == 126:
                length, begin = int.from_bytes(data[begin : begin + 2], "big"), begin + 2
            elif length == 127:
                length, begin = int.from_bytes(data[begin : begin + 8], "big"), begin + 8
            if begin + length > size:
                break
            self._frame(data[start] & 0x0F, data, begin, begin + length, now)
            start = begin + length
        self.rest = data[start:] if start < size else b""

    def _upgrade(self, data: bytes) -> int:
        """Where the frames begin. The answer is small enough to come in one piece."""
        end = data.find(b"\r\n\r\n")
        if b" 101 " not in data[:end]:
            self.end = data[: data.find(b"\r\n")].decode()
            self.drop()
            return len(data)
        self.is_upgraded = True
        self.say(_INIT)
        return end + 4

    def _frame(self, opcode: int, data: bytes, start: int, end: int, now: float) -> None:
        if opcode == 1:
            if data.find(b'"next"', start, min(end, start + _TYPE_ENDS)) >= 0:
                self.events += 1
                self.listener.arrived(self, now)
            else:
                self._message(data[start:end])
        elif opcode == 9:
            self._send(0x8A, data[start:end])
        elif opcode == 8:
            self.end = str(int.from_bytes(data[start : start + 2], "big"))
            self._send(0x88, data[start : start + 2])

    def _message(self, text: bytes) -> None:
        if b'"connection_ack"' in text:
            self.say(b'{"id":"1","type":"subscribe","payload":' + self.question + b"}")
        elif b'"ping"' in text[:_TYPE_ENDS]:
            self.say(_PONG)
        elif b'"complete"' in text[:_TYPE_ENDS]:
            self.has_completed = True
        else:
            self.end = text[:300].decode()
            self.drop()

    def say(self, text: bytes) -> None:
        """One message."""
        self._send(0x81, text)

    def _send(self, first: int, payload: bytes) -> None:
        if self.transport is not None:
            self.transport.write(masked(first, payload))


class EventStreamViewer(Viewer):
    """One subscription as server-sent events."""

    __slots__ = ()

    def greeting(self) -> bytes:
        """The request."""
        head = (
            f"POST {self.target.path} HTTP/1.1\r\nhost: {self.target.netloc}\r\naccept: text/event-stream\r\n"
            f"content-type: application/json\r\ncontent-length: {len(self.question)}\r\n\r\n"
        )
        return head.encode() + self.question

    def data_received(self, data: bytes) -> None:
        """Every whole event in what came; the rest waits."""
        now = time.monotonic()
        *events, self.rest = (self.rest + data).split(b"\n\n")
        for event in events:
            self._event(event, now)

    def _event(self, event: bytes, now: float) -> None:
        if RESTARTING.encode() in event:
            self.end = RESTARTING
        elif b"event: next" in event:
            self.events += 1
            self.listener.arrived(self, now)
        elif b"event: complete" in event:
            self.has_completed = True


Kind = Callable[[Listener, str, bytes], Viewer]


def handshake(host: str, path: str) -> bytes:
    """A client's request to speak graphql-transport-ws."""
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nhost: {host}\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
        f"sec-websocket-key: {key}\r\nsec-websocket-version: 13\r\n"
        "sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
    ).encode()


def masked(first: int, payload: bytes) -> bytes:
    """A client's frame; its mask is nothing but zeros."""
    size = len(payload)
    length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes((first,)) + length + bytes(4) + payload
