"""Several operations on one reserved stream, as graphql-sse's single connection mode has it."""

from typing import Any

import httpx2 as httpx

from graph.http.pulse import Heartbeats
from graph.settings import Settings
from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.faults.deafness import counted, until_counted
from tests.faults.watching import LONG, until
from tests.graph.documents import LOOKUP, UPDATES, calls, event_of, ref
from tests.graph.reserved import ANSWERED, EVENT_STREAM, HEADER, TYPENAME, Reserved, Said, asked, refusal_in
from tests.graph.served import Served, Socket, served
from tests.graph.test_sharing import a_run


async def test_a_query_travels_on_the_stream_and_is_completed_there(server: Served) -> None:
    async with Reserved(server.url) as single:
        assert single.answer is not None
        assert single.answer.headers["content-type"].startswith(EVENT_STREAM)
        answer = await single.begin("a", TYPENAME)
        assert (answer.status_code, answer.content) == (202, b"")
        assert [await single.receive() for _ in range(2)] == [Said("next", "a", ANSWERED), Said("complete", "a")]
        assert single.comments == [": open"], "some browsers wait for a first byte"


async def test_a_token_is_told_as_text_and_never_twice(server: Served) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        answers = [await client.put("/graphql", headers={HEADER: "mine"}) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.headers["content-type"] for answer in answers} == {"text/plain; charset=utf-8"}
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
    tokens = {answer.text for answer in answers}
    assert len(tokens - {"mine"}) == 3
    assert min(map(len, tokens)) >= 43, "256 bits"


async def test_queries_and_subscriptions_share_one_stream(server: Served, emulator: Emulator) -> None:
    refs = {name: [ref("oms-ce", emulator.create_run("oms-ce", scenario="clean", seconds=LONG))] for name in "ab"}
    async with Reserved(server.url) as single:
        for name, watched in refs.items():
            assert (await single.begin(name, UPDATES, refs=watched)).status_code == 202
            said = await single.receive()
            assert (said.id, event_of(said.payload)["kind"]) == (name, "SNAPSHOT")
            [shown] = watched
            assert event_of(said.payload)["precheck"]["externalId"] == shown["externalId"]
        await single.begin("q", TYPENAME)
        assert [await single.receive() for _ in range(2)] == [Said("next", "q", ANSWERED), Said("complete", "q")]
        emulator.advance(LONG)
        over: dict[str, list[str]] = {"a": [], "b": []}
        while sum("complete" in kinds for kinds in over.values()) < 2:
            said = await single.receive()
            over[said.id].append(said.event if said.payload is None else event_of(said.payload)["kind"])
    assert {tuple(kinds[-2:]) for kinds in over.values()} == {("COMPLETED", "complete")}


async def test_what_is_wrong_with_an_operation_is_said_on_the_stream(server: Served, emulator: Emulator) -> None:
    """graphql-sse asks again and again where a request is answered by anything but 202."""
    wrong = {"syntax": "{", "validation": "{ nothing }", "name": "query A { __typename } query B { __typename }"}
    async with Reserved(server.url) as single:
        for name, document in wrong.items():
            assert (await single.begin(name, document)).status_code == 202
            said, end = [await single.receive() for _ in range(2)]
            assert (said.id, end) == (name, Said("complete", name))
            assert [error["extensions"]["code"] for error in said.payload["errors"]] == ["BAD_REQUEST"]
    assert calls(emulator) == {}


async def test_a_browsers_event_source_names_its_token_in_the_address(server: Served) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=20) as client:
        token = (await client.put("/graphql")).text
        given = {"token": token}
        async with client.stream("GET", "/graphql", params=given, headers={"accept": EVENT_STREAM}) as stream:
            lines = stream.aiter_lines()
            by_post = await client.post("/graphql", params=given, json=asked("post"))
            by_get = await client.get(
                "/graphql", params={**given, "query": TYPENAME, "extensions": '{"operationId": "get"}'}
            )
            assert (by_post.status_code, by_get.status_code) == (202, 202)
            data = [line async for line in _first(lines, 4) if line.startswith("data: ")]
            ended = await client.delete("/graphql", params={**given, "operationId": "post"})
            assert ended.status_code == 200, "one that is over already"
    for name in ("post", "get"):  # they run side by side
        assert [line for line in data if f'"{name}"' in line] == [
            f'data: {{"id":"{name}","payload":{{"data":{{"__typename":"Query"}}}}}}',
            f'data: {{"id":"{name}"}}',
        ]


async def _first(lines: Any, count: int) -> Any:
    """The lines until so many of them were data."""
    async for line in lines:
        yield line
        count -= line.startswith("data: ")
        if not count:
            return


async def test_an_operation_that_is_ended_says_no_more_and_the_others_go_on(
    server: Served, emulator: Emulator
) -> None:
    watched = [ref("oms-ce", a_run(emulator))]
    async with Reserved(server.url) as single:
        for name in ("a", "b"):
            await single.begin(name, UPDATES, refs=watched)
            await single.receive()
        assert (await single.stop("a")).status_code == 200
        await until_counted(server.url, "precheck_viewers", 1)
        emulator.advance(LONG)
        said = await single.receive()
        assert (said.id, event_of(said.payload)["kind"]) == ("b", "CHANGED")
        assert (await single.begin("a", TYPENAME)).status_code == 202, "its id is free"
        assert (await single.receive()).payload == ANSWERED
        await single.stop("b")
        await until_counted(server.url, "precheck_watched", 0)


