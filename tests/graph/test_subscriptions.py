"""Live progress over both transports: what a viewer sees, and how seldom a vendor is asked."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from msgspec.structs import replace

from graph.settings import Settings
from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.graph.documents import (
    MYSQL,
    UPDATES,
    calls,
    event_of,
    precheck_id,
    ref,
)
from tests.graph.served import Served, Socket, served

Stream = Callable[..., AsyncGenerator[dict[str, Any], None]]
OMS = "t_7di1uvmxd340"
LONG = 80  # seconds of a run that a test moves on by hand; far below the vendors' windows for clocks


@pytest.fixture(params=["over_websocket", "over_sse"])
def stream(server: Served, request: pytest.FixtureRequest) -> Stream:
    method: Stream = getattr(server, request.param)
    return method


async def followed(
    emulator: Emulator, events: AsyncIterator[dict[str, Any]], step: float = LONG / 8
) -> list[dict[str, Any]]:
    """Every event of a stream; after each one the emulator's time moves on."""
    seen = []
    async for payload in events:
        seen.append(event_of(payload))
        emulator.advance(step)
    return seen


@pytest.mark.parametrize("provider", ["oms-ce", "oms-ee", "drs", "dts", "ninedata"])
async def test_a_run_is_followed_to_its_end(stream: Stream, emulator: Emulator, provider: str) -> None:
    reference = emulator.create_run(provider, scenario="blocked", seconds=LONG)
    events = await followed(emulator, stream(UPDATES, refs=[ref(provider, reference)]))
    kinds = [event["kind"] for event in events]
    assert kinds == ["SNAPSHOT", *["CHANGED"] * (len(kinds) - 2), "COMPLETED"]
    assert len(kinds) >= 4
    assert events[0]["changes"] == []
    assert all(event["changes"] for event in events[1:-1])
    percents = [event["precheck"]["progress"]["percent"] for event in events]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert [event["remaining"] for event in events] == [*[1] * (len(events) - 1), 0]
    assert events[-1]["precheck"]["verdict"] == "BLOCKED"
    assert {item["precheck"]["externalId"] for item in events[-1]["precheck"]["items"]} == {reference}


async def test_a_finished_precheck_sends_snapshot_and_completed(stream: Stream, emulator: Emulator) -> None:
    events = [event_of(payload) async for payload in stream(UPDATES, ids=[precheck_id("oms-ce", OMS)])]
    assert [(event["kind"], event["remaining"]) for event in events] == [("SNAPSHOT", 1), ("COMPLETED", 0)]
    assert calls(emulator) == {"oms-ce/GetPreCheckResult": 1}


async def test_many_viewers_of_one_precheck_are_one_poller(
    providers: list[ProviderSettings], emulator: Emulator
) -> None:
    unhurried = [replace(each, limits=replace(each.limits, poll_seconds=60.0)) for each in providers]
    reference = emulator.create_run("oms-ce", scenario="clean", seconds=LONG)
    with served(unhurried) as server:
        async with Socket(server.url) as one, Socket(server.url) as other:
            for place in range(5):
                await one.subscribe(str(place), UPDATES, refs=[ref("oms-ce", reference)])
                await other.subscribe(str(place), UPDATES, ids=[precheck_id("oms-ce", reference)])
            for socket in (one, other):
                kinds = [(await socket.receive())["payload"]["data"]["precheckUpdates"]["kind"] for _ in range(5)]
                assert kinds == ["SNAPSHOT"] * 5
    assert calls(emulator) == {"oms-ce/GetPreCheckResult": 1}


async def leave_by_complete(server: Served, reference: str) -> None:
    async with Socket(server.url) as socket:
        await socket.subscribe("1", UPDATES, refs=[ref("oms-ce", reference)])
        await socket.receive()
        await socket.send({"type": "complete", "id": "1"})
        await socket.subscribe("2", "{ __typename }")  # answered after the message before
        assert (await socket.receive())["id"] == "2"


async def leave_by_closing_the_socket(server: Served, reference: str) -> None:
    async with Socket(server.url) as socket:
        await socket.subscribe("1", UPDATES, refs=[ref("oms-ce", reference)])
        await socket.receive()


async def leave_by_dropping_the_event_stream(server: Served, reference: str) -> None:
    events = server.over_sse(UPDATES, refs=[ref("oms-ce", reference)])
    await anext(events)
    await events.aclose()


@pytest.mark.parametrize(
    "leave", [leave_by_complete, leave_by_closing_the_socket, leave_by_dropping_the_event_stream]
)
async def test_the_poller_ends_with_its_last_viewer(
    server: Served, emulator: Emulator, leave: Callable[[Served, str], Awaitable[None]]
) -> None:
    reference = emulator.create_run("oms-ce", scenario="stuck", seconds=LONG)
    await leave(server, reference)
    # The server hears of it within a moment, and the poll under way may still land; the floor is 20 ms.
    await asyncio.sleep(0.3)
    emulator.ask("DELETE", "/calls")
    await asyncio.sleep(0.3)
    assert calls(emulator) == {}


