"""Live progress below GraphQL: what viewers are told, without any clock but the test's."""

import pytest
from msgspec.structs import replace

from resolvers.domain import PrecheckProblem
from resolvers.errors import BadRequest
from resolvers.live.diff import changed_items, kept_items, kind_of_change
from resolvers.verdict import continued
from resolvers.vocabulary import (
    PrecheckItemState,
)
from tests.resolvers.readings import (
    COMPLETED,
    DOWN,
    OTHER,
    REFERENCE,
    RUNNING,
    drained,
    reading,
    topic_with,
    viewer,
)


async def test_a_slow_viewer_finds_the_newest_state_and_hears_that_it_has_missed_some() -> None:
    slow = viewer()
    topic = topic_with(slow)
    topic.take(reading(RUNNING, "PENDING", "PENDING"))
    assert await drained(slow, 1) == [("SNAPSHOT", 1, [])]
    topic.take(reading(RUNNING, "RUNNING", "PENDING"))
    topic.take(reading(RUNNING, "PASSED", "PENDING"))
    newest = reading(RUNNING, "PASSED", "RUNNING")
    topic.take(newest)
    event = await slow.next()
    assert event is not None
    assert (event.kind.value, event.gap, event.precheck) == ("CHANGED", True, newest)
    assert [change.item.code for change in event.changes] == ["check1"], "those of the newest event"


async def test_completed_is_never_dropped_and_snapshot_comes_first() -> None:
    slow = viewer()
    topic = topic_with(slow)
    for state in ("PENDING", "RUNNING"):
        topic.take(reading(RUNNING, state))
    topic.take(reading(COMPLETED, "PASSED"))
    assert await drained(slow, 2) == [("SNAPSHOT", 1, []), ("COMPLETED", 0, [("check0", "RUNNING")])]
    assert await slow.next() is None


async def test_an_end_long_after_the_run_was_at_work_is_told_at_once_and_may_be_taken_back() -> None:
    staying = viewer(until="NEVER")
    topic = topic_with(staying)
    at_work = continued(None, reading(RUNNING, "PENDING"))
    ended = continued(at_work, reading(COMPLETED, "PASSED", seconds=61.0))
    assert ended.unconfirmed is not None
    topic.take(ended)
    assert await drained(staying, 2) == [("SNAPSHOT", 1, []), ("COMPLETED", 0, [])]
    topic.take(continued(ended, reading(RUNNING, "PENDING", seconds=62.0)))
    assert await drained(staying, 1) == [("CHANGED", 1, [("check0", "PASSED")])]


@pytest.mark.parametrize("is_shown_at_work", [True, False])
async def test_an_end_that_contradicts_a_run_at_work_waits_for_its_second_reading(is_shown_at_work: bool) -> None:
    one = viewer()
    topic = topic_with(one)
    at_work = continued(None, reading(RUNNING, "PENDING"))
    if is_shown_at_work:
        topic.take(at_work)
    topic.take(continued(at_work, reading(COMPLETED, "PASSED", seconds=7200.0 if is_shown_at_work else 60.0)))
    event = await one.next()
    assert event is not None
    assert event.precheck is not None
    assert (event.kind.value, event.precheck.status) == ("SNAPSHOT", RUNNING)
    topic.fail(DOWN, 2.5)
    assert [kind for kind, _, _ in await drained(one, 1)] == ["PROBLEM"], "and no COMPLETED before it"


async def test_an_end_whose_second_reading_fails_is_shown_beside_the_problem() -> None:
    one = viewer()
    topic = topic_with(one)
    at_work = continued(None, reading(RUNNING, "PENDING"))
    ended = continued(at_work, reading(COMPLETED, "PASSED", seconds=1.0))
    topic.take(at_work)
    topic.take(ended)
    await drained(one, 1)
    topic.fail(DOWN, 2.5)
    event = await one.next()
    assert event is not None
    assert event.precheck is not None
    assert (event.kind.value, event.remaining, event.precheck.status) == ("PROBLEM", 1, COMPLETED)
    assert event.precheck.freshness.source.value == "STALE"
    topic.take(continued(ended, reading(COMPLETED, "PASSED", seconds=2.0)))
    assert await drained(one, 1) == [("COMPLETED", 0, [("check0", "PENDING")])]


async def test_a_re_run_is_told_even_if_it_was_over_between_two_readings() -> None:
    staying = viewer(until="NEVER")
    topic = topic_with(staying)
    first = continued(None, reading(COMPLETED, "FAILED"))
    again = continued(first, reading(RUNNING, "PENDING"))
    ended = continued(again, reading(COMPLETED, "PASSED"))
    topic.take(first)
    topic.take(continued(ended, reading(COMPLETED, "PASSED")))
    kinds = [kind for kind, _, _ in await drained(staying, 4)]
    assert kinds == ["SNAPSHOT", "COMPLETED", "RESTARTED", "COMPLETED"]


async def test_a_stuck_viewer_of_a_restless_precheck_holds_every_end_and_little_else() -> None:
    stuck = viewer(until="NEVER")
    topic = topic_with(stuck)
    seen = continued(None, reading(COMPLETED, "PASSED"))
    topic.take(seen)
    for _ in range(50):
        for status, state in ((RUNNING, "RUNNING"), (COMPLETED, "PASSED"), (COMPLETED, "PASSED")):
            seen = continued(seen, reading(status, state))
            topic.take(seen)
    events = [await stuck.next() for _ in range(54)]
    kinds = [event.kind.value for event in events if event]
    assert kinds.count("COMPLETED") == 51
    assert kinds.count("RESTARTED") == 3
    assert events[0] is not None
    assert events[0].gap is True
    assert events[-1] is not None
    assert events[-1].precheck == seen


