"""What a run tells, event by event, and one that is moved on by hand."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from emulator.runs import PHASES
from tests.e2e.follower import FOLLOW
from tests.emulator.process import Emulator
from tests.graph.documents import event_of, ref
from tests.graph.served import Served

RUN_SECONDS = 3200  # half a phase is far longer than any test takes
PHASE_SECONDS = RUN_SECONDS / PHASES


class Seen(NamedTuple):
    """What one event tells, without what belongs to one stream."""

    precheck: str
    kind: str
    percent: float
    changes: list[tuple[str, str | None, str]]
    states: dict[str, str]


def seen(event: dict[str, Any]) -> Seen:
    changes = [(each["item"]["key"], each["previousState"], each["item"]["state"]) for each in event["changes"]]
    states = {item["key"]: item["state"] for item in event["precheck"]["items"]}
    precheck = event["precheck"]
    return Seen(precheck["externalId"], event["kind"], precheck["progress"]["percent"], changes, states)


def whole(events: list[dict[str, Any]]) -> list[Seen]:
    """What all events tell. Which of two snapshots comes first is not said."""
    return [*sorted(map(seen, events[:2])), *map(seen, events[2:])]


def adds_up(events: list[dict[str, Any]]) -> None:
    """The changes, one after the other, lead from the first state to each state that was told."""
    known = seen(events[0]).states
    for event in map(seen, events[1:]):
        for key, before, now in event.changes:
            assert (known.get(key), now != before) == (before, True), (key, before, now)
            known[key] = now
        assert event.states == known


class Run:
    """A run of each provider and, where wanted, a viewer of them that is never cut off."""

    def __init__(self, emulator: Emulator, server: Served, *providers: str) -> None:
        self.refs = [
            ref(provider, emulator.create_run(provider, scenario="blocked", seconds=RUN_SECONDS))
            for provider in providers
        ]
        emulator.advance(PHASE_SECONDS / 2)  # no phase ends by itself
        self.events: list[dict[str, Any]] = []  # of the viewer that is never cut off
        self._emulator = emulator
        self._server = server
        self._watching: AsyncGenerator[dict[str, Any], None] | None = None

    def go_on(self) -> None:
        """To the next phase."""
        self._emulator.advance(PHASE_SECONDS)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Have a viewer of ours see every event of them."""
        self._watching = self._server.over_websocket(FOLLOW, refs=self.refs)
        try:
            for _ in self.refs:
                await self.told()
            yield
        finally:
            await self._watching.aclose()

    async def told(self) -> dict[str, Any]:
        """The next event of our own viewer."""
        assert self._watching is not None
        self.events.append(event_of(await anext(self._watching)))
        return self.events[-1]
