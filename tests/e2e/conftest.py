"""The demo of `make run` for all tests that only look, a browser to look with, and the report of scenarios."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.e2e.process import Running, make_run
from tests.e2e.visit import Visit
from tests.outcomes import outcomes, recorded

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--scenarios", action="store_true", help="print a line for each scenario")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """A line for each test: who, what, and what it recorded by `record_property("figure", ..)`."""
    if not config.getoption("--scenarios", default=False):
        return
    for report, passed in outcomes(terminalreporter):
        module, _, name = report.nodeid.rpartition("::")
        who = Path(module).stem.removeprefix("test_").replace("_", " ")
        what = name.removeprefix("test_").replace("_", " ")
        told = "; ".join(recorded(report, "figure"))
        state = "ok" if passed else "FAILED"
        terminalreporter.write_line(f"{state:7} {who:14} {what}{told and f': {told}'}")


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """The demo."""
    with make_run() as running:
        yield running


@pytest.fixture(scope="session")
def server_url(running: Running) -> str:
    """Where its server is."""
    return running.url


@pytest.fixture
def control(running: Running) -> Iterator[httpx.Client]:
    """The control port of its emulator, without faults and counted calls before and after."""
    with httpx.Client(base_url=running.control_url) as client:
        client.delete("/faults")
        client.delete("/calls")
        yield client
        client.delete("/faults")


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
