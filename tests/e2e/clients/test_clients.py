"""Other people's clients follow a run to its end, whatever happens to their connections."""

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from emulator.runs import PHASES
from tests.e2e.cable import Cable
from tests.e2e.clients.conftest import PROVIDER, logged_server
from tests.e2e.follower import Follower, follower
from tests.e2e.programs import CLIENTS
from tests.e2e.told import Run, adds_up, seen, whole
from tests.emulator.process import Emulator
from tests.faults.serving import Serving

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

OTHER = "ninedata"
THEMSELVES = ("graphql-ws", "graphql-sse", "gql")  # whose way back has no other client around it


@pytest.mark.parametrize("client_name", CLIENTS)
async def test_a_run_is_followed_to_its_end(run: Run, server: Serving, client_name: str) -> None:
    async with run.watched(), follower(client_name, server.url, run.refs) as client:
        await client.next()
        while run.events[-1]["kind"] != "COMPLETED":
            run.go_on()
            await run.told()
            await client.next()
        await client.until("complete")
    assert [seen(event) for event in client.events] == [seen(event) for event in run.events]
    assert [event["remaining"] for event in client.events] == [*[1] * PHASES, 0]
    assert client.connections == 1


async def test_all_of_them_follow_a_run_to_its_end_and_see_the_same(run: Run, server: Serving) -> None:
    async with run.watched(), AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(follower(each, server.url, run.refs)) for each in CLIENTS]
        await all_told(clients)
        while run.events[-1]["kind"] != "COMPLETED":
            run.go_on()
            await run.told()
            await all_told(clients)
        for client in clients:
            await client.until("complete")
            assert [seen(event) for event in client.events] == [seen(event) for event in run.events]
    assert [event["kind"] for event in run.events] == ["SNAPSHOT", *["CHANGED"] * (PHASES - 1), "COMPLETED"]


async def cut(line: Cable, _: Run, __: Follower) -> None:
    """Between two events."""
    line.cut()


async def torn(line: Cable, run: Run, _: Follower) -> None:
    """While an event is on its way, half of which arrives."""
    line.cut_within_the_next()
    run.go_on()
    async with asyncio.timeout(20):
        await line.torn.wait()


async def dropped(line: Cable, _: Run, client: Follower) -> None:
    """By the client itself, which may not come back at once either."""
    line.refuse()
    client.drop()
    await client.until("closed")


WAYS = [(client, way) for client in CLIENTS for way in (cut, torn)] + [("graphql-ws", dropped)]


@pytest.mark.parametrize(("client_name", "lose"), WAYS)
async def test_a_viewer_that_was_away_sees_what_one_saw_that_was_not(
    run: Run, line: Cable, client_name: str, lose: Any
) -> None:
    async with run.watched(), follower(client_name, line.url, run.refs) as client:
        await client.next()
        run.go_on()
        await run.told()
        await client.next()
        await lose(line, run, client)
        if lose is torn:
            await run.told()
        for _ in range(3):
            run.go_on()
            await run.told()
        line.mend()
        while len(client.events) < len(run.events):
            await client.next()
        while run.events[-1]["kind"] != "COMPLETED":
            run.go_on()
            await run.told()
            await client.next()
        await client.until("complete")
    assert [seen(event) for event in client.events] == [seen(event) for event in run.events]
    assert not any(event["gap"] for event in client.events)
    of_each = 2 if client_name == "graphql-sse-single" else 1  # its requests have one beside the stream
    assert (client.connections, line.connections) == (2, 2 * of_each)


@pytest.mark.parametrize("client_name", CLIENTS)
async def test_a_viewer_that_is_cut_off_after_each_event_sees_each_once(
    run: Run, line: Cable, client_name: str
) -> None:
    async with run.watched(), follower(client_name, line.url, run.refs) as client:
        await client.next()
        while run.events[-1]["kind"] != "COMPLETED":
            line.cut()
            run.go_on()
            await run.told()
            line.mend()
            await client.next()
        await client.until("complete")
    assert [seen(event) for event in client.events] == [seen(event) for event in run.events]
    assert client.connections == len(run.events)


@pytest.mark.parametrize("client_name", CLIENTS)
async def test_a_viewer_of_two_that_is_cut_off_after_each_event_sees_each_once(
    emulator: Emulator, server: Serving, line: Cable, client_name: str
) -> None:
    two = Run(emulator, server, PROVIDER, OTHER)
    async with two.watched(), follower(client_name, line.url, two.refs) as client:
        await client.next()
        while len(client.events) < 2 * (PHASES + 1):
            line.cut()
            if len(client.events) % 2 == 0:
                two.go_on()
                await two.told()
                await two.told()
            line.mend()
            await client.next()
        await client.until("complete")
    assert whole(client.events) == whole(two.events)
    assert [event["remaining"] for event in client.events] == [event["remaining"] for event in two.events]


@pytest.mark.parametrize("client_name", CLIENTS)
async def test_a_viewer_that_comes_back_while_nothing_has_happened_is_told_nothing_twice(
    run: Run, line: Cable, client_name: str
) -> None:
    async with run.watched(), follower(client_name, line.url, run.refs) as client:
        await client.next()
        while run.events[-1]["kind"] != "COMPLETED":
            line.cut()
            line.mend()
            await client.until("connected")
            run.go_on()
            await run.told()
            await client.next()
        await client.until("complete")
    assert [seen(event) for event in client.events] == [seen(event) for event in run.events]


AWAY = [(client, 3) for client in CLIENTS] + [(client, phases) for client in THEMSELVES for phases in (1, PHASES)]


@pytest.mark.parametrize(("client_name", "phases_away"), AWAY)
async def test_the_only_viewer_finds_what_happened_while_nobody_looked(
    run: Run, line: Cable, client_name: str, phases_away: int
) -> None:
    async with follower(client_name, line.url, run.refs) as client:
        await client.next()
        while client.events[-1]["kind"] != "COMPLETED":
            line.cut()
            for _ in range(phases_away):
                run.go_on()
            line.mend()
            await client.next()
        await client.until("complete")
    adds_up(client.events)
    assert not any(event["gap"] for event in client.events)


@pytest.mark.timeout(180)  # eight clients knock until it is there
async def test_a_server_that_restarts_is_found_again(emulator: Emulator, provider_file: Path) -> None:
    async with AsyncExitStack() as stack:
        with logged_server(provider_file) as server:
            run = Run(emulator, server, PROVIDER)
            clients = [await stack.enter_async_context(follower(each, server.url, run.refs)) for each in CLIENTS]
            await all_told(clients)
            run.go_on()
            await all_told(clients)
            server.process.terminate()
            assert await asyncio.to_thread(server.process.wait, 10) == 0
        run.go_on()
        with logged_server(provider_file, port=int(server.url.rpartition(":")[2])):
            await all_told(clients)
            for _ in range(PHASES - 2):
                run.go_on()
                await all_told(clients)
            for client in clients:
                await client.until("complete")
    for client in clients:
        kinds = [event["kind"] for event in client.events]
        assert kinds == ["SNAPSHOT", "CHANGED", "SNAPSHOT", *["CHANGED"] * (PHASES - 3), "COMPLETED"]
        assert [event["gap"] for event in client.events] == [False, False, True, *[False] * (PHASES - 2)]
        adds_up(client.events[2:])
        assert client.said_why_it_was_lost, [line for line in client.lines if "next" not in line]


async def all_told(clients: Iterable[Follower]) -> None:
    """Until each of them has its next event."""
    await asyncio.gather(*(client.next() for client in clients))
