"""What a page of another site can have a browser send: names that lead here, GET, forms, preflights, sockets."""

from collections.abc import Callable, Iterator

import httpx2 as httpx
import orjson
import pytest

from graph.settings import Settings
from resolvers.upstream.contract import ProviderSettings
from tests.attack.dialogue import handshake
from tests.emulator.process import Emulator
from tests.graph.documents import MYSQL, calls, precheck_id
from tests.graph.raw import wire
from tests.graph.served import Served, Socket, served

pytestmark = pytest.mark.attack("pages of other sites")

LISTED = "https://console.example"
FOREIGN = (
    "https://evil.example",
    "null",
    "http://console.example",
    "https://console.example:8443",
    "https://console.example.evil.example",
    "https://evil-console.example",
    "https://console.example@evil.example",
    "https://evil.example#https://console.example",
    "file://",
    "*",
)
ACCEPTED = ("*/*", "text/html,*/*;q=0.8", "image/avif,image/webp,*/*", "application/graphql-response+json")
REBOUND = (
    "evil.example",
    "evil.example:8000",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "evil.example.",
)
# A vendor would be asked.
ASKED = f'{{ precheck(id: "{precheck_id("drs", MYSQL)}") {{ id }} }}'
SIMPLE_TYPES = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "")
PATHS = ("/graphql", "/", "/metrics", "/healthz", "/readyz", "/graphql/assets/boot.js", "/nothing")


@pytest.fixture(scope="module")
def listing(providers: list[ProviderSettings]) -> Iterator[Served]:
    """A server that serves the pages of one other origin."""
    with served(providers, Settings(cors_origins=LISTED)) as server:
        yield server


@pytest.fixture(params=["server", "listing"])
def either(request: pytest.FixtureRequest) -> Served:
    """With no other origin, and with one."""
    server: Served = request.getfixturevalue(request.param)
    return server


@pytest.mark.parametrize("name", REBOUND)
async def test_a_name_of_its_own_leads_a_page_nowhere(either: Served, emulator: Emulator, name: str) -> None:
    page = {"host": name, "origin": f"http://{name}", "sec-fetch-site": "same-origin"}
    answers = [await either.post({"query": ASKED}, page)]
    answers.append(await either.post({"query": ASKED}, {**page, "accept": "text/event-stream"}))
    answers += [await either.get(path, page) for path in (*PATHS, f"/graphql?query={ASKED}")]
    assert {(answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) for answer in answers} == {
        (421, "BAD_REQUEST")
    }
    async with wire(either.url) as socket:
        await socket.say(
            f"GET /graphql HTTP/1.1\r\nhost: {name}\r\norigin: http://{name}\r\nconnection: upgrade\r\n"
            "upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            "sec-websocket-protocol: graphql-transport-ws\r\n\r\n".encode()
        )
        assert (await socket.answer()).status == 421
    assert calls(emulator) == {}


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_no_page_has_a_browser_ask_by_get(
    either: Served, emulator: Emulator, site: str, record_property: Callable[[str, object], None]
) -> None:
    sent = 0
    for origin in (None, *FOREIGN):
        for accept in (
            "*/*",
            "text/html,*/*;q=0.8",
            "image/avif,image/webp,*/*",
            "application/graphql-response+json",
        ):
            page = {"sec-fetch-site": site, "accept": accept, **({"origin": origin} if origin else {})}
            answer = await either.get(f"/graphql?query={ASKED}", page)
            assert (answer.status_code, "data" in answer.json()) == (403, False), page
            sent += 1
    assert calls(emulator) == {}
    record_property("figure", f"{sent} by GET, 0 vendor calls")


async def test_no_form_is_an_operation(either: Served, emulator: Emulator) -> None:
    async with httpx.AsyncClient(base_url=either.url, timeout=20) as client:
        for content_type in SIMPLE_TYPES:
            for origin in FOREIGN:
                headers = {"origin": origin, "sec-fetch-site": "cross-site", "content-type": content_type}
                answer = await client.post("/graphql", content=orjson.dumps({"query": ASKED}), headers=headers)
                assert answer.status_code == 415, headers
    assert calls(emulator) == {}


@pytest.mark.parametrize("origin", FOREIGN)
async def test_no_browser_is_told_that_another_origin_may_ask_or_read(either: Served, origin: str) -> None:
    page = {"origin": origin, "sec-fetch-site": "cross-site"}
    wanted = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    async with httpx.AsyncClient(base_url=either.url, timeout=20) as client:
        answers = [await client.options(path, headers={**page, **wanted}) for path in PATHS]
        answers += [await client.get(path, headers=page) for path in PATHS]
    for accept in ("application/json", "text/event-stream", "multipart/mixed;subscriptionSpec=1.0"):
        answers.append(await either.post({"query": "{ __typename }"}, {**page, "accept": accept}))
    for answer in answers:
        assert "access-control-allow-origin" not in answer.headers, (answer.request.url, answer.headers)


@pytest.mark.parametrize("origin", FOREIGN)
async def test_no_page_opens_a_socket(either: Served, origin: str) -> None:
    assert await handshake(either.url, f"Origin: {origin}\r\n") == 403
    assert await handshake(either.url, f"Origin: {LISTED}\r\nOrigin: {origin}\r\n") in (400, 403)


async def test_a_page_of_a_listed_origin_may_do_all_of_that(listing: Served) -> None:
    page = {"origin": LISTED, "sec-fetch-site": "cross-site"}
    for answer in (
        await listing.get("/graphql?query={__typename}", page),
        await listing.post({"query": "{ __typename }"}, page),
    ):
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, LISTED)
    async with Socket(listing.url, origin=LISTED):
        pass
