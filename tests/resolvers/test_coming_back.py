"""Cursors and what comes after them, below GraphQL."""

import pytest

from resolvers.errors import BadRequest
from resolvers.live.cursor import Position
from resolvers.live.publisher import Publisher
from tests.resolvers.readings import (
    COMPLETED,
    OTHER,
    REFERENCE,
    RUNNING,
    cursors,
    drained,
    reading,
    topic_with,
    viewer,
)


async def test_a_cursor_tells_whose_state_was_not_shown_yet() -> None:
    publisher = Publisher()
    one = viewer(REFERENCE, OTHER)
    topic, other = topic_with(one, publisher=publisher), topic_with(one, reference=OTHER, publisher=publisher)
    topic.take(reading(RUNNING, "PENDING"))
    other.take(reading(COMPLETED, "PASSED", reference=OTHER))
    read = cursors(OTHER, REFERENCE).read
    unshown = []
    for _ in range(3):
        event = await one.next()
        assert event is not None
        position = read(event.cursor, publisher.newest)
        assert position is not None
        unshown.append((event.kind.value, position.unshown))
    # Who was told the state of a run that is over, and not its end, is told both again.
    of_other = frozenset([OTHER])
    assert unshown == [("SNAPSHOT", of_other), ("SNAPSHOT", of_other), ("COMPLETED", frozenset())]


async def test_events_come_in_the_order_of_their_cursors_to_slow_viewers_too() -> None:
    publisher = Publisher()
    slow = viewer(REFERENCE, OTHER)
    topic, other = topic_with(slow, publisher=publisher), topic_with(slow, reference=OTHER, publisher=publisher)
    topic.take(reading(RUNNING, "PENDING"))
    other.take(reading(RUNNING, "PENDING", reference=OTHER))
    await drained(slow, 2)
    topic.take(reading(RUNNING, "RUNNING"))
    other.take(reading(RUNNING, "RUNNING", reference=OTHER))
    topic.take(reading(RUNNING, "PASSED"))
    seen = [await slow.next() for _ in range(2)]
    told = [(event.precheck and event.precheck.external_id, event.cursor.split(".")[1]) for event in seen if event]
    assert told == [(OTHER.external_id, "4"), (REFERENCE.external_id, "5")]


async def test_who_comes_back_is_told_what_came_after_once() -> None:
    first = viewer()
    topic = topic_with(first)
    for states in ("PENDING", "RUNNING", "PASSED"):
        topic.take(reading(RUNNING, states))
    for revision, told in ((1, [2, 3]), (2, [3]), (3, [])):
        back = viewer(position=Position(revision))
        missed = topic.rejoin(back, revision)
        assert missed is not None
        assert [each.revision for each in missed] == told
    assert topic.rejoin(viewer(), 0) is None, "that was before anything was known"


async def test_what_is_too_long_ago_is_forgotten() -> None:
    topic = topic_with(viewer())
    for number in range(100):
        topic.take(reading(RUNNING, "PENDING" if number % 2 else "RUNNING"))
    assert topic.rejoin(viewer(), 50) is None
    missed = topic.rejoin(viewer(), 69)
    assert missed is not None
    assert len(missed) == 31


async def test_a_newcomer_where_nobody_watched_for_a_while_waits_for_the_next_reading() -> None:
    topic = topic_with(viewer())
    topic.take(reading(RUNNING, "PENDING"))
    topic.rest()
    back, late = viewer(position=Position(1)), viewer()
    assert topic.rejoin(back, 1) == []
    topic.join(late)
    topic.take(reading(RUNNING, "PASSED"))
    assert await drained(late, 1) == [("SNAPSHOT", 1, [])]
    assert await drained(back, 1) == [("CHANGED", 1, [("check0", "PENDING")])]


async def test_who_was_told_the_end_has_nothing_to_wait_for() -> None:
    topic = topic_with(viewer())
    topic.take(reading(RUNNING, "RUNNING"))
    topic.take(reading(COMPLETED, "PASSED"))
    back = viewer(position=Position(2))
    assert topic.rejoin(back, 2) == []
    assert await back.next() is None


@pytest.mark.parametrize(
    "cursor",
    ["other.3.{of}", "process.9.{of}", "process.3.0badf00d", "process.3", "process." + "9" * 400 + ".{of}"],
)
def test_a_cursor_of_elsewhere_is_no_position(cursor: str) -> None:
    mine = cursors(REFERENCE)
    of = mine.write(Position(3)).split(".")[2]
    assert mine.read(cursor.format(of=of), 5) is None
    assert mine.read(f"process.3.{of}", 5) == Position(3)
    assert mine.read(f"process.3.{of}.nonsense", 5) is None
    for position in (
        Position(3, frozenset([REFERENCE])),
        Position(3, frozenset([REFERENCE]), has_gap=True),
        Position(4, over=frozenset([REFERENCE])),
    ):
        assert mine.read(mine.write(position), 5) == position


@pytest.mark.parametrize("cursor", ["", "yesterday", ".3", "process.", "process.x", "process.-1", "process.٣"])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadRequest):
        cursors(REFERENCE).read(cursor, 5)


async def test_what_was_read_of_another_connection_is_compared_with_nothing() -> None:
    one = viewer()
    topic = topic_with(one)
    topic.take(reading(RUNNING, "PASSED"))
    await drained(one, 1)
    topic.begin_anew()
    topic.take(reading(RUNNING, "FAILED"))
    event = await one.next()
    assert event is not None
    assert (event.kind.value, event.gap, event.changes) == ("SNAPSHOT", True, ())
    assert topic.rejoin(viewer(), 1) is None
