"""Pollers whatever happens: faults of this server cost an attempt, the last viewer ends them, a crowd is one."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from graph.connections import connect
from resolvers.clock import Clock
from resolvers.domain import PrecheckEvent
from resolvers.live.hub import DEADLINE_SECONDS, Hub, Wish
from resolvers.metrics import POLLER_FAULTS
from resolvers.reference import Reference
from resolvers.snapshots import Snapshots
from resolvers.store.contract import Entry, Store
from resolvers.store.local import LocalStore
from resolvers.vocabulary import PrecheckEventKind, PrecheckLocale, PrecheckStreamEnd
from tests.emulator.process import Emulator
from tests.faults.watching import (
    LONG,
    WATCH,
    MovableClock,
    count,
    oms,
    polled,
    polled_in_all,
    polled_more,
    step,
    until,
)
from tests.graph.documents import UPDATES, event_of, ref
from tests.graph.served import Served, Socket, served

FLOOR_SECONDS = 1000.0  # by a clock that tests move
ONE_INTERVAL = 1101.0  # the floor with all of its jitter


class Broken(Exception):
    """What a part of this server raises when it is told to."""


class FailingClock(Clock):
    """A clock that fails the next few times somebody asks what time it is, or to wake him."""

    def __init__(self) -> None:
        self.faults = {"now": 0, "sleep": 0}

    def now(self) -> Any:
        self._fail("now")
        return super().now()

    async def sleep(self, seconds: float) -> None:
        self._fail("sleep")
        await super().sleep(seconds)

    def _fail(self, name: str) -> None:
        if self.faults[name]:
            self.faults[name] -= 1
            raise Broken(name)


class FailingStore(LocalStore):
    """A store that cannot be read for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.faults = {"newest": 0}

    def newest(self, reference: Reference, locale: PrecheckLocale) -> Entry:
        if self.faults["newest"]:
            self.faults["newest"] -= 1
            raise Broken("newest")
        return super().newest(reference, locale)


Opened = Callable[..., Hub]


@pytest.fixture
async def opened(emulator: Emulator, provider_file: Path) -> AsyncIterator[Opened]:
    """Makes hubs over the emulator; ends what they began."""
    async with contextlib.AsyncExitStack() as closing:

        def open_hub(
            poll_seconds: float,
            clock: Clock,
            store: Store | None = None,
            deadline_seconds: float = DEADLINE_SECONDS,
        ) -> Hub:
            providers = connect(polled(provider_file, poll_seconds), Clock())
            snapshots = Snapshots(providers, store or LocalStore(), Clock())
            hub = Hub(snapshots, clock, deadline_seconds)
            for provider in providers.values():
                closing.push_async_callback(provider.close)
            closing.push_async_callback(snapshots.close)
            closing.push_async_callback(hub.close)
            return hub

        yield open_hub


async def watched(
    hub: Hub, provider: str, *external_ids: str, until: str = "ALL_COMPLETED"
) -> AsyncGenerator[PrecheckEvent, None]:
    references = [Reference(provider, each) for each in external_ids]
    viewer = hub.join(Wish(references, [], PrecheckLocale.EN, PrecheckStreamEnd(until)))
    try:
        while (event := await viewer.next()) is not None:
            yield event
    finally:
        hub.leave(viewer)


def a_run(emulator: Emulator) -> str:
    """A run at work for two steps of the emulator's clock, then over."""
    bodies = [
        oms("RUNNING", 50.0, "PASSED", "RUNNING", "PENDING"),
        oms("RUNNING", 75.0, "PASSED", "PASSED", "RUNNING"),
        oms("FINISHED", 100.0, "PASSED", "PASSED", "PASSED"),
    ]
    return emulator.create_run("oms-ce", script=[*map(step, bodies)])


async def collected(events: AsyncIterator[PrecheckEvent]) -> list[PrecheckEvent]:
    return [event async for event in events]


def pollers() -> list[asyncio.Task[Any]]:
    return [task for task in asyncio.all_tasks() if task.get_name().startswith("poller of ")]


def faults_counted() -> float:
    [metric] = POLLER_FAULTS.labels("oms-ce").collect()
    return next(sample.value for sample in metric.samples if sample.name.endswith("_total"))


