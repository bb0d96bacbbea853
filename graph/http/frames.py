"""What travels on a WebSocket: messages of graphql-transport-ws as JSON in text frames."""

import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from functools import partial
from typing import Any

import orjson
from starlette.websockets import WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http import process_result
from strawberry.http.exceptions import WebSocketDisconnected
from websockets.frames import Frame, Opcode

from graph.http.written import CLOSES, WRITES_FRAMES
from graph.sharing import Shared

_INVALID_MESSAGE = 4400
_KINDS = (("query", str), ("documentId", str), ("variables", dict), ("extensions", dict), ("operationName", str))
_MOST_REASON_BYTES = 123  # of a close frame, RFC 6455
_PING = Frame(Opcode.TEXT, b'{"type":"ping"}').serialize(mask=False)


def is_message(message: object) -> bool:
    """Whether this has the shape of a graphql-transport-ws message; what it asks for is not looked at."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return False
    payload = message.get("payload", {})
    if message["type"] == "subscribe":
        return _is_id(message.get("id")) and isinstance(payload, dict) and _is_request(payload)
    return _is_id(message.get("id")) if message["type"] == "complete" else isinstance(message.get("id", ""), str)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_request(payload: dict[str, object]) -> bool:
    names_a_document = any(payload.get(name) is not None for name in ("query", "documentId", "extensions"))
    return names_a_document and all(
        payload.get(name) is None or isinstance(payload[name], kind) for name, kind in _KINDS
    )


class TextFrames(ASGIWebSocketAdapter):
    """JSON on WebSockets is text, though our encoder makes bytes; what is no message of the protocol ends it."""

    def __init__(self, view: Any, request: Any, response: Any) -> None:
        super().__init__(view, request, response)
        self._write: Callable[[bytes], bool] | None = self.ws.scope.get("extensions", {}).get(WRITES_FRAMES)

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:
        """Every message that has the protocol's shape."""
        async for message in super().iter_json(ignore_parsing_errors=ignore_parsing_errors):
            if not (isinstance(message, dict) and is_message(message)):
                await self.close(_INVALID_MESSAGE, "Invalid message")
                return
            yield message
            message.clear()  # it was seen to; it would be held until the next one comes

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send one message as a text frame. Raises WebSocketDisconnected where nobody would get it."""
        if not self.is_open:
            raise WebSocketDisconnected
        try:
            await self.ws.send_text(orjson.dumps(message).decode())
        except WebSocketDisconnect:
            raise WebSocketDisconnected from None

    async def close(self, code: int, reason: str) -> None:
        """Close the socket; one that was closed before, or is gone, is left alone."""
        if self.is_open:
            said = reason.encode()[:_MOST_REASON_BYTES].decode(errors="ignore")
            with contextlib.suppress(WebSocketDisconnect):
                await super().close(code, said)

    def close_at_once(self, code: int, reason: str) -> bool:
        """Close the socket; False, and nothing done, where this takes waiting or another server."""
        close: Callable[[int, str], bool] | None = self.ws.scope.get("extensions", {}).get(CLOSES)
        if close is None or not self.is_open or not close(code, reason):
            return False
        self.ws.application_state = WebSocketState.DISCONNECTED
        return True

    def write(self, operation_id: str, result: Shared) -> bool:
        """Send a `next` message at once; False, and nothing sent, where this takes waiting or another server."""
        if self._write is None:
            return False
        return self._write(result.made(operation_id, partial(_next_frame, operation_id)))

    def ping(self) -> None:
        """Show life to a client that reads; one that is behind has enough to read."""
        if self._write is not None:
            self._write(_PING)

    @property
    def is_open(self) -> bool:
        """Whether this side has not closed it."""
        return self.ws.application_state is WebSocketState.CONNECTED


def _next_frame(operation_id: str, result: Shared) -> bytes:
    payload = {name: value for name, value in process_result(result).items() if name == "data" or value}
    message = {"id": operation_id, "type": "next", "payload": payload}
    return Frame(Opcode.TEXT, orjson.dumps(message)).serialize(mask=False)
