"""Readings of prechecks and who is told of them, for tests below GraphQL."""

from datetime import UTC, datetime, timedelta
from typing import Any

from resolvers.clock import Clock
from resolvers.domain import Precheck
from resolvers.errors import Unreachable
from resolvers.live.cursor import Cursors, Position
from resolvers.live.publisher import Publisher
from resolvers.live.topic import Topic
from resolvers.live.viewer import Viewer
from resolvers.reference import Reference
from resolvers.report import Report
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


def reading(
    status: PrecheckStatus,
    *states: str,
    reference: Reference = REFERENCE,
    at: datetime = NOW,
    seconds: float = 0.0,
) -> Precheck:
    """So many seconds after that instant; its checks have these states."""
    report = Report(reference, at + timedelta(seconds=seconds))
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
