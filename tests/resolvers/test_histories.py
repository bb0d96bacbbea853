"""Whatever becomes of viewers and prechecks by chance: every change is told once, or a gap says it was not."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import ClassVar

import pytest

from resolvers.domain import Precheck, PrecheckEvent
from resolvers.errors import Unreachable
from resolvers.live.diff import changed_items
from resolvers.live.hub import Hub, Wish
from resolvers.live.viewer import Viewer
from resolvers.reference import Reference
from resolvers.snapshots import Snapshots
from resolvers.store.local import LocalStore
from resolvers.upstream.contract import Outcome, Provider, ProviderSettings
from resolvers.upstream.limiter import Limiter
from resolvers.vocabulary import (
    PrecheckEventKind,
    PrecheckLocale,
    PrecheckStatus,
    PrecheckStreamEnd,
    ProviderCapability,
)
from tests.driven import Driven
from tests.resolvers.readings import reading

ITEMS = 4
STATES = ("PENDING", "RUNNING", "PASSED", "WARNING", "FAILED")
STEPS = 500
NEVER = PrecheckStreamEnd.NEVER
_WAITS = (1.0, 2.0, 12.0, 35.0)


class Stepped(Driven):
    """Sleepers wake only when a test moves the time."""

    def __init__(self) -> None:
        super().__init__()
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.seconds + seconds, woken))
        await woken

    def move(self, seconds: float) -> None:
        self.seconds += seconds
        sleepers, self._sleepers = self._sleepers, []
        for due, woken in sleepers:
            if due > self.seconds:
                self._sleepers.append((due, woken))
            elif not woken.done():
                woken.set_result(None)


class Fickle(Provider):
    """A vendor of three prechecks that change by chance, and that is down now and then."""

    settings_type = ProviderSettings
    capabilities: ClassVar[frozenset[ProviderCapability]] = frozenset()
    probe_external_id = "x"
    names = ("a", "b", "c")

    def __init__(self, clock: Stepped, chance: random.Random) -> None:
        settings = ProviderSettings(id="fickle", vendor="fickle", base_url="http://127.0.0.1:1")
        super().__init__(settings, Limiter(None, clock), clock)
        self._chance = chance
        self._items = {name: ["PENDING"] * ITEMS for name in self.names}
        self._down: set[str] = set()

    def validate(self, external_id: str) -> str | None:
        return None

    def change(self) -> None:
        """Something of one of them."""
        name = self._chance.choice(self.names)
        if self._is_over(name):
            if self._chance.random() < 0.3:
                self._items[name] = ["PENDING"] * ITEMS
        elif self._chance.random() < 0.1:
            self._items[name] = ["PASSED"] * ITEMS
        else:
            self._items[name][self._chance.randrange(ITEMS)] = self._chance.choice(STATES)

    def set(self, name: str, *states: str) -> None:
        """The first checks of one of them."""
        self._items[name][: len(states)] = states

    def break_or_mend(self, name: str | None = None) -> None:
        """That one, or any of them."""
        self._down ^= {name or self._chance.choice(self.names)}

    async def ask(self, external_ids: Sequence[str], locale: PrecheckLocale) -> Mapping[str, Outcome]:
        down = Unreachable("The vendor cannot be reached.", provider_id="fickle").problem
        return {each: down if each in self._down else self._reading(each) for each in external_ids}

    def _is_over(self, name: str) -> bool:
        return all(state == "PASSED" for state in self._items[name])

    def _reading(self, name: str) -> Precheck:
        status = PrecheckStatus.COMPLETED if self._is_over(name) else PrecheckStatus.RUNNING
        return reading(status, *self._items[name], reference=Reference("fickle", name), at=self.clock.now())


class Client:
    """Follows some prechecks, slowly, comes back with its cursor, and compares each event with what it knows."""

    def __init__(self, hub: Hub, names: Sequence[str], until: PrecheckStreamEnd) -> None:
        self._hub = hub
        self._references = [Reference("fickle", name) for name in names]
        self._until = until
        self._viewer: Viewer | None = None
        self._begin()

    @property
    def is_there(self) -> bool:
        return self._viewer is not None

    def come(self) -> None:
        """For the first time, or again."""
        self._viewer = self._hub.join(Wish(self._references, (), PrecheckLocale.EN, self._until, self._cursor))

    def leave(self) -> None:
        if self._viewer is not None:
            self._hub.leave(self._viewer)
            self._viewer = None

    async def fetch(self) -> None:
        """One event, if there is one."""
        assert self._viewer is not None
        fetching = asyncio.ensure_future(self._viewer.next())
        for _ in range(3):
            await asyncio.sleep(0)
        if not fetching.done():
            fetching.cancel()
            await asyncio.wait([fetching])
        elif (event := fetching.result()) is not None:
            self._take(event)
        else:
            self.leave()
            self._begin()

    def _begin(self) -> None:
        self._cursor: str | None = None
        self._known: dict[str, Precheck] = {}
        self._ended: dict[str, int] = {}

    def _take(self, event: PrecheckEvent) -> None:
        is_change = event.kind in (PrecheckEventKind.CHANGED, PrecheckEventKind.RESTARTED)
        assert event.cursor != self._cursor or not is_change, "no change is told twice"
        self._cursor = event.cursor
        if event.kind is PrecheckEventKind.PROBLEM or event.precheck is None:
            return
        now, before = event.precheck, self._known.get(event.precheck.external_id)
        if event.kind is PrecheckEventKind.SNAPSHOT:
            assert before is None or event.gap or (before.items, before.run) == (now.items, now.run)
        else:
            self._compare(event, before, now)
        self._known[now.external_id] = now
        if event.kind is PrecheckEventKind.COMPLETED:
            assert self._ended.get(now.external_id) != now.run, "no end is told twice"
            self._ended[now.external_id] = now.run

    def _compare(self, event: PrecheckEvent, before: Precheck | None, now: Precheck) -> None:
        assert before is not None, "the first event is a SNAPSHOT"
        if event.gap:
            return
        told = {(each.item.key, each.previous_state) for each in event.changes}
        if not (event.kind is PrecheckEventKind.COMPLETED and before.items == now.items):
            assert told == {(each.item.key, each.previous_state) for each in changed_items(before, now)}
        assert now.run == before.run or event.kind is PrecheckEventKind.RESTARTED
        if now.status.is_final and not before.status.is_final:
            assert event.kind in (PrecheckEventKind.COMPLETED, PrecheckEventKind.RESTARTED)


@pytest.mark.parametrize("seed", range(40))
async def test_every_change_is_told_once_or_a_gap_says_so(seed: int) -> None:
    chance, clock = random.Random(seed), Stepped()
    vendor = Fickle(clock, chance)
    hub = Hub(Snapshots({"fickle": vendor}, LocalStore(), clock), clock)
    untils = (PrecheckStreamEnd.NEVER, PrecheckStreamEnd.ALL_COMPLETED)
    clients = [
        Client(hub, chance.sample(vendor.names, chance.randint(1, 3)), chance.choice(untils)) for _ in range(4)
    ]
    try:
        for _ in range(STEPS):
            await _step(chance, clock, vendor, chance.choice(clients))
    finally:
        for client in clients:
            client.leave()
        await hub.close()
        await vendor.close()
    assert (hub.topics, hub.viewers) == (0, 0)


async def _step(chance: random.Random, clock: Stepped, vendor: Fickle, client: Client) -> None:
    what = chance.random()
    if what < 0.25:
        vendor.change()
    elif what < 0.55:
        clock.move(chance.choice(_WAITS))
    elif what < 0.58:
        vendor.break_or_mend()
    elif not client.is_there:
        client.come()
    elif what < 0.63:
        client.leave()
    else:
        await client.fetch()
    for _ in range(chance.randrange(12)):
        await asyncio.sleep(0)


async def test_a_gap_that_is_owed_is_owed_until_it_is_told() -> None:
    clock = Stepped()
    vendor = Fickle(clock, random.Random(0))
    hub = Hub(Snapshots({"fickle": vendor}, LocalStore(), clock), clock)

    async def told(after: str | None, *names: str) -> list[PrecheckEvent]:
        """What comes to one who stays for some polls."""
        viewer = hub.join(Wish([Reference("fickle", each) for each in names], (), PrecheckLocale.EN, NEVER, after))
        events = []
        for seconds in (0.0, 60.0, 60.0, 60.0, 60.0):
            clock.move(seconds)
            while (event := await at_hand(viewer)) is not None:
                events.append(event)
        hub.leave(viewer)
        return events

    cursor = (await told(None, "a", "b"))[-1].cursor
    for number in range(40):  # more than are remembered, for longer than they are
        vendor.set("a", STATES[number % 2])
        await told(None, "a")
    vendor.break_or_mend("a")
    clock.move(5.0)
    for state in ("RUNNING", "WARNING"):  # cut off twice, before the state of the other was shown anew
        vendor.set("b", state)
        cursor = (await told(cursor, "a", "b"))[-1].cursor
    vendor.break_or_mend("a")
    shown = [event for event in await told(cursor, "a", "b") if event.kind is PrecheckEventKind.SNAPSHOT]
    assert [(event.precheck and event.precheck.external_id, event.gap) for event in shown] == [("a", True)]
    await hub.close()
    await vendor.close()


async def at_hand(viewer: Viewer) -> PrecheckEvent | None:
    """The next event, None where it is still to come."""
    fetching = asyncio.ensure_future(viewer.next())
    for _ in range(30):
        await asyncio.sleep(0)
    if not fetching.done():
        fetching.cancel()
        await asyncio.wait([fetching])
        return None
    return fetching.result()