@pytest.mark.row("L1")
class TestFaultsOfThisServer:
    @pytest.mark.parametrize("name", ["now", "sleep", "newest"])
    async def test_a_fault_is_told_and_survived(self, emulator: Emulator, opened: Opened, name: str) -> None:
        clock, store = FailingClock(), FailingStore()
        events = watched(opened(0.02, clock, store), "oms-ce", a_run(emulator))
        seen = [await anext(events)]
        rest = asyncio.ensure_future(collected(events))
        before = faults_counted()
        failing = store.faults if name == "newest" else clock.faults
        with capture_logs() as logged:
            failing[name] = 3
            emulator.advance(LONG)
            await until(lambda: not failing[name])
            emulator.advance(LONG)
            seen += await rest
        kinds = [event.kind.value for event in seen]
        assert (kinds[0], kinds[-1]) == ("SNAPSHOT", "COMPLETED")
        assert set(kinds[1:-1]) - {"CHANGED"} == {"PROBLEM"}
        problems = [event.problem for event in seen if event.problem]
        assert {problem.code.value for problem in problems} == {"INTERNAL"}
        assert all(problem.retry_after_seconds for problem in problems)
        # The time is also asked for when a fault is told: one of its three faults is met there.
        assert faults_counted() - before == (2 if name == "now" else 3)
        assert [entry["provider"] for entry in logged if entry["event"] == "poller_fault"] == ["oms-ce"]

    async def test_a_fault_before_the_first_event_leaves_the_snapshot_first(
        self, emulator: Emulator, opened: Opened
    ) -> None:
        clock = FailingClock()
        clock.faults["now"] = 3
        events = watched(opened(0.02, clock), "oms-ce", a_run(emulator))
        kinds = []
        async for event in events:
            kinds.append(event.kind.value)
            if event.precheck is not None:
                emulator.advance(2 * LONG)
        assert kinds == ["PROBLEM", "SNAPSHOT", "COMPLETED"]

    async def test_a_poller_that_ends_unasked_is_started_again(self, emulator: Emulator, opened: Opened) -> None:
        hub = opened(0.02, Clock())
        events = watched(hub, "oms-ce", a_run(emulator))
        assert (await anext(events)).kind is PrecheckEventKind.SNAPSHOT
        before = faults_counted()
        [poller] = pollers()
        poller.cancel()
        trouble = await anext(events)
        assert trouble.problem is not None
        assert (trouble.kind, trouble.problem.code.value) == (PrecheckEventKind.PROBLEM, "INTERNAL")
        assert trouble.problem.retry_after_seconds
        assert faults_counted() - before == 1
        assert poller not in pollers()
        assert len(pollers()) == 1
        emulator.advance(2 * LONG)
        assert (await collected(events))[-1].kind is PrecheckEventKind.COMPLETED
        await until(lambda: not pollers())

    async def test_a_poller_that_hears_of_the_end_of_the_server_is_not_started_again(
        self, emulator: Emulator, opened: Opened
    ) -> None:
        hub = opened(0.02, Clock())
        events = watched(hub, "oms-ce", a_run(emulator))
        await anext(events)
        await hub.close()
        await asyncio.sleep(0)
        assert pollers() == []
        await events.aclose()


@pytest.mark.row("L2")
@pytest.mark.parametrize("provider", ["oms-ce", "drs"])
async def test_the_last_viewer_leaves_nothing_behind(emulator: Emulator, opened: Opened, provider: str) -> None:
    before = asyncio.all_tasks()
    hub = opened(FLOOR_SECONDS, MovableClock())
    references = [emulator.create_run(provider, scenario="stuck", seconds=LONG) for _ in range(3)]
    first, last = (watched(hub, provider, *references) for _ in range(2))
    for events in (first, last):
        assert [(await anext(events)).kind.value for _ in references] == ["SNAPSHOT"] * 3
    await first.aclose()
    assert (hub.topics, len(pollers())) == (3, 3)
    await last.aclose()
    assert hub.topics == 0
    # None of them waits for its next poll, which is long to come.
    await until(lambda: asyncio.all_tasks() <= before)


async def test_who_comes_after_a_watch_was_given_up_asks_anew(emulator: Emulator, opened: Opened) -> None:
    hub = opened(0.02, Clock())
    gone = {"success": False, "code": "NOT_FOUND", "message": "precheck not found", "errorDetail": None}
    reference = emulator.create_run("oms-ce", script=[step(gone), step(oms("RUNNING", 50.0, "RUNNING"))])
    slow, late = (watched(hub, "oms-ce", reference) for _ in range(2))
    given_up = await anext(slow)
    assert given_up.problem is not None
    assert (given_up.problem.code.value, given_up.remaining) == ("NOT_FOUND", 0)
    emulator.advance(LONG)
    assert (await anext(late)).kind is PrecheckEventKind.SNAPSHOT
    assert await collected(slow) == []
    assert hub.topics == 1, "who leaves the watch that was given up does not end the new one"
    await late.aclose()


