"""Viewers who come back with the cursor of their last event: nothing is lost, and nothing is told twice."""

from collections.abc import Sequence
from typing import Any

import pytest

from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.faults.watching import LONG, oms, step
from tests.graph.documents import UPDATES, event_of, ref
from tests.graph.served import Served, Socket, served


def a_run(emulator: Emulator) -> str:
    """Two checks after each other: five bodies, one for each step of the emulator's clock."""
    bodies = [
        oms("RUNNING", 10.0, "RUNNING", "PENDING"),
        oms("RUNNING", 30.0, "PASSED", "PENDING"),
        oms("RUNNING", 50.0, "PASSED", "RUNNING"),
        oms("FINISHED", 100.0, "PASSED", "PASSED"),
    ]
    return emulator.create_run("oms-ce", script=[*map(step, bodies)])


def told(event: dict[str, Any]) -> tuple[Any, ...]:
    """What must not depend on whether a viewer was cut off."""
    changes = [(each["item"]["key"], each["previousState"], each["item"]["state"]) for each in event["changes"]]
    shown = (event["precheck"]["status"], event["precheck"]["progress"])
    return event["kind"], event["precheck"]["externalId"], changes, shown, event["remaining"], event["gap"]


async def next_event(socket: Socket) -> dict[str, Any]:
    return event_of((await socket.receive())["payload"])


@pytest.mark.parametrize("cut", [2, 3, 4, 5])
async def test_beside_a_viewer_who_stays_the_same_events_come_wherever_one_is_cut_off(
    server: Served, emulator: Emulator, cut: int
) -> None:
    watched = [ref("oms-ce", a_run(emulator)), ref("oms-ce", a_run(emulator))]
    async with Socket(server.url) as staying, Socket(server.url) as leaving:
        for socket in (staying, leaving):
            await socket.subscribe("1", UPDATES, refs=watched)
        seen = [await next_event(staying) for _ in watched]
        cut_off = [await next_event(leaving) for _ in range(min(cut, 2))]
        while seen[-1]["remaining"]:
            emulator.advance(LONG)
            seen += [await next_event(staying) for _ in watched]
            if len(cut_off) < cut:
                cut_off += [await next_event(leaving) for _ in range(min(2, cut - len(cut_off)))]
    async with Socket(server.url) as back:
        await back.subscribe("1", UPDATES, refs=watched[::-1], after=cut_off[-1]["cursor"])
        while len(cut_off) < len(seen):
            cut_off.append(await next_event(back))
        assert (await back.receive())["type"] == "complete"
    assert sorted(map(told, cut_off), key=repr) == sorted(map(told, seen), key=repr)
    assert len({event["cursor"] for event in cut_off}) == len(cut_off)


async def test_what_was_not_shown_before_the_cut_is_shown_then(server: Served, emulator: Emulator) -> None:
    runs = [a_run(emulator) for _ in range(2)]
    watched = [ref("oms-ce", each) for each in runs]
    async with Socket(server.url) as socket:
        await socket.subscribe("1", UPDATES, refs=watched)
        first = await next_event(socket)
    emulator.advance(3 * LONG)
    back = [event_of(each) async for each in server.over_sse(UPDATES, refs=watched, after=first["cursor"])]
    kinds = {run: [each["kind"] for each in back if each["precheck"]["externalId"] == run] for run in runs}
    [shown] = [run for run in runs if run == first["precheck"]["externalId"]]
    assert kinds.pop(shown) == ["COMPLETED"]
    assert [*kinds.values()] == [["SNAPSHOT", "COMPLETED"]]


async def test_what_nobody_watched_meanwhile_comes_as_one_change(server: Served, emulator: Emulator) -> None:
    watched = [ref("oms-ce", a_run(emulator))]
    async with Socket(server.url) as socket:
        await socket.subscribe("1", UPDATES, refs=watched)
        first = await next_event(socket)
    emulator.advance(2 * LONG)
    async with Socket(server.url) as back:
        await back.subscribe("1", UPDATES, refs=watched, after=first["cursor"])
        change = await next_event(back)
        assert [(each["previousState"], each["item"]["state"]) for each in change["changes"]] == [
            ("RUNNING", "PASSED"),
            ("PENDING", "RUNNING"),
        ]
        assert (change["kind"], change["gap"]) == ("CHANGED", False)
        emulator.advance(LONG)
        end = await next_event(back)
        assert end["kind"] == "COMPLETED"
    again = [event_of(each) async for each in server.over_sse(UPDATES, refs=watched, after=end["cursor"])]
    assert again == [], "the end was told"
    once_more = [event_of(each) async for each in server.over_sse(UPDATES, refs=watched, after=change["cursor"])]
    assert [told(event) for event in once_more] == [told(end)]


async def test_a_cursor_of_another_server_or_of_other_prechecks_is_answered_with_a_gap(
    server: Served, emulator: Emulator, providers: Sequence[ProviderSettings]
) -> None:
    watched = [ref("oms-ce", a_run(emulator))]
    with served(providers) as other:
        elsewhere = event_of(await anext(other.over_sse(UPDATES, refs=watched)))
    more = [*watched, ref("oms-ce", a_run(emulator))]
    alone = event_of(await anext(server.over_sse(UPDATES, refs=watched)))
    for refs, cursor in ((watched, elsewhere["cursor"]), (more, alone["cursor"])):
        async with Socket(server.url) as socket:
            await socket.subscribe("1", UPDATES, refs=refs, after=cursor)
            first = [await next_event(socket) for _ in refs]
        assert [(event["kind"], event["gap"]) for event in first] == [("SNAPSHOT", True)] * len(refs)


async def test_the_first_blocker_that_was_told_ends_a_stream_that_comes_back(
    server: Served, emulator: Emulator
) -> None:
    bodies = [oms("RUNNING", 10.0, "RUNNING", "PENDING"), oms("RUNNING", 30.0, "FAILED", "PENDING")]
    watched = [ref("oms-ce", emulator.create_run("oms-ce", script=[*map(step, bodies)]))]
    events = server.over_sse(UPDATES, refs=watched, until="FIRST_BLOCKER")
    await anext(events)
    emulator.advance(LONG)
    blocked = [event_of(each) async for each in events][-1]
    assert blocked["precheck"]["verdict"] == "BLOCKED"
    back = server.over_sse(UPDATES, refs=watched, until="FIRST_BLOCKER", after=blocked["cursor"])
    assert [each async for each in back] == []
