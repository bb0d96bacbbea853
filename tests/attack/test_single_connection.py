"""Reserved streams of graphql-sse: guessed, stolen, flooded, and asked for in words that nobody expects."""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2 as httpx
import msgspec
import orjson
import pytest

from graph.http.envelope import LONGEST_OPERATION_ID
from graph.http.reservations import MOST_UNOPENED, MOST_UNOPENED_PER_CLIENT
from graph.settings import Settings
from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.faults.deafness import until_counted
from tests.faults.memory import growth
from tests.faults.serving import serving
from tests.faults.watching import LONG
from tests.graph.documents import UPDATES, event_of, ref
from tests.graph.raw import wire
from tests.graph.reserved import ANSWERED, HEADER, TYPENAME, Reserved, Said, asked, refusal_in
from tests.graph.served import Served, served
from tests.graph.tokens import settings_for, table, token_of

pytestmark = pytest.mark.attack("single connection")

GUESSES = 500
FLOOD = 3_000
AT_ONCE = 100
MOST_MEGABYTES = 10.0
NO_IDS: tuple[object, ...] = (
    None,
    "",
    5,
    0,
    1.5,
    True,
    [],
    ["a"],
    {},
    {"a": "b"},
    "x" * (LONGEST_OPERATION_ID + 1),
    "x" * 200_000,
)
IDS = (
    "a\nevent: complete\ndata: {}\n\n",
    "\r\n\r\n: comment",
    "\x00\x1b[2J",
    "\u2028\u2029\ufeff",
    "__proto__",
    '"}, "payload": {"data": null',
    "\U0001f600" * LONGEST_OPERATION_ID,
    "constructor",
    " ",
)
ADDRESSES = (
    b"?operationId=a&operationId=b",
    b"?operationId=%ff",
    b"?operationId=" + b"x" * (LONGEST_OPERATION_ID + 1),
    b"?operationid=a",
    b"?" + b"&".join(b"a%d=" % number for number in range(50)),
    b"?token=%ff&operationId=a",
    b"?token=",
    b"",
)