async def test_a_dropped_stream_takes_its_operations_along(server: Served, emulator: Emulator) -> None:
    async with Reserved(server.url) as single:
        for name in ("a", "b", "c"):
            await single.begin(name, UPDATES, refs=[ref("oms-ce", a_run(emulator))], until="NEVER")
            await single.receive()
        await until_counted(server.url, "precheck_viewers", 3)
        await single.leave()
        await until_counted(server.url, "precheck_viewers", 0)
        await until_counted(server.url, "precheck_watched", 0)
        assert refusal_in(await single.begin("d", TYPENAME)) == (404, "STREAM_NOT_FOUND")


async def test_what_is_asked_before_the_stream_is_open_is_answered_once_it_is(server: Served) -> None:
    async with httpx.AsyncClient(timeout=20) as client:
        single = Reserved(server.url, client=client)
        await single.reserve()
        for name in ("a", "b"):
            assert (await single.begin(name, TYPENAME)).status_code == 202
        await single.open()
        said = [await single.receive() for _ in range(4)]
        await single.leave()
    assert sorted(said) == sorted(
        [Said("next", each, ANSWERED) for each in "ab"] + [Said("complete", each) for each in "ab"]
    )


async def test_a_quiet_stream_shows_life_by_comments() -> None:
    with served([], heartbeats=Heartbeats(event_stream_seconds=0.05)) as server:
        async with Reserved(server.url) as single:
            lines = [await single.line() for _ in range(6)]
    assert [line for line in lines if line] == [": open", ": ping", ": ping"]


async def test_equal_viewers_on_streams_and_sockets_are_one_execution(server: Served, emulator: Emulator) -> None:
    watched = [ref("oms-ce", a_run(emulator))]
    async with Reserved(server.url) as single, Socket(server.url) as socket:
        for number in range(5):
            await socket.subscribe(str(number), UPDATES, refs=watched)
            await socket.receive()
            await single.begin(str(number), UPDATES, refs=watched)
            await single.receive()
        before = await counted(server.url, "precheck_executions")
        emulator.advance(LONG)
        told = [(await socket.receive())["payload"] for _ in range(5)]
        told += [(await single.receive()).payload for _ in range(5)]
        assert await counted(server.url, "precheck_executions") - before == 1
    assert all(each == told[0] for each in told)


async def test_operations_on_one_stream_share_nothing(server: Served, emulator: Emulator) -> None:
    async with Reserved(server.url) as single:
        for name in ("a", "b"):
            await single.begin(name, LOOKUP, refs=[ref("oms-ce", "t_7di1uvmxd340")], maxAgeSeconds=0)
            assert [(await single.receive()).event for _ in range(2)] == ["next", "complete"]
    assert calls(emulator) == {"oms-ce/GetPreCheckResult": 2}


async def test_a_query_is_given_up_when_its_time_is_over(
    providers: list[ProviderSettings], emulator: Emulator
) -> None:
    emulator.fault("dts", "delay", seconds=5)
    with served(providers, Settings(operation_seconds=0.2)) as server:
        async with Reserved(server.url) as single:
            await single.begin("a", LOOKUP, refs=[ref("dts", "dts-1ewjspuw")], maxAgeSeconds=0)
            [error] = (await single.receive()).payload["errors"]
    assert error["extensions"]["code"] == "OPERATION_TIMEOUT"


async def test_streams_of_their_own_are_what_they_were(server: Served) -> None:
    """A request without a token, or one that asks for a stream by itself, is none of the single connection's."""
    async with Reserved(server.url) as single, httpx.AsyncClient(base_url=server.url) as client:
        for headers in ({}, {HEADER: single.stream_token}, {HEADER: "unknown"}):
            own = await client.post("/graphql", json=asked("a"), headers={**headers, "accept": EVENT_STREAM})
            assert own.text == 'event: next\ndata: {"data":{"__typename":"Query"}}\n\nevent: complete\ndata: \n\n'
        own = await client.get("/graphql", params={"query": TYPENAME}, headers={"accept": EVENT_STREAM})
        assert own.text == 'event: next\ndata: {"data":{"__typename":"Query"}}\n\nevent: complete\ndata: \n\n'
        answer = await client.get("/graphql", params={"query": '{ a: __type(name: "token=") { name } }'})
        assert answer.json() == {"data": {"a": None}}


async def test_the_last_words_of_an_operation_are_its_own(server: Served, emulator: Emulator) -> None:
    """A vendor that does not answer holds up its operation, not the stream."""
    emulator.fault("dts", "delay", seconds=0.5)
    async with Reserved(server.url) as single:
        await single.begin("slow", LOOKUP, refs=[ref("dts", "dts-1ewjspuw")], maxAgeSeconds=0)
        await until(lambda: emulator.calls("dts")["DescribeMigrationCheckJob"]["count"])
        await single.begin("quick", TYPENAME)
        assert [(await single.receive()).id for _ in range(4)] == ["quick", "quick", "slow", "slow"]
