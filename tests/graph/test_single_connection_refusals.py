"""What a reserved stream refuses, and how many streams and operations there may be."""

from typing import Any

import httpx2 as httpx
import pytest

from graph.http.bounds import MOST_STREAMS_PER_SOCKET
from graph.http.envelope import LONGEST_OPERATION_ID
from graph.http.reservations import MOST_UNOPENED_PER_CLIENT
from graph.settings import Settings
from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.faults.deafness import until_counted
from tests.graph.documents import UPDATES, event_of, ref
from tests.graph.reserved import ANSWERED, EVENT_STREAM, HEADER, TYPENAME, Reserved, Said, asked, refusal_in
from tests.graph.served import Served, Socket, served
from tests.graph.test_sharing import a_run


@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        ({"query": TYPENAME}, 400, "BAD_REQUEST", "operationId"),
        (asked(""), 400, "BAD_REQUEST", "operationId"),
        (asked(5), 400, "BAD_REQUEST", "a text of 1 to"),
        (asked(["a"]), 400, "BAD_REQUEST", "a text of 1 to"),
        (asked("x" * (LONGEST_OPERATION_ID + 1)), 400, "BAD_REQUEST", f"{LONGEST_OPERATION_ID} characters"),
        (asked("taken"), 409, "STREAM_CONFLICT", "under way"),
        ([], 400, "BAD_REQUEST", "Batching"),
    ],
)
async def test_a_request_that_cannot_begin_an_operation_is_told_why(
    server: Served, emulator: Emulator, body: Any, status: int, code: str, says: str
) -> None:
    async with Reserved(server.url) as single:
        await single.begin("taken", UPDATES, refs=[ref("oms-ce", a_run(emulator))], until="NEVER")
        await single.receive()
        answer = await single.post(body)
        assert refusal_in(answer) == (status, code)
        assert says in answer.json()["errors"][0]["message"]
        await single.begin("a", TYPENAME)
        assert (await single.receive()).id == "a", "nothing came of it"


async def test_a_request_without_a_document_is_told_so_on_the_stream(server: Served) -> None:
    async with Reserved(server.url) as single:
        assert (await single.post({"extensions": {"operationId": "a"}})).status_code == 202
        said = await single.receive()
        assert [each["message"] for each in said.payload["errors"]] == ["The request has no `query`."]
        assert await single.receive() == Said("complete", "a")


async def test_whoever_opens_a_stream_and_accepts_none_is_told_how(server: Served) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=20) as client:
        headers = {HEADER: (await client.put("/graphql")).text}
        for accept in ("*/*", "application/json"):
            answer = await client.get("/graphql", headers={**headers, "accept": accept})
            assert refusal_in(answer) == (400, "BAD_REQUEST")
            assert f"`accept: {EVENT_STREAM}`" in answer.json()["errors"][0]["message"]
        async with client.stream("GET", "/graphql", headers={**headers, "accept": EVENT_STREAM}) as stream:
            assert stream.status_code == 200


async def test_requests_without_their_stream_are_told_so(server: Served) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=20) as client:
        stranger = {HEADER: "x" * 43}
        for answer in (
            await client.post("/graphql", json=asked("a"), headers=stranger),
            await client.get("/graphql", params={"query": TYPENAME, "token": "x" * 43}),
            await client.get("/graphql", headers={**stranger, "accept": EVENT_STREAM}),
            await client.delete("/graphql", params={"operationId": "a"}, headers=stranger),
            await client.delete("/graphql", params={"operationId": "a"}),
        ):
            assert refusal_in(answer) == (404, "STREAM_NOT_FOUND")
        several = [(HEADER, "a"), (HEADER, "b")]
        assert refusal_in(await client.post("/graphql", json=asked("a"), headers=several)) == (400, "BAD_REQUEST")
        token = (await client.put("/graphql")).text
        missing = await client.delete("/graphql", headers={HEADER: token})
        assert refusal_in(missing) == (400, "BAD_REQUEST")
        for accept in ("application/json", EVENT_STREAM, "text/plain;q=0, */*"):
            assert refusal_in(await client.put("/graphql", headers={"accept": accept})) == (406, "BAD_REQUEST")
        for accept in ("*/*", "text/plain", "text/*", "application/json, */*;q=0.1"):
            assert (await client.put("/graphql", headers={"accept": accept})).status_code == 201