async def test_the_deadline_holds_for_a_viewer_that_never_has_to_wait(emulator: Emulator, opened: Opened) -> None:
    at_work = [step(oms("RUNNING", percent, "RUNNING")) for percent in (25.0, 50.0, 75.0)]
    hub = opened(0.02, Clock(), deadline_seconds=0.5)
    events = watched(hub, "oms-ce", emulator.create_run("oms-ce", script=at_work))
    assert (await anext(events)).kind is PrecheckEventKind.SNAPSHOT
    emulator.advance(LONG)
    await polled_more(emulator, "oms-ce", 3)  # what changed lies in the mailbox
    await until(lambda: not hub.topics)
    seen = [(event.kind.value, event.problem and event.problem.code.value) for event in await collected(events)]
    assert seen == [("CHANGED", None), ("PROBLEM", "TIMEOUT")]


@pytest.mark.row("L3")
class TestCrowds:
    async def test_a_thousand_viewers_are_one_call_an_interval(self, emulator: Emulator, opened: Opened) -> None:
        clock = MovableClock()
        hub = opened(FLOOR_SECONDS, clock)
        reference = a_run(emulator)
        crowd = [watched(hub, "oms-ce", reference, until="NEVER") for _ in range(1000)]
        first = await asyncio.gather(*map(anext, crowd))
        assert {event.kind for event in first} == {PrecheckEventKind.SNAPSHOT}
        assert (hub.topics, count(emulator, "oms-ce")) == (1, 1)
        for calls in (2, 3):
            await clock.asked_for(calls - 1)
            clock.move(ONE_INTERVAL)
            await polled_in_all(emulator, "oms-ce", calls)
            assert count(emulator, "oms-ce") == calls
        emulator.advance(2 * LONG)
        ends = asyncio.gather(*map(anext, crowd))
        for calls in (4, 5):
            await clock.asked_for(calls - 1)
            clock.move(ONE_INTERVAL)
            await polled_in_all(emulator, "oms-ce", calls)
        assert {event.kind for event in await ends} == {PrecheckEventKind.COMPLETED}
        for events in crowd:
            await events.aclose()
        assert (hub.topics, count(emulator, "oms-ce")) == (0, 5)

    async def test_fifty_sockets_at_once_are_one_call_an_interval(
        self, emulator: Emulator, provider_file: Path
    ) -> None:
        clock = MovableClock()
        reference = a_run(emulator)
        with served(polled(provider_file, FLOOR_SECONDS), clock=clock) as server:
            async with contextlib.AsyncExitStack() as stack:
                sockets = await asyncio.gather(*(stack.enter_async_context(Socket(server.url)) for _ in range(50)))
                for socket in sockets:
                    await socket.subscribe("1", WATCH, refs=[ref("oms-ce", reference)], until="NEVER")
                assert await kinds(sockets) == {"SNAPSHOT"}
                assert count(emulator, "oms-ce") == 1
                emulator.advance(2 * LONG)
                for calls in (2, 3):
                    await clock.asked_for(calls - 1)
                    clock.move(ONE_INTERVAL)
                    await polled_in_all(emulator, "oms-ce", calls)
                assert await kinds(sockets) == {"COMPLETED"}
        assert count(emulator, "oms-ce") == 3

    @pytest.mark.row("K3")
    async def test_a_crowd_that_is_cut_off_and_comes_back_costs_no_call(
        self, emulator: Emulator, provider_file: Path
    ) -> None:
        watched = {"refs": [ref("oms-ce", a_run(emulator))], "until": "NEVER"}
        with served(polled(provider_file, FLOOR_SECONDS), clock=MovableClock()) as server:
            async with Socket(server.url) as staying:
                await staying.subscribe("1", UPDATES, **watched)
                event = event_of((await staying.receive())["payload"])
                async with crowd(server, 100) as sockets:
                    for socket in sockets:
                        await socket.subscribe("1", UPDATES, **watched)
                    assert await kinds(sockets) == {"SNAPSHOT"}
                async with crowd(server, 100) as sockets:
                    for socket in sockets:
                        await socket.subscribe("1", UPDATES, **watched, after=event["cursor"])
                        await socket.subscribe("2", "{ __typename }")
                    ids = {message["id"] for message in [await socket.receive() for socket in sockets]}
                    assert ids == {"2"}, "nobody has missed anything"
                    assert count(emulator, "oms-ce") == 1


@contextlib.asynccontextmanager
async def crowd(server: Served, viewers: int) -> AsyncIterator[list[Socket]]:
    async with contextlib.AsyncExitStack() as stack:
        sockets = (stack.enter_async_context(Socket(server.url)) for _ in range(viewers))
        yield await asyncio.gather(*sockets)


async def kinds(sockets: list[Socket]) -> set[str]:
    return {event_of(message["payload"])["kind"] for message in [await socket.receive() for socket in sockets]}
