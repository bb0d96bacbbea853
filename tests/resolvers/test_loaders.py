"""What must hold when callers go away: nothing that others wait for is cancelled."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import ClassVar

from resolvers.clock import Clock
from resolvers.domain import PrecheckLookup
from resolvers.loaders import Loaders
from resolvers.reference import Reference
from resolvers.report import Report
from resolvers.snapshots import Snapshots
from resolvers.store.local import LocalStore
from resolvers.upstream.contract import Outcome, Provider, ProviderSettings
from resolvers.upstream.limiter import Limiter
from resolvers.vocabulary import PrecheckLocale, PrecheckStatus, ProviderCapability

EN = PrecheckLocale.EN


class Slow(Provider):
    """A vendor that answers when the test says so; no stand-in for ours, only for a far end that is slow."""

    settings_type = ProviderSettings
    capabilities: ClassVar[frozenset[ProviderCapability]] = frozenset()
    batch_size = 10
    probe_external_id = "x"

    def __init__(self) -> None:
        settings = ProviderSettings(id="slow", vendor="slow", base_url="http://127.0.0.1:1")
        super().__init__(settings, Limiter(None, Clock()), Clock())
        self.answer = asyncio.Event()
        self.asked: list[list[str]] = []
        self.is_asked = asyncio.Event()

    def validate(self, external_id: str) -> str | None:
        return None

    async def ask(self, external_ids: Sequence[str], locale: PrecheckLocale) -> Mapping[str, Outcome]:
        self.asked.append(list(external_ids))
        self.is_asked.set()
        await self.answer.wait()
        return {
            each: Report(Reference("slow", each), self.clock.now()).close(PrecheckStatus.RUNNING)
            for each in external_ids
            if each != "missing"
        }


def reader() -> tuple[Slow, Snapshots]:
    slow = Slow()
    return slow, Snapshots({"slow": slow}, LocalStore(), Clock())


def under_way(found: PrecheckLookup | asyncio.Future[PrecheckLookup]) -> asyncio.Future[PrecheckLookup]:
    assert isinstance(found, asyncio.Future)
    return found


async def test_a_young_answer_is_at_hand_at_once_and_stays_the_same_for_an_operation() -> None:
    slow, snapshots = reader()
    slow.answer.set()
    await snapshots.read(Reference("slow", "a"), EN, 0)
    loader = Loaders(snapshots, snapshots.providers)
    first = loader.look_up(Reference("slow", "a"), EN, 600)
    assert isinstance(first, PrecheckLookup)
    await snapshots.read(Reference("slow", "a"), EN, 0)
    assert loader.look_up(Reference("slow", "a"), EN, 600) is first
    assert slow.asked == [["a"], ["a"]]


async def test_what_is_under_way_is_not_passed_by_an_answer_that_came_meanwhile() -> None:
    slow, snapshots = reader()
    loader = Loaders(snapshots, snapshots.providers)
    first = under_way(loader.look_up(Reference("slow", "a"), EN, 600))
    await slow.is_asked.wait()
    slow.answer.set()
    lookup = await first
    assert await under_way(loader.look_up(Reference("slow", "a"), EN, 600)) is lookup


async def test_a_cancelled_field_takes_no_other_field_of_the_operation_with_it() -> None:
    slow, snapshots = reader()
    loader = Loaders(snapshots, snapshots.providers)
    fields = [under_way(loader.look_up(Reference("slow", "a"), EN, 0)) for _ in range(3)]
    await slow.is_asked.wait()
    fields[0].cancel()
    slow.answer.set()
    others = await asyncio.gather(*fields[1:])
    assert all(lookup.precheck is not None for lookup in others)
    again = await under_way(loader.look_up(Reference("slow", "a"), EN, 0))
    assert again.precheck is not None
    assert slow.asked == [["a"]]


async def test_a_cancelled_request_takes_no_other_request_with_it() -> None:
    slow, snapshots = reader()
    requests = [asyncio.create_task(snapshots.read(Reference("slow", "a"), EN, 0)) for _ in range(2)]
    await slow.is_asked.wait()
    requests[0].cancel()
    slow.answer.set()
    assert (await requests[1]).precheck is not None
    assert slow.asked == [["a"]]


async def test_reads_that_start_together_share_batches_and_a_missing_one_is_not_found() -> None:
    slow, snapshots = reader()
    slow.answer.set()
    names = [f"id{number}" for number in range(24)] + ["missing"]
    lookups = await asyncio.gather(*(snapshots.read(Reference("slow", name), EN, 0) for name in names))
    assert [len(batch) for batch in slow.asked] == [10, 10, 5]
    assert all(lookup.precheck for lookup in lookups[:-1])
    assert lookups[-1].problem is not None
    assert lookups[-1].problem.code.value == "NOT_FOUND"


def test_the_store_is_bounded_and_forgets_the_oldest_lookup_first() -> None:
    store = LocalStore(max_tracked=2, max_entries=2)
    store.pin(Reference("p", "pinned"))
    for name in ("a", "b", "a", "c", "pinned"):
        store.track(Reference("p", name))
    assert [reference.external_id for reference in store.tracked()] == ["pinned", "a", "c"]
