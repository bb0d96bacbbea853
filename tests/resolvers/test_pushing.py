"""Events on their way to streams that wait, to streams that are busy, and to crowds."""

import asyncio

from resolvers.domain import PrecheckEvent
from resolvers.live.publisher import Publisher
from resolvers.live.viewer import Viewer
from tests.resolvers.readings import (
    COMPLETED,
    OTHER,
    REFERENCE,
    RUNNING,
    drained,
    reading,
    topic_with,
    viewer,
)


class Outlet:
    """Takes events while it is open; a second one only once the first was taken."""

    def __init__(self) -> None:
        self.is_open = True
        self.taken: list[tuple[str, str, bool]] = []

    def __call__(self, event: PrecheckEvent) -> bool:
        if self.is_open:
            self.taken.append((event.kind.value, event.cursor.split(".")[1], event.gap))
        return self.is_open


async def waiting(one: Viewer) -> asyncio.Task[PrecheckEvent | None]:
    """A stream that waits for the next event of a viewer."""
    task = asyncio.ensure_future(one.next())
    await asyncio.sleep(0)
    return task


async def test_events_are_pushed_to_a_stream_that_waits_and_fetched_by_one_that_is_busy() -> None:
    one, outlet = viewer(), Outlet()
    one.push_to(outlet)
    topic = topic_with(one)
    topic.take(reading(RUNNING, "PENDING"))
    assert await drained(one, 1) == [("SNAPSHOT", 1, [])]
    waits = await waiting(one)
    topic.take(reading(RUNNING, "RUNNING"))
    topic.take(reading(RUNNING, "WARNING"))
    assert outlet.taken == [("CHANGED", "2", False), ("CHANGED", "3", False)]
    assert not waits.done()
    outlet.is_open = False
    topic.take(reading(RUNNING, "FAILED"))
    topic.take(reading(RUNNING, "PASSED"))
    event = await waits
    assert event is not None
    assert (event.kind.value, event.cursor.split(".")[1], event.gap) == ("CHANGED", "4", False)
    outlet.is_open = True
    assert await drained(one, 1) == [("CHANGED", 1, [("check0", "FAILED")])]
    waits = await waiting(one)
    topic.take(reading(COMPLETED, "PASSED"))
    assert outlet.taken[2:] == [("COMPLETED", "6", False)]
    assert await waits is None


async def test_an_outlet_that_fails_loses_nothing() -> None:
    def fail(_: PrecheckEvent) -> bool:
        raise ValueError

    one = viewer()
    one.push_to(fail)
    topic = topic_with(one)
    topic.take(reading(RUNNING, "PENDING"))
    await drained(one, 1)
    waits = await waiting(one)
    topic.take(reading(COMPLETED, "PASSED"))
    event = await waits
    assert event is not None
    assert event.kind.value == "COMPLETED"
    assert await one.next() is None


async def test_many_viewers_are_told_in_turns_and_nobody_is_told_later_events_first() -> None:
    publisher = Publisher()
    crowd = [viewer(REFERENCE, OTHER, until="NEVER") for _ in range(3000)]
    topic = topic_with(*crowd, publisher=publisher)
    other = topic_with(*crowd, reference=OTHER, publisher=publisher)
    topic.take(reading(RUNNING, "PENDING"))
    other.take(reading(RUNNING, "PENDING", reference=OTHER))
    topic.take(reading(RUNNING, "PASSED"))
    late = viewer()
    topic.join(late)
    assert await drained(late, 1) == [("SNAPSHOT", 1, [])], "who comes meanwhile is shown the newest state at once"
    for one in (*crowd[:3], *crowd[-3:]):
        revisions: list[int] = []
        while not revisions or revisions[-1] < 3:
            event = await one.next()
            assert event is not None
            revisions.append(int(event.cursor.split(".")[1]))
        assert revisions in ([1, 2, 3], [2, 3])


async def test_a_viewer_that_has_left_is_told_nothing_though_its_turn_was_to_come() -> None:
    crowd = [viewer(until="NEVER") for _ in range(200)]
    topic = topic_with(*crowd)
    topic.take(reading(RUNNING, "PENDING"))
    crowd[-1].close()
    topic.take(reading(RUNNING, "PASSED"))
    await drained(crowd[-2], 1)
    left = await waiting(crowd[-1])
    await asyncio.sleep(0)
    assert not left.done()
    left.cancel()