@pytest.fixture(scope="module")
def tenants(providers: list[ProviderSettings], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with tokens: two of different names, one with fewer rights and providers than the first."""
    tables = [table("alice"), table("bob"), table("narrow", ["drs"], ["read"])]
    with served(providers, settings_for(tmp_path_factory.mktemp("tokens"), *tables)) as server:
        yield server


async def every_way(
    client: httpx.AsyncClient, stream_token: str, bearer: str | None = None
) -> list[httpx.Response]:
    """What is answered to whoever opens, asks, and ends on a stream."""
    headers = {HEADER: stream_token, **({"authorization": f"Bearer {bearer}"} if bearer else {})}
    in_address = {**headers}
    del in_address[HEADER]
    named = {"token": stream_token}
    reading = {"accept": "text/event-stream"}
    return [
        await client.get("/graphql", headers={**headers, **reading}),
        await client.get("/graphql", params=named, headers={**in_address, **reading}),
        await client.post("/graphql", json=asked("a"), headers=headers),
        await client.post("/graphql", json=asked("a"), params=named, headers=in_address),
        await client.get("/graphql", params={**named, "query": TYPENAME}, headers=in_address),
        await client.delete("/graphql", params={"operationId": "a"}, headers=headers),
        await client.delete("/graphql", params={**named, "operationId": "a"}, headers=in_address),
    ]


async def test_no_guess_finds_a_stream(server: Served, record_property: Callable[[str, object], None]) -> None:
    async with Reserved(server.url) as single, httpx.AsyncClient(base_url=server.url, timeout=20) as client:
        right = single.stream_token
        near = [right[:-1], right + "A", right.swapcase(), right[::-1], "*", "%", "../", "null"]
        for guess in (*near, *(secrets.token_urlsafe(32) for _ in range(GUESSES))):
            answer = await client.post("/graphql", json=asked("a"), headers={HEADER: guess})
            assert refusal_in(answer) == (404, "STREAM_NOT_FOUND"), guess
        for guess in near:
            assert {refusal_in(each) for each in await every_way(client, guess)} == {(404, "STREAM_NOT_FOUND")}
        await single.begin("mine", TYPENAME)
        assert await single.receive() == Said("next", "mine", ANSWERED)
    record_property("figure", f"{GUESSES} guesses, 0 streams")


async def test_somebody_elses_stream_is_no_stream(tenants: Served, emulator: Emulator) -> None:
    """Neither for a stranger who has its token, nor for nobody, open or not."""
    run = ref("oms-ce", emulator.create_run("oms-ce", scenario="stuck", seconds=LONG))
    async with (
        httpx.AsyncClient(base_url=tenants.url, timeout=20) as client,
        Reserved(tenants.url, token_of("alice")) as opened,
    ):
        waiting = Reserved(tenants.url, token_of("alice"), client)
        await waiting.reserve()
        await opened.begin("a", UPDATES, refs=[run], until="NEVER")
        assert event_of((await opened.receive()).payload)["kind"] == "SNAPSHOT"
        for single in (opened, waiting):
            for bearer in ("bob", "narrow"):
                answers = await every_way(client, single.stream_token, token_of(bearer))
                assert {refusal_in(each) for each in answers} == {(404, "STREAM_NOT_FOUND")}
            assert {refusal_in(each) for each in await every_way(client, single.stream_token)} == {
                (401, "UNAUTHENTICATED")
            }
        emulator.fault("oms-ce", "status", status=503)
        assert event_of((await opened.receive()).payload)["kind"] == "PROBLEM", "it was not ended"
        await waiting.open()
        await waiting.begin("b", TYPENAME)
        assert (await waiting.receive()).id == "b"
        await waiting.leave()


async def flood(url: str, count: int, bearer: str = "") -> list[tuple[int, str]]:
    """What is answered to so many reservations, and a few more: the status, and the token or the code."""
    head = f"PUT /graphql HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {bearer}\r\n\r\n".encode()
    told: list[tuple[int, str]] = []
    async with wire(url) as socket:
        while len(told) < count:
            await socket.say(head * AT_ONCE)
            for _ in range(AT_ONCE):
                answer = await socket.answer()
                is_token = answer.status == 201
                told.append(
                    (answer.status, answer.body.decode() if is_token else answer.error["extensions"]["code"])
                )
    return told


async def test_a_flood_of_reservations_is_refused_and_soon_forgotten(
    emulator: Emulator, provider_file: Path, record_property: Callable[[str, object], None]
) -> None:
    with serving(provider_file) as process:
        async with Reserved(process.url) as single:
            with growth(process.process.pid) as grown:
                told = await flood(process.url, FLOOD)
            refused = [each for each in told if each[0] != 201]
            assert set(refused) == {(429, "TOO_MANY_STREAMS")}
            await single.begin("a", TYPENAME)
            assert (await single.receive()).payload == ANSWERED, "who is there is served"
            async with asyncio.timeout(20):
                while (await flood(process.url, 1))[0][0] != 201:
                    pass
    assert grown.megabytes < MOST_MEGABYTES
    record_property("figure", f"{len(refused)} of {FLOOD} reservations refused")


async def test_reservations_of_one_do_not_keep_another_from_reserving(tenants: Served) -> None:
    async with httpx.AsyncClient(base_url=tenants.url, timeout=20) as client:
        for _ in range(MOST_UNOPENED_PER_CLIENT):
            await Reserved(tenants.url, token_of("bob"), client).reserve()
        refused = await client.put("/graphql", headers={"authorization": f"Bearer {token_of('bob')}"})
        assert refusal_in(refused) == (429, "TOO_MANY_STREAMS")
        async with Reserved(tenants.url, token_of("alice"), client) as single:
            assert single.stream_token


async def test_reservations_of_many_are_few_in_all(tmp_path: Path) -> None:
    names = [f"client-{number}" for number in range(MOST_UNOPENED // MOST_UNOPENED_PER_CLIENT + 1)]
    settings = msgspec.structs.replace(settings_for(tmp_path, *map(table, names)), init_seconds=60)
    with served([], settings) as server:
        for name in names[:-1]:
            told = await flood(server.url, MOST_UNOPENED_PER_CLIENT, token_of(name))
            assert {status for status, _ in told} == {201}
        told = await flood(server.url, 1, token_of(names[-1]))
    assert set(told) == {(429, "TOO_MANY_STREAMS")}


async def test_no_operation_id_is_anything_but_a_short_text(server: Served, emulator: Emulator) -> None:
    async with Reserved(server.url) as single:
        for wrong in NO_IDS:
            answer = await single.post(asked(wrong))
            assert refusal_in(answer) == (400, "BAD_REQUEST"), wrong
        for given in IDS:
            assert (await single.begin(given, TYPENAME)).status_code == 202, given
            assert await single.receive() == Said("next", given, ANSWERED)
            assert await single.receive() == Said("complete", given), "nothing is said in its name"
            assert (await single.stop(given)).status_code == 200


async def test_malformed_requests_are_refused_and_end_nothing(server: Served, emulator: Emulator) -> None:
    run = ref("oms-ce", emulator.create_run("oms-ce", scenario="stuck", seconds=LONG))
    async with Reserved(server.url) as single:
        await single.begin("a", UPDATES, refs=[run], until="NEVER")
        await single.receive()
        for address in ADDRESSES:
            said = f"host: localhost\r\n{HEADER}: {single.stream_token}\r\ncontent-length: 5\r\n\r\nxxxxx".encode()
            async with wire(server.url) as socket:
                await socket.say(b"DELETE /graphql" + address + b" HTTP/1.1\r\n" + said)
                answer = await socket.answer()
            assert (answer.status, answer.error["extensions"]["code"]) == (400, "BAD_REQUEST"), address
        await until_counted(server.url, "precheck_viewers", 1)
        emulator.fault("oms-ce", "status", status=503)
        assert (await single.receive()).id == "a"


async def test_what_comes_with_a_reservation_is_not_looked_at(server: Served) -> None:
    for body in (b"", b"{", b"\xff" * 1000, orjson.dumps({"query": "{ nothing }", "token": "mine"})):
        async with wire(server.url) as socket:
            head = (
                f"PUT /graphql?token=mine&x=%ff HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n\r\n"
            )
            await socket.say(head.encode() + body)
            answer = await socket.answer()
        assert answer.status == 201
        assert b"mine" not in answer.body


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_no_page_of_another_site_opens_a_stream_or_asks_on_it(server: Served, site: str) -> None:
    page = {"sec-fetch-site": site, "origin": "https://evil.example"}
    async with httpx.AsyncClient(base_url=server.url, timeout=20) as client:
        named = {"token": (await client.put("/graphql")).text}
        accepted = {**page, "accept": "text/event-stream"}
        async with client.stream("GET", "/graphql", params=named, headers=accepted) as reading:
            assert reading.status_code == 403
            await reading.aread()
        asking = await client.get("/graphql", params={**named, "query": TYPENAME}, headers=page)
        assert [refusal_in(each) for each in (reading, asking)] == [(403, "BAD_REQUEST")] * 2
        async with client.stream("GET", "/graphql", params=named, headers={"accept": "text/event-stream"}) as own:
            assert own.status_code == 200, "it was left unopened"


async def test_a_browser_asks_before_it_reserves_and_only_listed_origins_may() -> None:
    with served([], Settings(cors_origins="https://console.example")) as server:
        async with httpx.AsyncClient(base_url=server.url, timeout=20) as client:
            for origin, may in (("https://console.example", True), ("https://evil.example", False)):
                for method in ("PUT", "DELETE", "POST"):
                    wanted = {
                        "access-control-request-method": method,
                        "access-control-request-headers": f"{HEADER}, content-type",
                    }
                    answer = await client.options("/graphql", headers={"origin": origin, **wanted})
                    assert (answer.headers.get("access-control-allow-origin") == origin) is may
                    assert (answer.status_code == 200) is may
