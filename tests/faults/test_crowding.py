"""More streams than may be open: refused with a word, while the others go on; and whoever leaves makes room."""

from collections.abc import AsyncGenerator
from contextlib import ExitStack
from typing import Any

import pytest
from msgspec.structs import replace

from graph.http.bounds import MOST_STREAMS_PER_SOCKET
from graph.settings import Settings
from resolvers.errors import TooManyStreams
from resolvers.live.places import Places
from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.faults.issuer import issuing
from tests.faults.watching import LONG, until
from tests.graph.documents import UPDATES, event_of, ref
from tests.graph.served import Served, Socket, served

CODE = "TOO_MANY_STREAMS"
OVER = "t_7di1uvmxd340"


@pytest.fixture
def run(emulator: Emulator) -> str:
    return emulator.create_run("oms-ce", scenario="stuck", seconds=LONG)


def refusal_in(errors: list[dict[str, Any]]) -> str:
    [error] = errors
    assert error["extensions"] == {"code": CODE}
    return str(error["message"])


async def begun(server: Served, run: str) -> AsyncGenerator[dict[str, Any], None]:
    events = server.over_sse(UPDATES, refs=[ref("oms-ce", run)])
    assert event_of(await anext(events))["kind"] == "SNAPSHOT"
    return events


async def refused(server: Served, run: str) -> str:
    [payload] = [payload async for payload in server.over_sse(UPDATES, refs=[ref("oms-ce", run)])]
    return refusal_in(payload["errors"])


@pytest.mark.row("K4")
async def test_a_socket_has_twenty_operations_and_one_more_is_refused_without_harm_to_them(
    server: Served, emulator: Emulator, run: str
) -> None:
    names = [str(place) for place in range(MOST_STREAMS_PER_SOCKET)]
    async with Socket(server.url) as ws:
        for name in names:
            await ws.subscribe(name, UPDATES, refs=[ref("oms-ce", run)])
            assert (await ws.receive())["id"] == name
        await ws.subscribe("more", UPDATES, refs=[ref("oms-ce", run)])
        error = await ws.receive()
        assert (error["id"], error["type"]) == ("more", "next")
        assert "One WebSocket may have 20 operations" in refusal_in(error["payload"]["errors"])
        assert await ws.receive() == {"id": "more", "type": "complete"}
        await ws.send({"type": "complete", "id": "0"})
        await ws.subscribe("wrong", "subscription { nothing }")
        assert [(each["id"], each["type"]) for each in [await ws.receive()]] == [("wrong", "error")]
        emulator.fault("oms-ce", "status", status=503)
        assert sorted([(await ws.receive())["id"] for _ in names[1:]]) == sorted(names[1:])


async def test_a_client_that_leaves_makes_room_for_its_next_stream(
    providers: list[ProviderSettings], run: str
) -> None:
    with served(providers, Settings(max_streams_per_client=2)) as server:
        one, two = [await begun(server, run) for _ in range(2)]
        assert "One client may have 2 streams" in await refused(server, run)
        async with Socket(server.url) as ws:
            await ws.subscribe("1", UPDATES, refs=[ref("oms-ce", run)])
            assert "One client may have 2 streams" in refusal_in((await ws.receive())["payload"]["errors"])
        await one.aclose()
        await until(lambda: server.product.services.places.taken == 1)
        one = await begun(server, run)
        for events in (one, two):
            await events.aclose()


@pytest.mark.row("K4")
async def test_a_client_is_whom_its_token_names_wherever_it_asks_from(
    providers: list[ProviderSettings], run: str
) -> None:
    with issuing() as issuer:
        settings = replace(issuer.settings(), max_streams_per_client=1)
        with served(providers, settings, issuer.clock) as server:
            alice, bob = (server.with_token(issuer.token(sub=name)) for name in ("alice", "bob"))
            streams = [await begun(each, run) for each in (alice, bob)]
            async with Socket(server.url, issuer.token(sub="alice")) as ws:
                await ws.subscribe("1", UPDATES, refs=[ref("oms-ce", run)])
                assert "One client may have 1 streams" in refusal_in((await ws.receive())["payload"]["errors"])
            for events in streams:
                await events.aclose()


@pytest.mark.row("K4")
async def test_this_server_has_so_many_places_and_no_more(providers: list[ProviderSettings], run: str) -> None:
    with served(
        providers, Settings(max_streams=2, max_streams_per_client=1, trusted_proxies="127.0.0.1")
    ) as server:
        async with Socket(server.url, additional_headers={"x-forwarded-for": "192.0.2.1"}) as ws:
            await ws.subscribe("1", UPDATES, refs=[ref("oms-ce", run)])
            assert event_of((await ws.receive())["payload"])["kind"] == "SNAPSHOT"
            events = await begun(server, run)
            async with Socket(server.url, additional_headers={"x-forwarded-for": "192.0.2.2"}) as third:
                await third.subscribe("1", UPDATES, refs=[ref("oms-ce", run)])
                assert "This server holds 2 streams" in refusal_in((await third.receive())["payload"]["errors"])
            await events.aclose()


async def test_five_hundred_short_subscriptions_on_one_socket_leave_nothing(server: Served, run: str) -> None:
    places, hub = server.product.services.places, server.product.services.hub
    async with Socket(server.url) as ws:
        before = await server.tasks()
        for place in range(125):
            await ws.subscribe(f"left {place}", UPDATES, refs=[ref("oms-ce", run)])
            await ws.send({"type": "complete", "id": f"left {place}"})
            await ws.subscribe(f"over {place}", UPDATES, refs=[ref("oms-ce", OVER)])
            await ws.subscribe(f"refused {place}", UPDATES, after="yesterday", refs=[ref("oms-ce", run)])
            await ws.subscribe(f"invalid {place}", "subscription { nothing }")
            ends = {f"{word} {place}" for word in ("over", "refused", "invalid")}
            while ends:
                message = await ws.receive()
                if message["type"] in ("complete", "error"):
                    ends.remove(message["id"])
        await until(lambda: not places.taken and not hub.topics)
        assert places.clients == 0
        while await server.tasks() > before:
            pass
        for place in range(MOST_STREAMS_PER_SOCKET):
            await ws.subscribe(f"left {place}", UPDATES, refs=[ref("oms-ce", run)])
            assert event_of((await ws.receive())["payload"])["kind"] == "SNAPSHOT"


def test_a_place_that_is_refused_is_none_that_is_taken() -> None:
    places = Places(most=3, most_per_client=2)
    with ExitStack() as stack:
        for client in ("a", "a", "b"):
            stack.enter_context(places.place(client))
        for client in ("a", "b", "c"):
            with pytest.raises(TooManyStreams):
                stack.enter_context(places.place(client))
        assert (places.taken, places.clients) == (3, 2)
    assert (places.taken, places.clients) == (0, 0)
