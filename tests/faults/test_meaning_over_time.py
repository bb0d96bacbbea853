"""What vendors say from answer to answer: falls, re-runs, vanished checks, runs that never end, late replies."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from graph.app import build
from graph.settings import Settings
from resolvers.reference import Reference
from resolvers.upstream.contract import ProviderSettings
from resolvers.vocabulary import PrecheckLocale
from tests.emulator.process import Emulator
from tests.faults.watching import (
    LONG,
    WATCH,
    MovableClock,
    Stream,
    count,
    dts,
    oms,
    show,
    step,
    told,
)
from tests.graph.documents import event_of, ref
from tests.graph.served import Served, served


async def followed(emulator: Emulator, events: AsyncGenerator[dict[str, Any], None]) -> list[dict[str, Any]]:
    """Every event of a stream; after each one the script takes a step."""
    seen = []
    async for payload in events:
        seen.append(event_of(payload))
        emulator.advance(LONG)
    return seen


@pytest.mark.row("S1")
class TestProgress:
    async def test_a_percentage_beyond_its_bounds_is_held_within_them(
        self, stream: Stream, emulator: Emulator
    ) -> None:
        bodies = [
            oms("RUNNING", -20.0, "PENDING", "PENDING"),
            oms("RUNNING", 50.0, "RUNNING", "PENDING"),
            oms("RUNNING", 1500.0, "PASSED", "RUNNING"),
            oms("FINISHED", 1500.0, "PASSED", "PASSED"),
        ]
        reference = emulator.create_run("oms-ce", script=[*map(step, bodies)])
        events = await followed(emulator, stream(WATCH, refs=[ref("oms-ce", reference)]))
        assert told(events) == [
            ("SNAPSHOT", 1, 0),
            ("CHANGED", 1, 50),
            ("CHANGED", 1, 99),
            ("COMPLETED", 1, 100),
        ]

    async def test_a_derived_percentage_does_not_fall_when_more_checks_are_listed(
        self, stream: Stream, emulator: Emulator
    ) -> None:
        bodies = [
            dts("running", {"A": "pass", "B": "notStarted"}),
            dts("running", {"A": "pass", "B": "notStarted", "C": "notStarted", "D": "notStarted"}),
            dts("success", {"A": "pass", "B": "pass", "C": "pass", "D": "pass"}),
        ]
        reference = emulator.create_run("dts", script=[*map(step, bodies)])
        events = await followed(emulator, stream(WATCH, refs=[ref("dts", reference)]))
        assert told(events) == [("SNAPSHOT", 1, 50), ("CHANGED", 1, 50), ("COMPLETED", 1, 100)]

    async def test_a_fall_of_what_the_vendor_reports_is_told_as_a_new_run(
        self, stream: Stream, emulator: Emulator
    ) -> None:
        bodies = [
            oms("RUNNING", 60.0, "PASSED", "PENDING"),
            oms("RUNNING", 10.0, "PENDING", "PENDING"),
            oms("FINISHED", 100.0, "PASSED", "PASSED"),
        ]
        reference = emulator.create_run("oms-ce", script=[*map(step, bodies)])
        events = await followed(emulator, stream(WATCH, refs=[ref("oms-ce", reference)]))
        assert told(events) == [("SNAPSHOT", 1, 60), ("RESTARTED", 2, 10), ("COMPLETED", 2, 100)]


@pytest.mark.row("S2")
async def test_a_re_run_under_the_same_id_is_told_and_counted(stream: Stream, emulator: Emulator) -> None:
    running, over = dts("running", {"A": "notStarted"}), dts("success", {"A": "pass"})
    reference = emulator.create_run("dts", script=[*map(step, (running, over, running, over))])
    events = stream(WATCH, refs=[ref("dts", reference)], until="NEVER")
    seen = []
    for _ in range(4):
        seen.append(event_of(await anext(events)))
        emulator.advance(LONG)
    await events.aclose()
    assert [(*each, event["remaining"]) for each, event in zip(told(seen), seen, strict=True)] == [
        ("SNAPSHOT", 1, 0, 1),
        ("COMPLETED", 1, 100, 0),
        ("RESTARTED", 2, 0, 1),
        ("COMPLETED", 2, 100, 0),
    ]


@pytest.mark.row("S4")
async def test_checks_that_appear_vanish_or_are_renamed_are_told(stream: Stream, emulator: Emulator) -> None:
    bodies = [
        dts("running", {"A": "notStarted", "B": "notStarted"}),
        dts("running", {"A": "notStarted"}),
        dts("running", {"C": "pass", "A": "notStarted"}),
        dts("running", {"C2": "pass", "A": "notStarted"}),
        dts("running", {"C2": "pass", "A": "notStarted"}, {"A": "Another name"}),
        dts("success", {"A": "pass"}, {"A": "Another name"}),
    ]
    reference = emulator.create_run("dts", script=[*map(step, bodies)])
    events = await followed(emulator, stream(WATCH, refs=[ref("dts", reference)]))
    assert [event["kind"] for event in events] == ["SNAPSHOT", *["CHANGED"] * 4, "COMPLETED"]
    listed = [[item["code"] for item in event["precheck"]["items"]] for event in events]
    assert listed == [["A", "B"], ["A"], ["C", "A"], ["C2", "A"], ["C2", "A"], ["A"]]
    changes = [
        [
            (change["item"]["code"], change["item"]["title"], change["previousState"], change["item"]["state"])
            for change in event["changes"]
        ]
        for event in events
    ]
    assert changes == [
        [],
        [],
        [("C", "C", None, "PASSED")],
        [("C2", "C2", None, "PASSED")],
        [("A", "Another name", "PENDING", "PENDING")],
        [("A", "Another name", "PENDING", "PASSED")],
    ]


@pytest.mark.row("S5")
@pytest.mark.parametrize(
    ("states", "seconds", "words"),
    [(["PASSED", "WARNING"], 301, "Every listed check"), (["PASSED", "RUNNING"], 3601, "Nothing has changed")],
)
async def test_a_run_that_never_ends_is_told_once_and_polled_slower(
    providers: list[ProviderSettings], emulator: Emulator, states: list[str], seconds: int, words: str
) -> None:
    clock = MovableClock()
    bodies = [oms("RUNNING", None, *states), oms("RUNNING", None, *states, "FAILED")]
    reference = emulator.create_run("oms-ce", script=[*map(step, bodies)])
    with served(providers, clock=clock) as server:
        events = server.over_websocket(WATCH, refs=[ref("oms-ce", reference)], until="NEVER")
        first = event_of(await anext(events))
        assert (first["kind"], first["precheck"]["problems"]) == ("SNAPSHOT", [])
        clock.move(seconds)
        stalled = event_of(await anext(events))
        [problem] = stalled["precheck"]["problems"]
        assert (stalled["kind"], stalled["changes"]) == ("CHANGED", [])
        assert (problem["code"], problem["retryable"]) == ("TIMEOUT", True)
        assert problem["message"].startswith(words)
        assert (await show(server, "oms-ce", reference))["problems"] == [problem]
        for _ in range(3):  # equal readings, and no event
            slept = len(clock.waits)
            clock.move(40)
            await clock.asked_for(slept + 1)
        assert all(27 <= wait <= 33 for wait in clock.waits[-3:])
        emulator.advance(LONG)
        clock.move(40)
        changed = event_of(await anext(events))
        assert [change["item"]["code"] for change in changed["changes"]] == ["CHECK_2"]
        assert changed["precheck"]["problems"] == []
        await events.aclose()


@pytest.mark.row("S6")
@pytest.mark.parametrize(
    ("provider", "body", "gone", "problems"),
    [
        (
            "dts",
            dts("running", {"A": "notStarted"}),
            {"Response": {"Error": {"Code": "ResourceNotFound", "Message": ""}, "RequestId": "r"}},
            [False],
        ),
        # The vendor leaves it out without a word: believed the second time.
        ("drs", {"count": 1, "results": [{"precheck_id": "x", "process": "25%"}]}, {"results": []}, [True, False]),
    ],
)
async def test_a_precheck_deleted_while_it_is_watched_ends_with_a_word(
    stream: Stream, emulator: Emulator, provider: str, body: Any, gone: Any, problems: list[bool]
) -> None:
    reference = emulator.create_run(provider, script=[step(body), step(gone)])
    events = stream(WATCH, refs=[ref(provider, reference)])
    seen = [event_of(await anext(events))]
    emulator.advance(LONG)
    seen += [event_of(payload) async for payload in events]
    assert [event["kind"] for event in seen] == ["SNAPSHOT", *["PROBLEM"] * len(problems)]
    assert [event["problem"]["code"] for event in seen[1:]] == ["NOT_FOUND"] * len(problems)
    assert [event["problem"]["retryable"] for event in seen[1:]] == problems
    assert [event["remaining"] for event in seen] == [1] * len(problems) + [0]


@pytest.mark.row("S7")
class TestOutOfOrder:
    async def test_a_late_answer_is_everyones_answer_and_progress_does_not_fall(
        self, stream: Stream, server: Served, emulator: Emulator
    ) -> None:
        reference = emulator.create_run("dts", scenario="clean", seconds=LONG)
        events = stream(WATCH, refs=[ref("dts", reference)])
        percents = [event_of(await anext(events))["precheck"]["progress"]["percent"]]
        for _ in range(8):
            emulator.fault("dts", "delay", seconds=0.1, times=1)
            emulator.advance(LONG / 8)
            shown, event = await asyncio.gather(show(server, "dts", reference), anext(events))
            assert event_of(event)["precheck"]["run"] == shown["run"] == 1
            percents.append(event_of(event)["precheck"]["progress"]["percent"])
        assert percents == sorted(percents)
        assert percents[-1] == 100
        assert [payload async for payload in events] == []

    async def test_equal_reads_under_way_are_one_call(self, server: Served, emulator: Emulator) -> None:
        reference = emulator.create_run("oms-ce", scenario="stuck", seconds=LONG)
        emulator.fault("oms-ce", "delay", seconds=0.3, times=1)
        await asyncio.gather(*(show(server, "oms-ce", reference) for _ in range(5)))
        assert count(emulator, "oms-ce") == 1

    async def test_an_answer_older_than_what_is_known_is_dropped(
        self, providers: list[ProviderSettings], emulator: Emulator
    ) -> None:
        clock = MovableClock()
        bodies = [oms("RUNNING", 60.0, "PASSED", "RUNNING"), oms("RUNNING", 10.0, "PENDING", "PENDING")]
        reference = emulator.create_run("oms-ce", script=[*map(step, bodies)])
        product = build(Settings(), providers, clock)
        seen = []
        for moved in (0, -5, 10):
            clock.move(moved)
            lookup = await product.services.snapshots.read(Reference("oms-ce", reference), PrecheckLocale.EN, 0)
            assert lookup.precheck is not None
            seen.append((lookup.precheck.run, lookup.precheck.progress.percent))
            emulator.advance(LONG)
        for provider in product.services.providers.values():
            await provider.close()
        assert seen == [(1, 60), (1, 60), (2, 10)]
