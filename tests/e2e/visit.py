"""A page of the explorer in a real browser, and all that went through it."""

import json
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Locator, Page, WebSocket

HEADERS = '{"Authorization": "Bearer SECRET"}'


@dataclass
class Visit:
    """A page that was opened with empty storage, and all it asked for, said and complained about."""

    page: Page
    addresses: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    received: list[dict[str, Any]] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("request", lambda request: self.addresses.append(request.url))
        self.page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("websocket", self._watch_socket)

    def _watch_socket(self, socket: WebSocket) -> None:
        self.addresses.append(socket.url)
        socket.on("framesent", lambda frame: self.sent.append(json.loads(frame)))
        socket.on("framereceived", lambda frame: self.received.append(json.loads(frame)))

    @property
    def tabs(self) -> Locator:
        return self.page.locator(".graphiql-tab-button")

    async def open_tab(self, name: str) -> None:
        await self.page.get_by_role("tab", name=name, exact=True).click()
        # GraphiQL takes a moment to see that the operation is another one.
        await self.page.wait_for_function(
            "name => localStorage.getItem('precheck-explorer:graphiql:operationName') === name", arg=name
        )

    async def run(self) -> None:
        await self.page.get_by_label("Execute query").click()

    async def type_headers(self) -> None:
        await self.page.get_by_role("button", name="Headers", exact=True).click()
        await self.page.locator("section[aria-label=Headers] .graphiql-editor:not(.hidden) .CodeMirror").click()
        await self.page.keyboard.insert_text(HEADERS)

    async def storage(self) -> str:
        kept = await self.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, location.href])")
        return str(kept)
