"""Subscriptions through Hive Gateway: every event of a run, with fields of another team's, and its end."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from emulator.runs import PHASES
from graph.http.bounds import MOST_STREAMS_PER_SOCKET
from graph.http.pulse import Heartbeats
from graph.provider_file import read_providers
from tests.e2e.fleet import FOLLOW, row
from tests.e2e.gateway import HIVES, Gateway, gateway
from tests.e2e.told import PHASE_SECONDS, RUN_SECONDS
from tests.emulator.process import Emulator
from tests.faults.watching import until
from tests.graph.conftest import DOCUMENTED, QUICK
from tests.graph.documents import ref
from tests.graph.served import Served, served

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

OFTEN = Heartbeats(socket_seconds=0.1, event_stream_seconds=0.1, multipart_seconds=0.1)
CLIENTS = ("graphql-ws", "graphql-sse")
FOLLOWED = [row(f"followed-{place}", "oms-ce", f"t_followed{place:05}") for place in range(100)]
ONE = ref("oms-ce", "t_7di1uvmxd340")
each_client = pytest.mark.parametrize("client", CLIENTS)


@pytest.fixture(scope="module")
def server(module_emulator: Emulator, provider_file: Path) -> Iterator[Served]:
    settings = [replace(each, limits=QUICK) for each in read_providers(provider_file) if each.id in DOCUMENTED]
    with served(settings, heartbeats=OFTEN) as server:
        yield server


@pytest.fixture(scope="module", params=HIVES)
async def through(request: pytest.FixtureRequest, server: Served) -> AsyncIterator[Gateway]:
    async with gateway(request.param, server.url, FOLLOWED) as through:
        yield through


@pytest.fixture(scope="module")
def unfollowed() -> Iterator[dict[str, str]]:
    return iter(FOLLOWED)


@pytest.fixture
def refs(emulator: Emulator, unfollowed: Iterator[dict[str, str]]) -> list[dict[str, str]]:
    """A run that only moves when it is moved on; none that was watched before, whose topic may still rest."""
    reference = next(unfollowed)["externalId"]
    emulator.create_run("oms-ce", reference=reference, scenario="blocked", seconds=RUN_SECONDS)
    emulator.advance(PHASE_SECONDS / 2)
    return [ref("oms-ce", reference)]


@each_client
async def test_a_run_is_followed_to_its_end_with_fields_of_the_other_team(
    through: Gateway, emulator: Emulator, refs: Any, client: str, record_property: Callable[..., None]
) -> None:
    async with through.watched(client, FOLLOW, refs=refs) as watcher:
        events = [await watcher.event()]
        while events[-1]["kind"] != "COMPLETED":
            emulator.advance(PHASE_SECONDS)
            events.append(await watcher.event())
        assert await watcher.line() == {"complete": True}
    assert [event["kind"] for event in events] == ["SNAPSHOT", *["CHANGED"] * (PHASES - 1), "COMPLETED"]
    percents = [event["precheck"]["progress"]["percent"] for event in events]
    assert percents == [100 * place / PHASES for place in range(PHASES + 1)]
    [name] = {each["name"] for event in events for each in event["precheck"]["migrations"]}
    assert name.startswith("Migration followed-")
    assert (events[-1]["precheck"]["verdict"], events[-1]["remaining"]) == ("BLOCKED", 0)
    record_property("figure", f"{len(events)} events")


@each_client
async def test_a_stream_outlasts_signs_of_life(
    through: Gateway, emulator: Emulator, refs: Any, client: str
) -> None:
    async with through.watched(client, FOLLOW, refs=refs) as watcher:
        assert (await watcher.event())["kind"] == "SNAPSHOT"
        await through.line.more(8)
        emulator.advance(PHASE_SECONDS)
        assert (await watcher.event())["kind"] == "CHANGED"


@each_client
async def test_a_client_that_leaves_ends_its_stream_and_the_polls(
    through: Gateway, server: Served, refs: Any, client: str
) -> None:
    services = server.product.services
    async with through.watched(client, FOLLOW, refs=refs, until="NEVER") as watcher:
        await watcher.event()
        assert (services.places.taken, services.hub.topics) == (1, 1)
        watcher.leave()
        await until(lambda: not services.places.taken and not services.hub.topics)


@each_client
@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({}, "BAD_REQUEST"),
        ({"refs": [ONE], "after": "yesterday"}, "BAD_REQUEST"),
        ({"refs": [ONE] * 101}, "LIMIT_EXCEEDED"),
    ],
    ids=["nothing to watch", "no cursor", "too much to watch"],
)
async def test_a_stream_that_cannot_begin_says_why(
    through: Gateway, client: str, variables: dict[str, Any], code: str
) -> None:
    async with through.watched(client, FOLLOW, **variables) as watcher:
        [error] = (await watcher.line())["next"]["errors"]
        assert (error["path"], error["extensions"]["code"]) == (["precheckUpdates"], code)


@each_client
async def test_trouble_with_a_vendor_is_an_event(through: Gateway, emulator: Emulator, client: str) -> None:
    emulator.fault("ninedata", "refuse")
    async with through.watched(client, FOLLOW, refs=[ref("ninedata", "cd-a/pcte-b")]) as watcher:
        event = await watcher.event()
    assert (event["kind"], event["problem"], event["precheck"]) == ("PROBLEM", {"code": "UNREACHABLE"}, None)


@pytest.mark.parametrize("through", ["Hive-WS"], indirect=True)
async def test_the_streams_of_all_clients_share_a_socket_and_one_too_many_is_told(
    through: Gateway, refs: Any
) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(MOST_STREAMS_PER_SOCKET):
            watcher = await stack.enter_async_context(through.watched("graphql-ws", FOLLOW, refs=refs))
            await watcher.event()
        more = await stack.enter_async_context(through.watched("graphql-ws", FOLLOW, refs=refs))
        [error] = (await more.line())["next"]["errors"]
        assert error["extensions"]["code"] == "TOO_MANY_STREAMS"


@pytest.mark.parametrize("through", ["Hive-SSE-by-GET"], indirect=True)
async def test_a_stream_that_a_gateway_asks_for_by_get_comes_as_well(
    through: Gateway, emulator: Emulator, refs: Any
) -> None:
    through.line.forget()
    async with through.watched("graphql-sse", FOLLOW, refs=refs) as watcher:
        assert (await watcher.event())["kind"] == "SNAPSHOT"
        emulator.advance(PHASE_SECONDS)
        assert (await watcher.event())["kind"] == "CHANGED"
    assert through.line.requests("GET /graphql?query=subscription") == 1
