"""One provider's side of HTTP: reads a request, notes the call, lets a fault or the vendor answer it."""

import asyncio
from dataclasses import replace
from http import HTTPStatus

import orjson
from starlette.types import Receive, Scope, Send

from emulator.clock import Clock
from emulator.faults import Fault, Faults
from emulator.ledger import Ledger
from emulator.vendor import Call, Reply, Request, VendorServer

GARBAGE = b"\x1f\x8b<<< this is no JSON >>>"


class Exchange:
    """An ASGI application around one vendor server."""

    def __init__(self, server: VendorServer, clock: Clock, ledger: Ledger, faults: Faults) -> None:
        self.server = server
        self._clock = clock
        self._ledger = ledger
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = await read_request(scope, receive)
        call = self.server.identify(request)
        provider = self.server.provider.id
        if call.operation:
            self._ledger.note(provider, call)
        fault = self._faults.take(provider) if call.result else None
        reply = await self._reply(request, call, fault)
        await self._send(send, reply, truncated=fault is not None and fault.kind == "truncate")

    async def _reply(self, request: Request, call: Call, fault: Fault | None) -> Reply:
        if fault is None:
            return self.server.answer(request, call)
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds or 0.0)
        return self._given(fault, request, call) or self.server.answer(request, _met(fault, call))

    def _given(self, fault: Fault, request: Request, call: Call) -> Reply | None:
        """What a fault answers in the vendor's place, None where the vendor still does."""
        if fault.kind == "status":
            status = HTTPStatus(fault.status or 500)
            return Reply(status.phrase if fault.body is None else fault.body, int(status))
        if fault.kind == "rate_limit":
            return self.server.throttled(request, call, fault.retry_after or 0.0)
        if fault.kind == "garbage":
            return Reply(GARBAGE)
        return self.server.expired(request, call) if fault.kind == "expired_token" else None

    async def _send(self, send: Send, reply: Reply, *, truncated: bool) -> None:
        body = b"" if reply.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED) else encoded(reply.body)
        headers = {
            "content-type": reply.content_type,
            "content-length": str(len(body)),
            "date": self._clock.http_date(),
            **reply.headers,
        }
        pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": pairs})
        # An answer left incomplete makes the server close the connection.
        part = body[: len(body) // 2] if truncated else body
        await send({"type": "http.response.body", "body": part, "more_body": truncated})


def _met(fault: Fault, call: Call) -> Call:
    if fault.kind != "partial_batch":
        return call
    return replace(call, references=call.references[: len(call.references) // 2])


def encoded(body: object) -> bytes:
    """The bytes of a reply's body."""
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else orjson.dumps(body)


async def read_request(scope: Scope, receive: Receive) -> Request:
    """The whole request, body included."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope["query_string"].decode("latin-1")
    return Request(scope["method"], raw_path.decode("latin-1"), query, headers, body)
