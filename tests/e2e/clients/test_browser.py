"""Programs of docs/clients.md in a browser, in pages of an origin that is listed and of one that is not."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.async_api import Browser, ConsoleMessage

from emulator.runs import PHASES
from tests.e2e.clients.conftest import logged_server
from tests.e2e.clients.snippets import Watched, written
from tests.e2e.packages import installed
from tests.e2e.told import PHASE_SECONDS, RUN_SECONDS
from tests.emulator.process import Emulator
from tests.faults.serving import Serving

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

# A page without a bundler: where the modules are, and what of Node's the programs read.
PAGE = """<!doctype html>
<script>window.process = {env: {NODE_ENV: "production", TOKEN: "none"}}</script>
<script type="importmap">{"imports": {
  "@urql/core": "/node_modules/@urql/core/dist/urql-core.mjs",
  "@0no-co/graphql.web": "/node_modules/@0no-co/graphql.web/dist/graphql.web.mjs",
  "graphql-ws": "/node_modules/graphql-ws/dist/client.js",
  "wonka": "/node_modules/wonka/dist/wonka.mjs"
}}</script>
<script type="module" src="PROGRAM"></script>"""
PROGRAMS = {"urql-SSE": "urql.js", "graphql-ws": "ws.js"}


class Quiet(SimpleHTTPRequestHandler):
    """Files, and nothing logged."""

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def site() -> Iterator[str]:
    """An origin of its own with the packages and programs."""
    handler = partial(Quiet, directory=str(installed("clients")))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def listed() -> Iterator[str]:
    with site() as origin:
        yield origin


@pytest.fixture(scope="module")
def choosy(emulator: Emulator, provider_file: Path, listed: str) -> Iterator[Serving]:
    """A server that lets pages of that origin in, and no others."""
    assert emulator.providers()
    with logged_server(provider_file, PRECHECK_CORS_ORIGINS=listed) as server:
        yield server


@contextmanager
def page_of(program: str, emulator: Emulator, server: Serving) -> Iterator[str]:
    """The path of a page that follows a run which is moved on by hand."""
    reference = emulator.create_run("ninedata", scenario="blocked", seconds=RUN_SECONDS)
    emulator.advance(PHASE_SECONDS / 2)
    others = {"page.html": PAGE.replace("PROGRAM", PROGRAMS[program])}
    with written(Watched(server.url, reference), others) as folder:
        yield f"/{folder.name}/page.html"


@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_page_of_a_listed_origin_asks_and_follows(
    program: str, emulator: Emulator, choosy: Serving, listed: str, browser: Browser
) -> None:
    printed: list[str] = []
    is_over = asyncio.Event()

    def hear(line: ConsoleMessage) -> None:
        printed.append(line.text)
        if line.text.startswith(("SNAPSHOT", "CHANGED")):
            emulator.advance(PHASE_SECONDS)
        elif line.text.startswith("COMPLETED"):
            is_over.set()

    page = await browser.new_page()
    page.on("console", hear)
    with page_of(program, emulator, choosy) as path:
        await page.goto(f"{listed}{path}")
        async with asyncio.timeout(20):
            await is_over.wait()
    await page.close()
    changes = [f"CHANGED {100 * phase / PHASES:g}" for phase in range(1, PHASES)]
    said = [line for line in printed if not line.startswith("Failed to load resource")]  # the 400 of the error
    assert said == ["WAITING", "INVALID_REFERENCE", "SNAPSHOT 0", *changes, "COMPLETED 100"]


@pytest.mark.parametrize(("program", "complaint"), [("urql-SSE", "CORS policy"), ("graphql-ws", "403")])
async def test_a_page_of_another_origin_is_told_nothing(
    program: str, complaint: str, emulator: Emulator, choosy: Serving, browser: Browser
) -> None:
    printed: list[str] = []
    is_refused = asyncio.Event()

    def hear(line: ConsoleMessage) -> None:
        printed.append(line.text)
        if complaint in line.text:
            is_refused.set()

    page = await browser.new_page()
    page.on("console", hear)
    with site() as other, page_of(program, emulator, choosy) as path:
        await page.goto(f"{other}{path}")
        async with asyncio.timeout(20):
            await is_refused.wait()
        await page.close()
    assert not any(line.startswith(("WAITING", "SNAPSHOT")) for line in printed)
