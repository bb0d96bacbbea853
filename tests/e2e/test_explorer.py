import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx2 as httpx
import pytest
from playwright.async_api import Browser, Locator, Page, WebSocket, async_playwright, expect

from graph.http.explorer_operations import prepared_operations

# A prepared live tab follows a demo run to its end.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
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


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    executable = next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        pytest.fail("No browser here: apt-get install -y --no-install-recommends chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, headless=True, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def visit(browser: Browser, server_url: str) -> AsyncIterator[Visit]:
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    visit = Visit(await context.new_page())
    visit.watch()
    await visit.page.goto(f"{server_url}/graphql")
    await expect(visit.page.get_by_role("tab", name="Dashboard")).to_be_visible()
    yield visit
    await context.close()


def is_own(address: str, server_url: str) -> bool:
    own = (server_url, server_url.replace("http", "ws", 1), "data:")
    return address.startswith(own)


def names_of_prepared_operations() -> list[str]:
    return [operation.document.split("(")[0].split("{")[0].split()[-1] for operation in prepared_operations()]


async def test_page_opens_quietly_with_all_tabs(visit: Visit, server_url: str) -> None:
    await expect(visit.tabs).to_have_text(names_of_prepared_operations())
    await visit.page.get_by_label("Show Documentation Explorer").click()
    await expect(visit.page.get_by_text("Root Types")).to_be_visible()
    await visit.page.get_by_label("Show GraphiQL Explorer").click()
    await expect(visit.page.locator(".graphiql-explorer-root")).to_be_visible()
    for dialog in ("Open short keys dialog", "Open settings dialog"):
        await visit.page.get_by_label(dialog).click()
        await expect(visit.page.get_by_role("dialog")).to_be_visible()
        await visit.page.keyboard.press("Escape")
        await expect(visit.page.get_by_role("dialog")).to_be_hidden()
    assert visit.complaints == []
    assert [address for address in visit.addresses if not is_own(address, server_url)] == []


async def test_query_shows_its_answer(visit: Visit) -> None:
    await visit.open_tab("Providers")
    await visit.run()
    answer = visit.page.locator(".result-window")
    await expect(answer).to_contain_text('"precheckProviders"')
    await expect(answer).not_to_contain_text('"errors"')
    assert visit.complaints == []


async def test_subscription_shows_events_until_it_ends(
    visit: Visit, server_url: str, control: httpx.Client
) -> None:
    await visit.open_tab("LiveProgress")
    async with visit.page.expect_websocket() as opened:
        await visit.run()
    socket = await opened.value
    await expect(visit.page.locator(".result-window")).to_contain_text('"precheckUpdates"')
    while not socket.is_closed():  # the demo's time is made to fly, a step between two events at most
        control.post("/clock", json={"advance_seconds": 5})
        await visit.page.wait_for_timeout(1000)
    events = [frame["payload"]["data"]["precheckUpdates"] for frame in visit.received if frame["type"] == "next"]
    assert len(events) > 1
    assert visit.received[-1]["type"] == "complete"
    await expect(visit.page.locator(".result-window")).to_contain_text(f'"kind": "{events[-1]["kind"]}"')
    await expect(visit.page.get_by_label("Execute query")).to_be_visible()
    assert is_own(socket.url, server_url)
    assert visit.complaints == []


async def test_headers_go_out_and_are_kept_nowhere(visit: Visit) -> None:
    await visit.open_tab("Providers")
    await visit.type_headers()
    async with visit.page.expect_request(lambda request: request.method == "POST") as posted:
        await visit.run()
    assert (await (await posted.value).all_headers())["authorization"] == "Bearer SECRET"

    await visit.open_tab("LiveProgress")
    await visit.type_headers()
    async with visit.page.expect_websocket() as opened:
        await visit.run()
    await (await opened.value).wait_for_event("framereceived")
    assert visit.sent[0] == {"type": "connection_init", "payload": {"Authorization": "Bearer SECRET"}}

    # GraphiQL writes half a second after the last change.
    await visit.page.wait_for_timeout(1500)
    assert "LiveProgress" in await visit.storage()
    assert "SECRET" not in await visit.storage()
    await visit.page.reload()
    await expect(visit.tabs).to_have_text(names_of_prepared_operations())
    assert "SECRET" not in await visit.storage()
    assert "SECRET" not in await visit.page.content()


async def test_prepared_tabs_can_be_restored(visit: Visit) -> None:
    await visit.open_tab("Providers")
    await visit.page.get_by_role("tab", name="Providers").get_by_label("Close Tab").click()
    await expect(visit.page.get_by_role("tab", name="Providers")).to_have_count(0)
    await visit.page.get_by_role("button", name="Restore the prepared tabs").click()
    await expect(visit.tabs).to_have_text(names_of_prepared_operations())
