"""Precheck: its provider and its items."""

from collections.abc import Sequence

from resolvers.context import Info
from resolvers.domain import Precheck, PrecheckItem, PrecheckItemFilter, Provider


def provider(precheck: Precheck, info: Info) -> Provider:
    """The connection it was read through."""
    return info.context.provider(precheck.provider_id).card


def items(precheck: Precheck, filter: PrecheckItemFilter | None) -> Sequence[PrecheckItem]:
    """Its items in the vendor's order, those that match."""
    if filter is None:
        return precheck.items
    needle = filter.search.casefold() if filter.search else None
    return [item for item in precheck.items if _matches(filter, item) and _mentions(item, needle)]


def blockers(precheck: Precheck) -> Sequence[PrecheckItem]:
    """The items that stand in the way: failed and not skipped."""
    return [item for item in precheck.items if item.blocking]


def _matches(filter: PrecheckItemFilter, item: PrecheckItem) -> bool:
    return (
        (filter.states is None or item.state in filter.states)
        and (filter.sides is None or item.side in filter.sides)
        and (filter.categories is None or item.category in filter.categories)
        and (filter.codes is None or item.code in filter.codes)
        and filter.blocking in (None, item.blocking)
        and filter.skipped in (None, item.skip.applied)
        and filter.skippable in (None, item.skip.allowed is True)
    )


def _mentions(item: PrecheckItem, needle: str | None) -> bool:
    if needle is None:
        return True
    texts = (item.title, item.code, item.reason, item.remedy.text if item.remedy else None)
    return any(needle in text.casefold() for text in texts if text)
