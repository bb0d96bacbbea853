"""One question over each transport; what comes back is a list of payloads, whatever carried them."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import httpx2 as httpx
import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.graph.reserved import Reserved

Payloads: TypeAlias = list[dict[str, Any]]
_MULTIPART = "multipart/mixed;subscriptionSpec=1.0, application/json"


class Client:
    """Asks one server with one token after the other, over connections that stay open."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/graphql"
        self.http = httpx.AsyncClient(timeout=20)

    async def over_post(self, token: str | None, document: str, variables: dict[str, Any]) -> Payloads:
        answer = await self._posted(token, document, variables, "application/json")
        return [answer.json()]

    async def over_get(self, token: str | None, document: str, variables: dict[str, Any]) -> Payloads:
        asked = {"query": document, "variables": orjson.dumps(variables).decode()}
        return [(await self.http.get(self.url, params=asked, headers=_bearer(token))).json()]

    async def over_sse(self, token: str | None, document: str, variables: dict[str, Any]) -> Payloads:
        answer = await self._posted(token, document, variables, "text/event-stream")
        if not answer.is_success:
            return [answer.json()]
        lines = answer.text.splitlines()
        assert "event: complete" in lines, answer.text
        return [orjson.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]

    async def over_multipart(self, token: str | None, document: str, variables: dict[str, Any]) -> Payloads:
        answer = await self._posted(token, document, variables, _MULTIPART)
        if not answer.is_success:
            return [answer.json()]
        assert answer.text.rstrip().endswith("--graphql--"), answer.text
        parts = [orjson.loads(line) for line in answer.text.splitlines() if line.startswith("{") and line != "{}"]
        return [part["payload"] for part in parts]

    async def over_websocket(self, token: str | None, document: str, variables: dict[str, Any]) -> Payloads:
        url = self.url.replace("http://", "ws://")
        async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as ws:
            await ws.send(orjson.dumps({"type": "connection_init", "payload": _bearer(token)}).decode())
            try:
                assert orjson.loads(await ws.recv()) == {"type": "connection_ack"}
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 0
                return [{"errors": [{"extensions": {"code": {4403: "UNAUTHENTICATED"}[code]}}]}]
            payload = {"query": document, "variables": variables}
            await ws.send(orjson.dumps({"type": "subscribe", "id": "1", "payload": payload}).decode())
            seen: Payloads = []
            while (message := orjson.loads(await ws.recv()))["type"] == "next":
                seen.append(message["payload"])
            return seen if message["type"] == "complete" else [{"errors": message["payload"]}]

    async def over_single_connection(
        self, token: str | None, document: str, variables: dict[str, Any]
    ) -> Payloads:
        async with Reserved(self.url.removesuffix("/graphql"), token, self.http) as single:
            assert single.answer is not None
            if not single.stream_token:
                return [single.answer.json()]
            answer = await single.begin("1", document, **variables)
            if answer.status_code != 202:
                return [answer.json()]
            seen: Payloads = []
            while (said := await single.receive()).event == "next":
                seen.append(said.payload)
            return seen

    async def close(self) -> None:
        await self.http.aclose()

    async def _posted(
        self, token: str | None, document: str, variables: dict[str, Any], accept: str
    ) -> httpx.Response:
        body = {"query": document, "variables": variables}
        return await self.http.post(self.url, json=body, headers={"accept": accept, **_bearer(token)})


Transport: TypeAlias = Callable[[Client, str | None, str, dict[str, Any]], Awaitable[Payloads]]
OF_STREAMS: dict[str, Transport] = {
    "websocket": Client.over_websocket,
    "sse": Client.over_sse,
    "multipart": Client.over_multipart,
    "single connection": Client.over_single_connection,
}
OF_QUERIES: dict[str, Transport] = {
    "post": Client.over_post,
    "get": Client.over_get,
    "websocket": Client.over_websocket,
    "sse": Client.over_sse,
    "single connection": Client.over_single_connection,
}


def codes_of(payloads: Payloads) -> set[str]:
    """The codes of all errors in them."""
    return {error["extensions"]["code"] for payload in payloads for error in payload.get("errors") or ()}


def _bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"authorization": f"Bearer {token}"}
