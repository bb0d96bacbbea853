"""graphql-sse in a browser, which has six connections for each origin: what one of them carries."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Request

from tests.e2e.packages import installed
from tests.emulator.process import Emulator
from tests.faults.deafness import counted, until_counted
from tests.faults.serving import Serving, serving
from tests.faults.watching import LONG
from tests.graph.documents import UPDATES, event_of, ref

pytestmark = pytest.mark.e2e

BUNDLE = "node_modules/graphql-sse/umd/graphql-sse.js"
WANTED = 10
OF_A_BROWSER = 6
BEGIN = """([singleConnection, asked]) => {
  const client = graphqlSse.createClient({ url: '/graphql', singleConnection });
  globalThis.said = [];
  globalThis.ask = (request) => {
    const own = said[said.push([]) - 1];
    return client.subscribe(request, {
      next: (result) => own.push(result),
      error: (error) => own.push(String(error)),
      complete: () => own.push('complete'),
    });
  };
  globalThis.stop = asked.map(ask);
}"""


@pytest.fixture(scope="module")
def server(module_emulator: Emulator, provider_file: Path) -> Iterator[Serving]:
    assert module_emulator is not None
    with serving(provider_file) as server:
        yield server


@pytest.fixture
async def page(browser: Browser, server: Serving) -> AsyncIterator[Page]:
    """A page of the server's own origin that has the client."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{server.url}/healthz")
    await page.evaluate((installed("clients") / BUNDLE).read_text(encoding="utf-8"))
    yield page
    await context.close()


@pytest.fixture
def asked(emulator: Emulator) -> list[dict[str, Any]]:
    """Subscriptions, each to a run of its own that nothing happens to."""
    runs = [emulator.create_run("oms-ce", scenario="stuck", seconds=LONG) for _ in range(WANTED)]
    return [{"query": UPDATES, "variables": {"refs": [ref("oms-ce", run)]}} for run in runs]


def is_stream(sent: Request) -> bool:
    return sent.headers.get("accept") == "text/event-stream"


async def said(page: Page, count: int) -> list[list[Any]]:
    """What was told to each that asked, once so many have been told something."""
    await page.wait_for_function("count => said.filter((own) => own.length).length >= count", arg=count)
    told: list[list[Any]] = await page.evaluate("said")
    return told


async def test_one_connection_carries_more_subscriptions_than_a_browser_has_connections(
    page: Page, server: Serving, asked: list[dict[str, Any]], record_property: Callable[[str, str], None]
) -> None:
    streams: list[str] = []
    page.on("request", lambda sent: streams.append(sent.method) if is_stream(sent) else None)
    await page.evaluate(BEGIN, [True, asked])
    told = await said(page, WANTED)
    assert {event_of(own[0])["kind"] for own in told} == {"SNAPSHOT"}
    shown = [event_of(own[0])["precheck"]["externalId"] for own in told]
    assert shown == [each["variables"]["refs"][0]["externalId"] for each in asked], "each its own"
    await page.evaluate("void ['{ __typename }', '{ nothing }'].map((query) => ask({ query }))")
    await page.wait_for_function("said.slice(-2).every((own) => own.at(-1) === 'complete')")
    *_, answered, refused = await said(page, WANTED)
    assert answered == [{"data": {"__typename": "Query"}}, "complete"]
    assert refused[0]["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert streams == ["GET"]
    await page.evaluate("stop[0]()")
    await until_counted(server.url, "precheck_viewers", WANTED - 1)
    await page.close()
    await until_counted(server.url, "precheck_viewers", 0)
    record_property("figure", f"{WANTED} subscriptions and 2 queries on 1 stream")


async def test_streams_of_their_own_are_as_many_as_a_browser_has_connections(
    page: Page, server: Serving, asked: list[dict[str, Any]]
) -> None:
    await page.evaluate(BEGIN, [False, asked])
    told = await said(page, OF_A_BROWSER)
    assert sum(map(bool, told)) == OF_A_BROWSER
    assert await counted(server.url, "precheck_viewers") == OF_A_BROWSER
    await page.evaluate("stop[0]()")
    await said(page, OF_A_BROWSER + 1)
