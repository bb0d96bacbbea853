"""Viewers who come and go, runs that begin again, a vendor that fails now and then: all as one chance has it."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from benchmarks.live.crowd import PATIENCE_SECONDS
from benchmarks.live.fanout import FIVE, FORTY
from benchmarks.live.servers import Server
from benchmarks.live.stage import PROVIDER, Stage, asked, references
from benchmarks.live.viewers import EventStreamViewer, Kind, SocketViewer, Viewer

SEATS: Mapping[Kind, int] = {SocketViewer: 120, EventStreamViewer: 40}
CHANGING, RESTARTING = references(15, "changing"), references(10, "restarting")
WITHOUT_LISTS = (
    FIVE,
    "kind gap remaining precheck { verdict progress { percent itemsTotal } counts { passed warning failed } }",
    "kind at problem { code message retryAfterSeconds } precheck { run status freshness { source ageSeconds } }",
)
SELECTIONS = (
    *WITHOUT_LISTS,
    FORTY,
    "kind changes { previousState item { code state } } precheck { blockers { code } }",
)
_LONGEST_STAY_SECONDS = 10.0
_STEP_SECONDS = 0.1
_SCENARIOS = ("clean", "warning", "blocked", "broken")
_RUN_SECONDS = (2.0, 8.0)
_FAULTS = (
    {"kind": "refuse"},
    {"kind": "status", "status": 503},
    {"kind": "rate_limit", "retry_after": 1.0},
    {"kind": "garbage"},
    {"kind": "truncate"},
    {"kind": "delay", "seconds": 2.0},
)
_FAULT_SECONDS, _CALM_SECONDS = 2.0, 10.0


class Churn:
    """`visits` counts the streams there were, `events` what they got, `refused` the ends that nobody wished."""

    def __init__(self, stage: Stage, server: Server, chance: random.Random, selections: Sequence[str]) -> None:
        self.visits = 0
        self.events = 0
        self.refused: Counter[str] = Counter()
        self._stage = stage
        self._server = server
        self._chance = chance
        self._selections = selections
        self._open: dict[Viewer, asyncio.Future[None]] = {}

    def arrived(self, viewer: Viewer, at: float) -> None:
        """One more."""
        del viewer, at
        self.events += 1

    def ended(self, viewer: Viewer) -> None:
        """Whoever sits there leaves the seat."""
        gone = self._open.pop(viewer, None)
        if gone is not None and not gone.done():
            gone.set_result(None)

    async def sit(self, kind: Kind) -> None:
        """Keep one seat taken, until cancelled."""
        while True:
            reference = self._chance.choice([*CHANGING, *RESTARTING])
            question = asked(reference, self._chance.choice(self._selections))
            viewer = kind(self, self._server.url, question)
            await self._stay(viewer, self._chance.uniform(0, _LONGEST_STAY_SECONDS))

    async def restart_runs(self) -> None:
        """Begin runs again, whether they are over or not, until cancelled."""
        while True:
            for reference in self._chance.sample(RESTARTING, len(RESTARTING)):
                scenario = self._chance.choice(_SCENARIOS)
                await self._stage.begin_scenario(reference, scenario, self._chance.uniform(*_RUN_SECONDS))
                await asyncio.sleep(self._chance.uniform(0, 1))

    async def fail(self) -> None:
        """Let the vendor fail in every way, one after the other, until cancelled."""
        while True:
            await asyncio.sleep(_CALM_SECONDS)
            fault = self._chance.choice(_FAULTS)
            await self._stage.vendors.ask("PUT", f"/faults/{PROVIDER}", fault)
            await asyncio.sleep(_FAULT_SECONDS)
            await self._stage.vendors.mend()

    async def _stay(self, viewer: Viewer, seconds: float) -> None:
        gone = self._open[viewer] = asyncio.get_running_loop().create_future()
        await viewer.connect()
        self.visits += 1
        try:
            await asyncio.wait([gone], timeout=seconds)
        finally:
            viewer.drop()
        if viewer.end not in ("", "closed", "ConnectionResetError"):
            self.refused[viewer.end] += 1
        await asyncio.wait([gone], timeout=PATIENCE_SECONDS)


@asynccontextmanager
async def churning(
    stage: Stage, server: Server, chance: random.Random, selections: Sequence[str]
) -> AsyncIterator[Churn]:
    """All of it until the block is over; then everyone has left."""
    churn = Churn(stage, server, chance, selections)
    await stage.keep_changing(CHANGING, _STEP_SECONDS)
    work: Sequence[asyncio.Task[None]] = [
        asyncio.create_task(each)
        for each in (
            *(churn.sit(kind) for kind, number in SEATS.items() for _ in range(number)),
            churn.restart_runs(),
            churn.fail(),
        )
    ]
    try:
        yield churn
    finally:
        for task in work:
            task.cancel()
        results = await asyncio.gather(*work, return_exceptions=True)
        await stage.vendors.mend()
    for result in results:
        if isinstance(result, Exception):
            raise result
