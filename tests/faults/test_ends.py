"""When a run is over: an end is told when a second reading agrees, and one that did not last is none."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.faults.watching import (
    LONG,
    WATCH,
    MovableClock,
    Stream,
    count,
    dts,
    oms,
    polled,
    polled_in_all,
    polled_more,
    show,
    step,
    told,
)
from tests.graph.documents import event_of, ref
from tests.graph.served import Served, served


@pytest.mark.row("S3")
class TestEnd:
    @pytest.mark.parametrize("provider", ["oms-ce", "dts"])
    async def test_an_end_that_did_not_last_is_not_told(
        self, stream: Stream, emulator: Emulator, provider: str
    ) -> None:
        reference = emulator.create_run(provider, script=flapping(provider)[:3])
        events = stream(WATCH, refs=[ref(provider, reference)])
        assert told([event_of(await anext(events))]) == [("SNAPSHOT", 1, 50)]
        emulator.fault(provider, "status", status=200, body=over(provider, reference), times=1)
        await polled_more(emulator, provider, 3)
        rest = []
        for _ in range(2):
            emulator.advance(LONG)
            rest.append(event_of(await anext(events)))
        assert told(rest) == [("CHANGED", 1, 75), ("COMPLETED", 1, 100)]
        assert [payload async for payload in events] == []

    async def test_after_an_end_that_did_not_last_a_lower_report_is_a_new_run(
        self, server: Served, emulator: Emulator
    ) -> None:
        bodies = [oms("RUNNING", 60.0, "PASSED", "PENDING"), oms("RUNNING", 10.0, "PENDING", "PENDING")]
        reference = emulator.create_run("oms-ce", script=[*map(step, bodies)])
        shown = [await show(server, "oms-ce", reference)]
        emulator.fault("oms-ce", "status", status=200, body=over("oms-ce", reference), times=1)
        shown.append(await show(server, "oms-ce", reference))
        emulator.advance(LONG)
        shown.append(await show(server, "oms-ce", reference))
        assert [(each["run"], each["status"]) for each in shown] == [
            (1, "RUNNING"),
            (1, "COMPLETED"),
            (2, "RUNNING"),
        ]

    async def test_an_end_costs_one_call_more_and_shows_nothing_before(
        self, providers: list[ProviderSettings], emulator: Emulator, provider_file: Path
    ) -> None:
        clock = MovableClock()
        reference = run_that_ends(emulator, "FAILED")
        with served(polled(provider_file, poll_seconds=1000.0), clock=clock) as server:
            events = server.over_websocket(WATCH, refs=[ref("oms-ce", reference)])
            assert told([event_of(await anext(events))]) == [("SNAPSHOT", 1, 50)]
            emulator.advance(LONG)
            ending = asyncio.ensure_future(anext(events))
            for calls in (2, 3):
                assert not ending.done()
                await clock.asked_for(calls - 1)
                clock.move(1101)
                await polled_in_all(emulator, "oms-ce", calls)
            assert told([event_of(await ending)]) == [("COMPLETED", 1, 100)]
            assert [payload async for payload in events] == []
        assert count(emulator, "oms-ce") == 3

    async def test_the_confirming_reading_is_asked_for_as_soon_as_the_vendor_allows(
        self, emulator: Emulator, provider_file: Path
    ) -> None:
        clock = MovableClock()
        reference = run_that_ends(emulator, "PASSED")
        with served(polled(provider_file, poll_seconds=1.0), clock=clock) as server:
            events = server.over_sse(WATCH, refs=[ref("oms-ce", reference)])
            await anext(events)
            while max(clock.waits, default=0.0) < 9:  # nothing changes: slower and slower
                slept = len(clock.waits)
                clock.move(20)
                await clock.asked_for(slept + 1)
            slept = len(clock.waits)
            emulator.advance(LONG)
            clock.move(20)
            await clock.asked_for(slept + 1)
            clock.move(20)
            assert told([event_of(await anext(events))]) == [("COMPLETED", 1, 100)]
            assert 1.0 <= clock.waits[slept] <= 1.1
            await events.aclose()

    async def test_a_run_first_seen_at_its_end_is_over_at_once(self, stream: Stream, emulator: Emulator) -> None:
        reference = emulator.create_run("oms-ce", script=[step(oms("FINISHED", 100.0, "PASSED"))])
        events = [event_of(payload) async for payload in stream(WATCH, refs=[ref("oms-ce", reference)])]
        assert told(events) == [("SNAPSHOT", 1, 100), ("COMPLETED", 1, 100)]
        assert count(emulator, "oms-ce") == 1

    async def test_a_run_that_a_query_saw_at_work_is_shown_so_until_its_end_is_confirmed(
        self, stream: Stream, server: Served, emulator: Emulator
    ) -> None:
        reference = run_that_ends(emulator, "PASSED")
        await show(server, "oms-ce", reference)
        emulator.advance(LONG)
        events = [event_of(payload) async for payload in stream(WATCH, refs=[ref("oms-ce", reference)])]
        assert told(events) == [("SNAPSHOT", 1, 50), ("COMPLETED", 1, 100)]
        assert events[0]["precheck"]["freshness"]["source"] == "CACHED"
        assert count(emulator, "oms-ce") == 3

    async def test_an_end_that_comes_hours_after_the_run_was_seen_at_work_is_told_at_once(
        self, providers: list[ProviderSettings], emulator: Emulator
    ) -> None:
        clock = MovableClock()
        reference = run_that_ends(emulator, "PASSED")
        with served(providers, clock=clock) as server:
            assert (await show(server, "oms-ce", reference))["status"] == "RUNNING"
            emulator.advance(LONG)
            clock.move(7200)
            stream = server.over_sse(WATCH, refs=[ref("oms-ce", reference)])
            assert told([event_of(payload) async for payload in stream]) == [
                ("SNAPSHOT", 1, 100),
                ("COMPLETED", 1, 100),
            ]
        assert count(emulator, "oms-ce") == 2

    async def test_a_vendor_that_fails_after_the_end_was_read_once_does_not_hide_it(
        self, emulator: Emulator, provider_file: Path
    ) -> None:
        clock = MovableClock()
        reference = run_that_ends(emulator, "PASSED")
        with served(polled(provider_file, poll_seconds=100.0), clock=clock) as server:
            events = server.over_sse(WATCH, refs=[ref("oms-ce", reference)])
            assert told([event_of(await anext(events))]) == [("SNAPSHOT", 1, 50)]
            emulator.advance(LONG)
            await clock.asked_for(1)
            clock.move(111)
            await clock.asked_for(2)
            emulator.fault("oms-ce", "status", status=403)
            clock.move(111)
            trouble = event_of(await anext(events))
            assert (trouble["kind"], trouble["precheck"]["status"], trouble["remaining"]) == (
                "PROBLEM",
                "COMPLETED",
                1,
            )
            assert trouble["precheck"]["freshness"]["source"] == "STALE"
            emulator.ask("DELETE", "/faults")
            await clock.asked_for(3)
            clock.move(111)
            assert [event_of(payload)["kind"] async for payload in events] == ["COMPLETED"]

    async def test_an_end_that_did_not_last_is_taken_back_from_the_list_too(
        self, providers: list[ProviderSettings], emulator: Emulator
    ) -> None:
        reference = emulator.create_run("oms-ce", script=flapping("oms-ce")[:1])
        [oms_ce] = [each for each in providers if each.id == "oms-ce"]
        with served([replace(oms_ce, track=(reference,), refresh_seconds=0.02)]) as server:
            await polled_more(emulator, "oms-ce", 1)
            emulator.fault("oms-ce", "status", status=200, body=over("oms-ce", reference), times=1)
            await polled_more(emulator, "oms-ce", 3)
            listed = await server.data("{ prechecks { nodes { externalId status run } } }")
        assert listed["prechecks"]["nodes"] == [{"externalId": reference, "status": "RUNNING", "run": 1}]


def run_that_ends(emulator: Emulator, last: str) -> str:
    """A run at work that is over from the next step on; its last check ends so."""
    bodies = [oms("RUNNING", 50.0, "PASSED", "RUNNING"), oms("FINISHED", 100.0, "PASSED", last)]
    return emulator.create_run("oms-ce", script=[*map(step, bodies)])


def flapping(provider: str) -> list[dict[str, Any]]:
    """A run at 50, at 75, and over."""
    if provider == "dts":
        steps = [
            dict(zip("ABCD", ["pass"] * done + ["notStarted"] * (4 - done), strict=True)) for done in (2, 3, 4)
        ]
        return [step(dts(word, each)) for word, each in zip(["running", "running", "success"], steps, strict=True)]
    return [
        step(oms("RUNNING", 50.0, "PASSED", "RUNNING")),
        step(oms("RUNNING", 75.0, "PASSED", "RUNNING")),
        step(oms("FINISHED", 100.0, "PASSED", "PASSED")),
    ]


def over(provider: str, reference: str) -> dict[str, Any]:
    if provider == "dts":
        return dts("success", dict.fromkeys("ABCD", "pass"))
    return oms("FINISHED", 100.0, "PASSED", "PASSED", reference=reference)
