"""What changed between two readings of one precheck. Pure."""

import itertools
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


def joined_changes(
    items: Iterable[PrecheckItem], *runs_of_changes: Iterable[PrecheckItemChange]
) -> tuple[PrecheckItemChange, ...]:
    """Changes one after the other as one: each item as it is now, with its first previous state.

    `items` are those after the last change; what has vanished since it changed is left out.
    """
    newest = {item.key: item for item in items}
    joined: dict[str, PrecheckItemChange] = {}
    for change in itertools.chain(*runs_of_changes):
        if change.item.key in newest:
            joined.setdefault(change.item.key, replace(change, item=newest[change.item.key]))
    return tuple(joined.values())


def _is_same(was: PrecheckItem, item: PrecheckItem) -> bool:
    return was == item or replace(was, ordinal=item.ordinal) == item
