"""What there is to tell of a precheck, and what changed between two readings of it. Pure."""

import operator
from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from resolvers.domain import Precheck, PrecheckEvent, PrecheckItem, PrecheckItemChange
from resolvers.vocabulary import PrecheckEventKind


def kind_of_change(before: Precheck, after: Precheck) -> PrecheckEventKind:
    """Why an event is due between these two."""
    if after.status.is_final and (not before.status.is_final or after.run > before.run):
        return PrecheckEventKind.COMPLETED
    return PrecheckEventKind.RESTARTED if after.run > before.run else PrecheckEventKind.CHANGED


def changed_items(before: Precheck, after: Precheck) -> tuple[PrecheckItemChange, ...]:
    """Items whose state, skip or text differ, in the order of the later reading."""
    earlier = {item.key: item for item in before.items}
    return tuple(
        PrecheckItemChange(item=item, previous_state=was.state if was else None)
        for item in after.items
        if (was := earlier.get(item.key)) is None or not _is_same(was, item)
    )


def kept_items(before: Precheck, after: Precheck) -> Precheck:
    """The later reading with the very items of the earlier one where they are equal: most stay what they were."""
    earlier = {item.key: item for item in before.items}
    items = tuple(was if (was := earlier.get(item.key)) == item else item for item in after.items)
    is_same = len(items) == len(before.items) and all(map(operator.is_, items, before.items))
    return replace(after, items=before.items if is_same else items)


def first_events(precheck: Precheck, at: datetime) -> tuple[PrecheckEvent, ...]:
    """What a viewer is told who knows nothing yet: the state, and that the run is over where it is."""
    event = PrecheckEvent(kind=PrecheckEventKind.SNAPSHOT, cursor="", at=at, precheck=precheck)
    is_over = precheck.status.is_final
    return (event, replace(event, kind=PrecheckEventKind.COMPLETED)) if is_over else (event,)


def with_gap(events: Sequence[PrecheckEvent]) -> list[PrecheckEvent]:
    """The same, to a viewer that may have missed changes before them."""
    return [replace(event, gap=event is events[0]) for event in events]


def _is_same(was: PrecheckItem, item: PrecheckItem) -> bool:
    return was == item or replace(was, ordinal=item.ordinal) == item
