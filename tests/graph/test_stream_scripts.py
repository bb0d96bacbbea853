"""Whole streams, event by event, beside what the emulator's script of the run says."""

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from typing import Any

import pytest

from emulator.runs import PHASES
from graph.settings import Settings
from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.graph.documents import precheck_id, ref
from tests.graph.scripts import VENDORS, Reading, Story, Told
from tests.graph.served import Served, served

Parts = Sequence[tuple[str, int]]  # scenarios, and phases of them
Stream = AsyncGenerator[dict[str, Any], None]
PHASE_SECONDS = 60.0  # moved on by hand, so that none ends by itself
RUN_SECONDS = PHASES * PHASE_SECONDS
EVERY_EVENT = """
subscription Every($ids: [ID!], $refs: [PrecheckRefInput!], $until: PrecheckStreamEnd) {
  precheckUpdates(ids: $ids, refs: $refs, until: $until) {
    kind gap remaining
    precheck { externalId run status verdict progress { percent } items { key state } }
    changes { previousState item { key state } }
    problem { code }
  }
}"""
SCENARIOS = [(provider, scenario) for provider, vendor in VENDORS.items() for scenario in vendor.scenarios]


def told(payload: dict[str, Any]) -> tuple[Told, int]:
    """An event as a whole, and `remaining`."""
    assert "errors" not in payload, payload
    event = payload["data"]["precheckUpdates"]
    assert event["gap"] is False
    precheck = event["precheck"]
    shown = Told(
        event["kind"],
        precheck["externalId"],
        precheck["run"],
        precheck["status"],
        precheck["verdict"],
        round(precheck["progress"]["percent"], 6),
        {item["key"]: item["state"] for item in precheck["items"]},
        [(each["item"]["key"], each["previousState"], each["item"]["state"]) for each in event["changes"]],
        event["problem"] and event["problem"]["code"],
    )
    return shown, event["remaining"]


async def stepped(events: Stream, steps: Sequence[Sequence[Told]], go_on: Callable[[], None]) -> list[Told]:
    """As many events as each step has to tell; `go_on` leads to the next step."""
    seen: list[Told] = []
    for place, step in enumerate(steps):
        if place:
            go_on()
        seen += [told(await anext(events))[0] for _ in step]
    return seen


def whole(steps: Iterable[Sequence[Told]]) -> list[Told]:
    return [event for step in steps for event in step]


async def has_ended(events: Stream) -> bool:
    return await anext(events, None) is None


def script(bodies: Iterable[dict[str, Any]], seconds: float = PHASE_SECONDS) -> list[dict[str, Any]]:
    return [{"seconds": seconds, "body": body} for body in bodies]


@pytest.mark.parametrize(("provider", "scenario"), SCENARIOS)
async def test_every_event_of_a_scenario_is_what_the_vendor_said(
    server: Served, emulator: Emulator, provider: str, scenario: str
) -> None:
    reference = emulator.create_run(provider, scenario=scenario, seconds=RUN_SECONDS)
    emulator.advance(PHASE_SECONDS / 2)
    story, vendor = Story(reference), VENDORS[provider]
    steps = [story.told(vendor.reading(scenario, phase)) for phase in range(PHASES + 1)]
    events = server.over_websocket(EVERY_EVENT, refs=[ref(provider, reference)])
    seen = await stepped(events, steps, lambda: emulator.advance(PHASE_SECONDS))
    assert seen == whole(steps)
    if scenario == "stuck":
        assert (seen[-1].kind, seen[-1].verdict) == ("CHANGED", "WAITING")
    else:
        assert seen[-1].kind == "COMPLETED"
        assert await has_ended(events)
    await events.aclose()


@pytest.mark.parametrize("provider", VENDORS)
async def test_a_run_again_under_the_same_reference_is_told_from_its_beginning(
    server: Served, emulator: Emulator, provider: str
) -> None:
    vendor = VENDORS[provider]
    runs = {"blocked": (0, 3, 8), "clean": (2, 5, 8, 1)}
    bodies = [vendor.body(scenario, phase) for scenario, phases in runs.items() for phase in phases]
    reference = emulator.create_run(provider, script=script(bodies))
    emulator.advance(PHASE_SECONDS / 2)
    story = Story(reference)
    steps = [story.told(vendor.read(body)) for body in bodies]
    assert [(event.kind, event.run) for event in whole(steps)] == [
        ("SNAPSHOT", 1), ("CHANGED", 1), ("COMPLETED", 1), ("RESTARTED", 2), ("CHANGED", 2), ("COMPLETED", 2),
        ("RESTARTED", 3),
    ]  # fmt: skip
    events = server.over_websocket(EVERY_EVENT, refs=[ref(provider, reference)], until="NEVER")
    seen = await stepped(events, steps, lambda: emulator.advance(PHASE_SECONDS))
    assert seen == whole(steps)
    await events.aclose()


@pytest.mark.parametrize("scenario", ["clean", "blocked", "broken"])
@pytest.mark.parametrize("provider", VENDORS)
async def test_what_is_over_from_the_start_is_told_in_two_events(
    server: Served, emulator: Emulator, provider: str, scenario: str
) -> None:
    vendor = VENDORS[provider]
    body = vendor.body(scenario, PHASES)
    reference = emulator.create_run(provider, script=script([body]))
    expected = Story(reference).told(vendor.read(body))
    events = server.over_sse(EVERY_EVENT, ids=[precheck_id(provider, reference)])
    assert [told(payload) async for payload in events] == list(zip(expected, (1, 0), strict=True))
    assert [event.kind for event in expected] == ["SNAPSHOT", "COMPLETED"]


