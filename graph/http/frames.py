"""What travels on a WebSocket: messages of graphql-transport-ws as JSON in text frames."""

import contextlib
from collections.abc import AsyncGenerator, Mapping

import orjson
from starlette.websockets import WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected

_INVALID_MESSAGE = 4400


def is_message(message: object) -> bool:
    """Whether this has the shape of a graphql-transport-ws message; what it asks for is not looked at."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return False
    payload = message.get("payload", {})
    if message["type"] == "subscribe":
        return isinstance(message.get("id"), str) and isinstance(payload, dict) and _is_request(payload)
    return isinstance(message.get("id", ""), str)


def _is_request(payload: dict[str, object]) -> bool:
    return isinstance(payload.get("query"), str) and all(
        payload.get(name) is None or isinstance(payload[name], kind)
        for name, kind in (("variables", dict), ("extensions", dict), ("operationName", str))
    )


class TextFrames(ASGIWebSocketAdapter):
    """JSON on WebSockets is text, though our encoder makes bytes; what is no message of the protocol ends it."""

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:
        """Every message that has the protocol's shape."""
        async for message in super().iter_json(ignore_parsing_errors=ignore_parsing_errors):
            if not is_message(message):
                await self.close(_INVALID_MESSAGE, "Invalid message")
                return
            yield message

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
            with contextlib.suppress(WebSocketDisconnect):
                await super().close(code, reason)

    @property
    def is_open(self) -> bool:
        """Whether this side has not closed it."""
        return self.ws.application_state is WebSocketState.CONNECTED
