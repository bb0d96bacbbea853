"""Viewers who ask alike: one execution for each event, for all of them."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

import httpx2 as httpx
import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families
from strawberry.types import ExecutionResult

from graph.documents import Documents
from graph.schema import schema
from graph.selection import selected
from graph.sharing import Audiences
from resolvers.domain import PrecheckEvent
from resolvers.vocabulary import PrecheckEventKind
from tests.emulator.process import Emulator
from tests.faults.watching import LONG, oms, step
from tests.graph.documents import UPDATES, event_of, ref
from tests.graph.served import Served, Socket


def executions(server: Served) -> float:
    families = text_string_to_metric_families(httpx.get(f"{server.url}/metrics").text)
    [family] = [each for each in families if each.name == "precheck_executions"]
    return sum(sample.value for sample in family.samples if sample.name.endswith("_total"))


def a_run(emulator: Emulator) -> str:
    bodies = [oms("RUNNING", percent, "RUNNING") for percent in (10.0, 20.0, 30.0)]
    return emulator.create_run("oms-ce", script=[*map(step, bodies)])


async def test_equal_viewers_are_one_execution_for_each_event(server: Served, emulator: Emulator) -> None:
    watched = [ref("oms-ce", a_run(emulator))]
    async with Socket(server.url) as one, Socket(server.url) as other:
        for socket in (one, other):
            for number in range(8):
                await socket.subscribe(str(number), UPDATES, refs=watched)
            for _ in range(8):
                first = event_of((await socket.receive())["payload"])
        # Who comes back gives a cursor, which the events do not depend on.
        await other.subscribe("back", UPDATES, refs=watched, after=first["cursor"])
        await other.subscribe("known", "{ __typename }")
        assert [(await other.receive())["id"] for _ in range(2)] == ["known"] * 2
        before = executions(server)
        emulator.advance(LONG)
        events = [(await one.receive())["payload"] for _ in range(8)]
        events += [(await other.receive())["payload"] for _ in range(9)]
        assert executions(server) - before == 1
    assert [event_of(each)["kind"] for each in events] == ["CHANGED"] * 17
    assert all(each == events[0] for each in events)


async def test_who_asks_otherwise_is_answered_otherwise(server: Served, emulator: Emulator) -> None:
    document = """subscription ($refs: [PrecheckRefInput!]!, $item: Boolean!) {
      precheckUpdates(refs: $refs) { kind precheck { items @include(if: $item) { state } } }
    }"""
    watched = [ref("oms-ce", a_run(emulator))]
    async with Socket(server.url) as socket:
        for number, asked in enumerate((True, False, True, False)):
            await socket.subscribe(str(number), document, refs=watched, item=asked)
        for _ in range(4):
            await socket.receive()
        before = executions(server)
        emulator.advance(LONG)
        shown = {}
        for _ in range(4):
            message = await socket.receive()
            shown[message["id"]] = "items" in event_of(message["payload"])["precheck"]
        assert shown == {"0": True, "1": False, "2": True, "3": False}
        assert executions(server) - before == 2


ONE_ITEM = "precheckUpdates(ids: []) { precheck { items(filter: { search: $s }) { title } } }"


@pytest.mark.parametrize(
    ("document", "variables", "gap_names"),
    [
        ("subscription ($a: String) { precheckUpdates(after: $a, ids: []) { kind } }", (), ()),
        ("subscription ($b: Boolean!) { precheckUpdates(ids: []) { kind @skip(if: $b) gap } }", ("b",), ("gap",)),
        (
            "subscription ($b: Boolean!) { precheckUpdates(ids: []) { ...E ... { h: gap } } }"
            " fragment E on PrecheckEvent { gap ...F } fragment F on PrecheckEvent { kind @skip(if: $b) }",
            ("b",),
            ("gap", "h"),
        ),
        (f"subscription ($s: String) {{ {ONE_ITEM} }}", ("s",), ()),
    ],
)
def test_what_the_events_depend_on_is_found_in_the_document(
    document: str, variables: tuple[str, ...], gap_names: tuple[str, ...]
) -> None:
    known = Documents(schema._schema).valid(document)
    assert selected(known.node, known.operations[0]) == (variables, gap_names)


def event(revision: int, *, gap: bool = False) -> PrecheckEvent:
    at = datetime(2026, 11, 21, tzinfo=UTC)
    return PrecheckEvent(kind=PrecheckEventKind.CHANGED, cursor=f"process.{revision}", at=at, gap=gap)


class Counted:
    """Executes events, at once or when it is let; `executed` are those it was asked for."""

    def __init__(self, may_go_on: asyncio.Event | None = None) -> None:
        self.executed: list[PrecheckEvent] = []
        self._may_go_on = may_go_on

    def __call__(self, event: PrecheckEvent) -> ExecutionResult | Awaitable[ExecutionResult]:
        self.executed.append(event)
        shown: Any = {"told": {"cursor": event.cursor, "gap": event.gap, "text": 'a " and a \x00gap'}}
        result = ExecutionResult(shown, None)
        return result if self._may_go_on is None else self._later(result, self._may_go_on)

    async def _later(self, result: ExecutionResult, may_go_on: asyncio.Event) -> ExecutionResult:
        await may_go_on.wait()
        return result


def read(result: ExecutionResult) -> Any:
    return orjson.loads(orjson.dumps(result.data))["told"]


async def test_who_has_missed_some_gets_the_same_body_with_a_gap() -> None:
    counted, audiences = Counted(), Audiences()
    one, other = (audiences.join("q", counted, ["gap"]) for _ in range(2))
    assert one is other
    shown = [read(await one.result(event(1, gap=gap))) for gap in (True, False, True)]
    assert [each.pop("gap") for each in shown] == [True, False, True]
    assert shown[0] == shown[1] == {"cursor": "process.1", "text": 'a " and a \x00gap'}
    assert len(counted.executed) == 1


async def test_who_is_alone_or_asks_what_nobody_may_share_is_executed_for_alone() -> None:
    counted, audiences = Counted(), Audiences()
    one, other = (audiences.join(None, counted, []) for _ in range(2))
    assert one is not other
    assert read(await one.result(event(1))) == read(await other.result(event(1)))
    assert len(counted.executed) == 2


async def test_the_last_one_who_leaves_ends_an_audience() -> None:
    audiences = Audiences()
    one, other = (audiences.join("q", Counted(), []) for _ in range(2))
    audiences.leave(one)
    assert audiences.join("q", Counted(), []) is other
    audiences.leave(one)
    audiences.leave(one)
    assert audiences.join("q", Counted(), []) is not one


async def test_a_viewer_that_leaves_takes_nothing_from_those_who_wait_for_the_same() -> None:
    may_go_on = asyncio.Event()
    counted, audiences = Counted(may_go_on), Audiences()
    audience, _ = (audiences.join("q", counted, ["gap"]) for _ in range(2))
    first, second = (asyncio.ensure_future(audience.result(event(1))) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    may_go_on.set()
    assert read(await second)["cursor"] == "process.1"
    assert len(counted.executed) == 1