async def test_a_vendor_that_fails_in_the_middle_is_a_problem_and_the_stream_goes_on(
    stream: Stream, emulator: Emulator
) -> None:
    reference = emulator.create_run("drs", scenario="warning", seconds=LONG)
    events = stream(UPDATES, refs=[ref("drs", reference)])
    assert event_of(await anext(events))["kind"] == "SNAPSHOT"
    emulator.fault("drs", "status", status=503)
    problem = event_of(await anext(events))
    assert (problem["kind"], problem["problem"]["code"]) == ("PROBLEM", "UNREACHABLE")
    assert problem["problem"]["retryAfterSeconds"] > 0
    assert problem["precheck"]["externalId"] == reference
    emulator.ask("DELETE", "/faults")
    emulator.advance(LONG)
    kinds = [event_of(payload)["kind"] async for payload in events]
    assert kinds[-1] == "COMPLETED"
    assert set(kinds[:-1]) <= {"PROBLEM", "CHANGED"}, "the vendor answers again before the end is confirmed"


async def test_one_stream_watches_mixed_vendors_until_all_are_over(stream: Stream, emulator: Emulator) -> None:
    references = [
        ref(provider, emulator.create_run(provider, scenario="clean", seconds=LONG))
        for provider in ("oms-ce", "drs", "dts", "ninedata")
    ]
    events = await followed(emulator, stream(UPDATES, refs=references), step=LONG / 20)
    by_precheck: dict[str, list[str]] = {}
    for event in events:
        by_precheck.setdefault(event["precheck"]["externalId"], []).append(event["kind"])
    assert set(by_precheck) == {each["externalId"] for each in references}
    assert all((kinds[0], kinds[-1]) == ("SNAPSHOT", "COMPLETED") for kinds in by_precheck.values())
    remaining = [event["remaining"] for event in events]
    assert remaining == sorted(remaining, reverse=True)
    assert remaining[-1] == 0


async def test_the_first_blocker_ends_the_stream(stream: Stream, emulator: Emulator) -> None:
    blocked = emulator.create_run("dts", scenario="blocked", seconds=LONG)
    stuck = emulator.create_run("oms-ce", scenario="stuck", seconds=LONG)
    watched = [ref("oms-ce", stuck), ref("dts", blocked)]
    events = await followed(emulator, stream(UPDATES, refs=watched, until="FIRST_BLOCKER"))
    verdicts = [event["precheck"]["verdict"] for event in events]
    assert verdicts[-1] == "BLOCKED"
    assert "BLOCKED" not in verdicts[:-2]


async def test_wrong_references_are_one_problem_each_and_leave_the_count(stream: Stream) -> None:
    wrong = [
        ref("drs", "00000000-0000-0000-0000-000000000000"),
        ref("drs", "nonsense"),
        ref("nobody", "x"),
        {"id": "pc1.x"},
    ]
    events = [event_of(payload) async for payload in stream(UPDATES, refs=[*wrong, ref("drs", MYSQL)])]
    problems = sorted(event["problem"]["code"] for event in events if event["kind"] == "PROBLEM")
    assert problems == ["INVALID_REFERENCE", "INVALID_REFERENCE", "NOT_FOUND", "UNKNOWN_PROVIDER"]
    assert [event["kind"] for event in events if event["kind"] != "PROBLEM"] == ["SNAPSHOT", "COMPLETED"]
    assert events[-1]["remaining"] == 0


async def test_a_re_run_under_the_same_id_is_told(server: Served, emulator: Emulator) -> None:
    script = [
        {"seconds": LONG, "status": 200, "body": dts_body("success", "checkPass", "pass")},
        {"seconds": LONG, "status": 200, "body": dts_body("running", "", "notStarted")},
        {"seconds": LONG, "status": 200, "body": dts_body("success", "checkPass", "pass")},
    ]
    reference = emulator.create_run("dts", script=script)
    events = server.over_websocket(UPDATES, refs=[ref("dts", reference)], until="NEVER")
    seen = []
    for advance in (0, LONG, LONG, 0):
        payload = event_of(await anext(events))
        seen.append((payload["kind"], payload["precheck"]["run"], payload["remaining"]))
        emulator.advance(advance)
    assert seen == [("SNAPSHOT", 1, 1), ("COMPLETED", 1, 0), ("RESTARTED", 2, 1), ("COMPLETED", 2, 0)]
    await events.aclose()


