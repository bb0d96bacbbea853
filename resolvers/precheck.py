"""Precheck: its provider and its items."""

from collections.abc import Callable, Iterator, Sequence

from resolvers.arguments import one_of
from resolvers.context import Info
from resolvers.domain import Precheck, PrecheckItem, PrecheckItemFilter, Provider


def provider(precheck: Precheck, info: Info) -> Provider:
    """The connection it was read through."""
    return info.context.provider(precheck.provider_id).card


def items(precheck: Precheck, filter: PrecheckItemFilter | None) -> Sequence[PrecheckItem]:
    """Its items in the vendor's order, those that match."""
    matching: Sequence[PrecheckItem] = precheck.items
    for matches in _conditions(filter) if filter is not None else ():
        matching = [item for item in matching if matches(item)]
    return matching


def blockers(precheck: Precheck) -> Sequence[PrecheckItem]:
    """The items that stand in the way: failed and not skipped."""
    return [item for item in precheck.items if item.blocking]


def _conditions(filter: PrecheckItemFilter) -> Iterator[Callable[[PrecheckItem], bool]]:
    """What is asked for; conditions that are not given cost nothing."""
    yield from one_of("states", filter.states, lambda item: item.state)
    yield from one_of("sides", filter.sides, lambda item: item.side)
    yield from one_of("categories", filter.categories, lambda item: item.category)
    yield from one_of("codes", filter.codes, lambda item: item.code)
    if (blocking := filter.blocking) is not None:
        yield lambda item: item.blocking is blocking
    if (skipped := filter.skipped) is not None:
        yield lambda item: item.skip.applied is skipped
    if (skippable := filter.skippable) is not None:
        yield lambda item: (item.skip.allowed is True) is skippable
    if filter.search:
        needle = filter.search.casefold()
        yield lambda item: _mentions(item, needle)


def _mentions(item: PrecheckItem, needle: str) -> bool:
    texts = (item.title, item.code, item.reason, item.remedy.text if item.remedy else None)
    return any(needle in text.casefold() for text in texts if text)