async def test_a_reservation_is_good_for_one_connection(server: Served) -> None:
    async with Reserved(server.url) as single, httpx.AsyncClient(base_url=server.url) as client:
        headers = {HEADER: single.stream_token, "accept": EVENT_STREAM}
        assert refusal_in(await client.get("/graphql", headers=headers)) == (409, "STREAM_CONFLICT")
        await single.begin("a", TYPENAME)
        assert (await single.receive()).payload == ANSWERED, "the first one is left alone"


async def test_one_stream_has_twenty_operations_and_one_more_is_refused(
    server: Served, emulator: Emulator
) -> None:
    watched = [ref("oms-ce", a_run(emulator))]
    async with Reserved(server.url) as single:
        for number in range(MOST_STREAMS_PER_SOCKET):
            assert (await single.begin(str(number), UPDATES, refs=watched, until="NEVER")).status_code == 202
            await single.receive()
        assert refusal_in(await single.begin("more", TYPENAME)) == (429, "TOO_MANY_STREAMS")
        await single.stop("0")
        assert (await single.begin("more", TYPENAME)).status_code == 202
        assert (await single.receive()).payload == ANSWERED


async def test_how_many_operations_it_may_have_is_the_setting_of_sockets(
    providers: list[ProviderSettings], emulator: Emulator
) -> None:
    watched = [ref("oms-ce", a_run(emulator))]
    with served(providers, Settings(max_streams_per_socket=1)) as server:
        async with Reserved(server.url) as single:
            await single.begin("a", UPDATES, refs=watched, until="NEVER")
            assert refusal_in(await single.begin("b", TYPENAME)) == (429, "TOO_MANY_STREAMS")


async def test_its_subscriptions_are_counted_with_all_others_of_the_client(
    providers: list[ProviderSettings], emulator: Emulator
) -> None:
    watched = [ref("oms-ce", a_run(emulator))]
    with served(providers, Settings(max_streams_per_client=2)) as server:
        async with Reserved(server.url) as single, Socket(server.url) as socket:
            await socket.subscribe("1", UPDATES, refs=watched)
            await socket.receive()
            await single.begin("a", UPDATES, refs=watched)
            assert event_of((await single.receive()).payload)["kind"] == "SNAPSHOT"
            await single.begin("b", UPDATES, refs=watched)
            [error] = (await single.receive()).payload["errors"]
    assert error["extensions"]["code"] == "TOO_MANY_STREAMS"


async def test_a_stream_that_nobody_opens_is_forgotten_with_its_operations(
    providers: list[ProviderSettings], emulator: Emulator
) -> None:
    with served(providers, Settings(init_seconds=0.3)) as server:
        async with httpx.AsyncClient(timeout=20) as client:
            single, opened = (Reserved(server.url, client=client) for _ in range(2))
            await opened.reserve()
            await opened.open()
            await single.reserve()
            await single.begin("a", UPDATES, refs=[ref("oms-ce", a_run(emulator))], until="NEVER")
            await until_counted(server.url, "precheck_viewers", 1)
            await until_counted(server.url, "precheck_viewers", 0)
            assert refusal_in(await single.stop("a")) == (404, "STREAM_NOT_FOUND")
            assert (await opened.stop("a")).status_code == 200, "in time"
            await opened.leave()


async def test_streams_that_wait_to_be_opened_are_few() -> None:
    with served([], Settings(init_seconds=60)) as server:
        async with httpx.AsyncClient(base_url=server.url, timeout=20) as client:
            for _ in range(MOST_UNOPENED_PER_CLIENT):
                single = Reserved(server.url, client=client)
                await single.reserve()
            assert refusal_in(await client.put("/graphql")) == (429, "TOO_MANY_STREAMS")
            await single.open()
            assert (await client.put("/graphql")).status_code == 201
            await single.leave()
