"""Live progress below GraphQL: mailboxes, topics and pace, without any clock but the test's."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from resolvers.clock import Clock
from resolvers.domain import Precheck, PrecheckEvent, PrecheckProblem
from resolvers.errors import BadRequest, Forbidden, InternalFault, Unreachable
from resolvers.live.cursor import Cursors, Position
from resolvers.live.diff import changed_items, kept_items, kind_of_change
from resolvers.live.poller import Pace
from resolvers.live.publisher import Publisher
from resolvers.live.topic import Topic
from resolvers.live.viewer import Viewer
from resolvers.reference import Reference
from resolvers.report import Report
from resolvers.verdict import continued
from resolvers.vocabulary import (
    PrecheckCategory,
    PrecheckItemState,
    PrecheckLocale,
    PrecheckSide,
    PrecheckStatus,
    PrecheckStreamEnd,
)

REFERENCE = Reference("drs", "job-1")
OTHER = Reference("dts", "dts-2")
NOW = datetime(2026, 11, 21, tzinfo=UTC)
RUNNING, COMPLETED = PrecheckStatus.RUNNING, PrecheckStatus.COMPLETED
DOWN = Unreachable("The vendor cannot be reached.").problem
FORBIDDEN = Forbidden("The credentials may not read this.").problem
OUR_FAULT = InternalFault("This server failed.").problem


def reading(
    status: PrecheckStatus, *states: str, reference: Reference = REFERENCE, seconds: float = 0.0
) -> Precheck:
    report = Report(reference, NOW + timedelta(seconds=seconds))
    for place, state in enumerate(states):
        report.add(
            code=f"check{place}",
            title=f"Check {place}",
            state=PrecheckItemState(state),
            category=PrecheckCategory.OTHER,
            side=PrecheckSide.SOURCE,
            side_inferred=False,
            vendor_state=state,
        )
    return report.close(status)


def topic_with(*viewers: Viewer, reference: Reference = REFERENCE, publisher: Publisher | None = None) -> Topic:
    topic = Topic(reference, Clock(), publisher or Publisher())
    for viewer in viewers:
        topic.join(viewer)
    return topic


def viewer(*references: Reference, until: str = "ALL_COMPLETED", position: Position | None = None) -> Viewer:
    watched = references or (REFERENCE,)
    return Viewer(watched, PrecheckStreamEnd(until), cursors(*watched), lambda *_: None, position)


def cursors(*references: Reference, process: str = "process") -> Cursors:
    return Cursors(process, references, PrecheckLocale.EN)


async def drained(viewer: Viewer, events: int) -> list[tuple[Any, ...]]:
    seen = []
    for _ in range(events):
        event = await viewer.next()
        assert event is not None
        changes = [
            (change.item.code, change.previous_state and change.previous_state.value) for change in event.changes
        ]
        seen.append((event.kind.value, event.remaining, changes))
    return seen


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


def test_pace_slows_while_nothing_changes_and_backs_off_from_trouble() -> None:
    pace = Pace(1.0, lambda: 0.5)
    waits = [pace.after_reading(changed=False, is_over=False) for _ in range(8)]
    assert waits[:3] == [1.5, 2.25, 3.375]
    assert waits[-1] == 10.0
    assert pace.after_reading(changed=True, is_over=False) == 1.0
    assert pace.after_reading(changed=True, is_over=True) == 10.0
    assert [pace.after_failure(DOWN) for _ in range(4)] == [2.0, 4.0, 5.0, 5.0]
    assert pace.after_failure(replace(DOWN, retry_after_seconds=10.0)) == 10.5
    assert pace.after_failure(replace(DOWN, retry_after_seconds=0.0)) == 5.0, "no time at all is none told"
    assert pace.after_reading(changed=True, is_over=False, is_stalled=True) == 30.0
    assert pace.after_reading(changed=False, is_over=False, is_stalled=False) == 10.0
    never_below_the_floor = Pace(60.0, lambda: 0.0)
    assert never_below_the_floor.after_reading(changed=True, is_over=False) == 60.0
    assert never_below_the_floor.after_failure(DOWN) == 60.0
    assert never_below_the_floor.after_failure(OUR_FAULT) == 60.0


@pytest.mark.parametrize("problem", [OUR_FAULT, FORBIDDEN])
def test_what_does_not_pass_by_itself_is_waited_for_longer(problem: PrecheckProblem) -> None:
    pace = Pace(1.0, lambda: 0.5)
    assert [pace.after_failure(problem) for _ in range(6)] == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_where_much_is_watched_each_waits_until_all_had_their_turn() -> None:
    pace = Pace(1.0, lambda: 0.5, lambda: 13.0)
    assert pace.after_reading(changed=True, is_over=False) == 13.0
    assert pace.after_failure(DOWN) == 13.0


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


async def test_a_stream_that_is_stopped_at_once_is_told_nothing_more() -> None:
    one = viewer()
    topic = topic_with(one)
    topic.take(reading(RUNNING, "PENDING"))
    one.stop_at_once(BadRequest("Enough."))
    topic.take(reading(RUNNING, "PASSED"))
    with pytest.raises(BadRequest, match="Enough"):
        await one.next()


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