async def test_a_deadline_ends_a_stream_with_a_word(providers: list[ProviderSettings], emulator: Emulator) -> None:
    stuck = emulator.create_run("ninedata", scenario="stuck", seconds=LONG)
    with served(providers, Settings(stream_deadline_seconds=0.3)) as server:
        events = [event_of(payload) async for payload in server.over_sse(UPDATES, refs=[ref("ninedata", stuck)])]
    assert events[0]["kind"] == "SNAPSHOT"
    assert (events[-1]["kind"], events[-1]["problem"]["code"]) == ("PROBLEM", "TIMEOUT")
    assert events[-1]["precheck"]["externalId"] == stuck
    assert events[-1]["remaining"] == 0


async def test_watched_prechecks_of_a_batch_vendor_are_read_in_batches_round_by_round(
    providers: list[ProviderSettings], emulator: Emulator
) -> None:
    calm = [replace(each, limits=replace(each.limits, poll_seconds=0.2)) for each in providers if each.id == "drs"]
    references = [emulator.create_run("drs", scenario="stuck", seconds=LONG) for _ in range(12)]
    with served(calm) as server:
        events = server.over_sse(UPDATES, refs=[ref("drs", each) for each in references])
        for _ in references:
            await anext(events)
        batches: list[int] = []
        while len(batches) < 8:
            await asyncio.sleep(0.02)
            batches = [len(batch) for batch in emulator.calls("drs")["batch-precheck-result"]["ids"]]
        await events.aclose()
    assert [sorted(batches[place : place + 2]) for place in (0, 2, 4, 6)] == [[2, 10]] * 4


async def test_a_precheck_left_out_of_one_answer_is_watched_on(stream: Stream, emulator: Emulator) -> None:
    references = [emulator.create_run("drs", scenario="clean", seconds=LONG) for _ in range(2)]
    events = stream(UPDATES, refs=[ref("drs", each) for each in references])
    for _ in references:
        assert event_of(await anext(events))["kind"] == "SNAPSHOT"
    emulator.fault("drs", "partial_batch", times=1)
    left_out = event_of(await anext(events))
    assert (left_out["kind"], left_out["problem"]["code"], left_out["remaining"]) == ("PROBLEM", "NOT_FOUND", 2)
    emulator.advance(LONG)
    completed = [event_of(payload) async for payload in events]
    assert {event["precheck"]["externalId"] for event in completed if event["kind"] == "COMPLETED"} == {
        *references
    }


async def test_a_precheck_that_is_gone_ends_its_watch(stream: Stream, emulator: Emulator) -> None:
    gone = {"Response": {"Error": {"Code": "ResourceNotFound", "Message": ""}, "RequestId": "r"}}
    script = [
        {"seconds": LONG, "status": 200, "body": dts_body("running", "", "notStarted")},
        {"seconds": LONG, "status": 200, "body": gone},
    ]
    reference = emulator.create_run("dts", script=script)
    events = await followed(emulator, stream(UPDATES, refs=[ref("dts", reference)]), step=LONG)
    assert [event["kind"] for event in events] == ["SNAPSHOT", "PROBLEM"]
    assert (events[-1]["problem"]["code"], events[-1]["remaining"]) == ("NOT_FOUND", 0)


async def test_calls_at_once_learn_the_clock_of_the_vendor_together(server: Served, emulator: Emulator) -> None:
    document = "query ($refs: [PrecheckRefInput!]!) { lookupPrechecks(refs: $refs) { problem { code } } }"
    runs = [("drs", 25), ("ninedata", 4), ("dts", 4)]
    refs = [
        ref(name, emulator.create_run(name, scenario="stuck", seconds=LONG)) for name, n in runs for _ in range(n)
    ]
    emulator.advance(2000)
    answered = (await server.data(document, refs=refs))["lookupPrechecks"]
    assert [entry["problem"] for entry in answered] == [None] * 33
    emulator.ask("DELETE", "/calls")
    await server.data(document.replace("refs: $refs", "refs: $refs, maxAgeSeconds: 0"), refs=refs)
    assert calls(emulator) == {
        "drs/batch-precheck-result": 3, "ninedata/precheck-status": 4, "dts/DescribeMigrationCheckJob": 4
    }  # fmt: skip


def dts_body(status: str, flag: str, step: str) -> dict[str, Any]:
    steps = [
        {
            "StepNo": place,
            "StepId": step_id,
            "StepName": step_id,
            "StepStatus": step,
            "StepMessage": "",
            "HasSkipped": False,
        }
        for place, step_id in enumerate(["ConnectDBCheck", "VersionCheck"])
    ]
    answer = {"RequestId": "r", "Status": status, "CheckFlag": flag, "BriefMsg": "", "StepInfo": steps}
    return {"Response": answer}
