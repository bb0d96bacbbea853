"""What changed between two readings of one precheck. Pure."""

from collections.abc import Iterable

from msgspec.structs import replace

from resolvers.domain import Precheck, PrecheckItem, PrecheckItemChange
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


def joined_changes(*runs_of_changes: Iterable[PrecheckItemChange]) -> tuple[PrecheckItemChange, ...]:
    """Changes one after the other as one: an item's first previous state with its last item."""
    joined: dict[str, PrecheckItemChange] = {}
    for changes in runs_of_changes:
        for change in changes:
            first = joined.get(change.item.key, change)
            joined[change.item.key] = replace(first, item=change.item)
    return tuple(joined.values())


def _is_same(was: PrecheckItem, item: PrecheckItem) -> bool:
    return was == item or replace(was, ordinal=item.ordinal) == item