class Two:
    """A run of OMS and one of DTS that never change at the same time."""

    def __init__(self, emulator: Emulator, *, oms: Parts, dts: Parts) -> None:
        self._emulator = emulator
        self.oms, self.oms_readings = self._begun("oms-ce", oms, 2 * PHASE_SECONDS)
        self.dts, self.dts_readings = self._begun("dts", dts, PHASE_SECONDS)
        emulator.advance(PHASE_SECONDS / 2)

    def _begun(self, provider: str, parts: Parts, first: float) -> tuple[str, list[Reading]]:
        bodies = [VENDORS[provider].body(*part) for part in parts]
        steps = [*script(bodies[:1], first), *script(bodies[1:], 2 * PHASE_SECONDS)]
        reference = self._emulator.create_run(provider, script=steps)
        return reference, [VENDORS[provider].read(body) for body in bodies]

    @property
    def steps(self) -> list[list[Told]]:
        """Both snapshots, then DTS and OMS in turns."""
        oms, dts = Story(self.oms), Story(self.dts)
        first = [*oms.told(self.oms_readings[0]), *dts.told(self.dts_readings[0])]
        turns = zip(self.dts_readings[1:], self.oms_readings[1:], strict=True)
        return [first, *(step for turn in turns for step in (dts.told(turn[0]), oms.told(turn[1])))]

    @property
    def watched(self) -> dict[str, Any]:
        return {"ids": [precheck_id("dts", self.dts)], "refs": [ref("oms-ce", self.oms)]}

    async def followed(self, events: Stream, steps: int) -> list[tuple[Told, int]]:
        """What so many steps tell, the snapshots in the order of `steps`."""
        seen: list[tuple[Told, int]] = []
        for place, step in enumerate(self.steps[:steps]):
            if place:
                self._emulator.advance(PHASE_SECONDS)
            seen += [told(await anext(events)) for _ in step]
        return [*sorted(seen[:2], key=lambda each: each[0].precheck == self.dts), *seen[2:]]


@pytest.fixture(params=["over_websocket", "over_sse", "over_multipart"])
def stream(server: Served, request: pytest.FixtureRequest) -> Callable[..., Stream]:
    method: Callable[..., Stream] = getattr(server, request.param)
    return method


WARNS = [("warning", 0), ("warning", 2), ("warning", 5), ("warning", 8)]
BLOCKS = [("blocked", 0), ("blocked", 1), ("blocked", 2), ("blocked", 8)]


async def test_two_vendors_in_one_stream_are_told_as_each_alone(
    stream: Callable[..., Stream], emulator: Emulator
) -> None:
    two = Two(emulator, oms=WARNS, dts=BLOCKS)
    events = stream(EVERY_EVENT, **two.watched)
    seen = await two.followed(events, len(two.steps))
    assert seen == list(zip(whole(two.steps), (2, 2, 2, 2, 2, 2, 1, 0), strict=True))
    assert [event.verdict for event, _ in seen[-2:]] == ["BLOCKED", "READY_WITH_WARNINGS"]
    assert await has_ended(events)


async def test_the_first_blocker_of_two_vendors_is_the_last_event(
    stream: Callable[..., Stream], emulator: Emulator
) -> None:
    two = Two(emulator, oms=WARNS, dts=BLOCKS)
    events = stream(EVERY_EVENT, **two.watched, until="FIRST_BLOCKER")
    seen = await two.followed(events, 4)
    assert seen == list(zip(whole(two.steps[:4]), (2, 2, 2, 2, 2), strict=True))
    last = seen[-1][0]
    assert (last.kind, last.precheck, last.status, last.verdict) == ("CHANGED", two.dts, "RUNNING", "BLOCKED")
    assert await has_ended(events)


async def test_a_stream_that_never_ends_goes_on_after_both_were_over(
    stream: Callable[..., Stream], emulator: Emulator
) -> None:
    two = Two(
        emulator,
        oms=[("clean", 3), ("clean", 8), ("clean", 8), ("clean", 8)],
        dts=[("clean", 3), ("clean", 8), ("blocked", 1), ("blocked", 8)],
    )
    events = stream(EVERY_EVENT, **two.watched, until="NEVER")
    seen = await two.followed(events, len(two.steps))
    assert seen == list(zip(whole(two.steps), (2, 2, 1, 0, 1, 0), strict=True))
    assert [(event.kind, event.run) for event, _ in seen[-2:]] == [("RESTARTED", 2), ("COMPLETED", 2)]
    await events.aclose()


async def test_the_deadline_tells_what_was_known_of_who_is_not_over(
    providers: list[ProviderSettings], emulator: Emulator
) -> None:
    two = Two(emulator, oms=[("clean", 8)], dts=[("blocked", 1)])
    with served(providers, Settings(stream_deadline_seconds=1.0)) as server:
        events = server.over_sse(EVERY_EVENT, **two.watched)
        seen = [told(payload) async for payload in events]
    oms, dts = Story(two.oms).told(two.oms_readings[0]), Story(two.dts).told(two.dts_readings[0])
    late = dts[0]._replace(kind="PROBLEM", problem="TIMEOUT")
    assert seen[-1] == (late, 0)
    assert [event for event, _ in seen if event.precheck == two.oms] == oms
    assert [event for event, _ in seen if event.precheck == two.dts] == [*dts, late]