async def test_an_unchanged_reading_is_no_event_but_a_recovery_is() -> None:
    one = viewer()
    topic = topic_with(one)
    assert topic.take(reading(RUNNING, "PENDING"))
    assert not topic.take(reading(RUNNING, "PENDING"))
    assert await drained(one, 1) == [("SNAPSHOT", 1, [])]
    topic.fail(DOWN, 2.5)
    assert topic.take(reading(RUNNING, "PENDING"))
    assert await drained(one, 1) == [("CHANGED", 1, [])], "the problem is over before it was told"


async def test_a_problem_says_when_the_next_attempt_is_and_keeps_the_older_state() -> None:
    one = viewer()
    topic = topic_with(one)
    topic.take(reading(RUNNING, "PENDING"))
    await drained(one, 1)
    topic.fail(DOWN, 2.5)
    event = await one.next()
    assert event is not None
    assert event.problem == replace(DOWN, retry_after_seconds=2.5)
    assert event.precheck is not None
    assert event.precheck.freshness.source.value == "STALE"


@pytest.mark.parametrize("after_take", [True, False])
async def test_permanent_trouble_is_told_once_and_ends_the_watch(after_take: bool) -> None:
    one, late = viewer(), viewer()
    topic = topic_with(one)
    gone = PrecheckProblem(code=type(DOWN.code)("NOT_FOUND"), message="Gone.", retryable=False, vendor_code="Gone")
    if after_take:
        topic.take(reading(RUNNING, "PENDING"))
    topic.fail(gone, 1.0)
    topic.join(late)
    for each, events in ((one, 1 + after_take), (late, 1 + after_take)):
        assert (await drained(each, events))[-1][0] == "PROBLEM"
        assert await each.next() is None


async def test_the_first_blocker_ends_the_stream_and_what_waits_for_others_is_not_told() -> None:
    one = viewer(REFERENCE, OTHER, until="FIRST_BLOCKER")
    topic, other = topic_with(one), topic_with(one, reference=OTHER)
    topic.take(reading(RUNNING, "FAILED"))
    other.take(reading(RUNNING, "PENDING", reference=OTHER))
    assert [kind for kind, _, _ in await drained(one, 1)] == ["SNAPSHOT"]
    other.take(reading(RUNNING, "RUNNING", reference=OTHER))
    assert await one.next() is None


async def test_nothing_is_told_after_the_end_but_to_a_viewer_that_stays() -> None:
    leaving, staying = viewer(), viewer(until="NEVER")
    topic = topic_with(leaving, staying)
    topic.take(reading(COMPLETED, "PASSED"))
    topic.fail(DOWN, 2.5)
    assert [kind for kind, _, _ in await drained(leaving, 2)] == ["SNAPSHOT", "COMPLETED"]
    topic.fail(DOWN, 2.5)
    assert await leaving.next() is None
    assert [kind for kind, _, _ in await drained(staying, 3)] == ["SNAPSHOT", "COMPLETED", "PROBLEM"]


async def test_a_viewer_that_joins_finds_the_same_events_as_one_a_moment_before() -> None:
    topic = topic_with(viewer())
    topic.take(reading(RUNNING, "PENDING"))
    events = []
    for _ in range(2):
        late = viewer()
        topic.join(late)
        event = await late.next()
        assert event is not None
        events.append(event)
    assert events[0].precheck is events[1].precheck
    assert events[0].cursor == events[1].cursor


def test_items_that_are_equal_stay_the_very_same() -> None:
    before = reading(RUNNING, "PASSED", "RUNNING")
    changed = kept_items(before, reading(RUNNING, "PASSED", "FAILED"))
    assert changed.items[0] is before.items[0]
    assert changed.items[1].state is PrecheckItemState.FAILED
    assert kept_items(before, reading(COMPLETED, "PASSED", "RUNNING")).items is before.items


def test_a_moved_item_is_no_change_and_a_new_one_has_no_previous_state() -> None:
    before, after = reading(RUNNING, "PASSED", "RUNNING"), reading(RUNNING, "PASSED", "RUNNING", "PENDING")
    assert [(change.item.code, change.previous_state) for change in changed_items(before, after)] == [
        ("check2", None)
    ]
    gone = replace(before, items=before.items[:1])
    assert changed_items(before, gone) == ()
    moved = replace(before, items=tuple(replace(item, ordinal=item.ordinal + 5) for item in before.items))
    assert changed_items(before, moved) == ()
    assert kind_of_change(before, after).value == "CHANGED"


async def test_a_stream_that_is_stopped_at_once_is_told_nothing_more() -> None:
    one = viewer()
    topic = topic_with(one)
    topic.take(reading(RUNNING, "PENDING"))
    one.stop_at_once(BadRequest("Enough."))
    topic.take(reading(RUNNING, "PASSED"))
    with pytest.raises(BadRequest, match="Enough"):
        await one.next()


async def test_what_remains_is_told_as_it_was_when_an_event_came() -> None:
    one = viewer(REFERENCE, OTHER)
    topic, other = topic_with(one), topic_with(one, reference=OTHER)
    topic.take(reading(RUNNING, "PENDING"))
    topic.end(one, 1800.0)
    other.end(one, 1800.0)
    assert [(kind, left) for kind, left, _ in await drained(one, 3)] == [
        ("SNAPSHOT", 2),
        ("PROBLEM", 1),
        ("PROBLEM", 0),
    ]
    assert await one.next() is None
