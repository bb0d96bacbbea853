"""The tracked prechecks as a list: filtered, ordered, paged; never calls a vendor for it."""

import base64
import binascii
from collections.abc import Callable, Iterator

import msgspec

from resolvers.arguments import one_of
from resolvers.context import Context
from resolvers.domain import PageInfo, Precheck, PrecheckConnection, PrecheckEdge, PrecheckFilter
from resolvers.errors import BadRequest
from resolvers.vocabulary import PrecheckOrder, PrecheckSnapshotSource, PrecheckVerdict

DEFAULT_PAGE = 50
LARGEST_PAGE = 100
_WORST_FIRST = {verdict: rank for rank, verdict in enumerate(PrecheckVerdict)}

SortKey = tuple[str, float, str, str]


async def listed(
    context: Context, filter: PrecheckFilter | None, order: PrecheckOrder, first: int | None, after: str | None
) -> PrecheckConnection:
    """One page. A place in the list is a sort key, so that pages fit together while the list changes."""
    size = _page_size(first)
    start = None if after is None else _place(after, order)
    snapshots = context.services.snapshots
    providers = context.providers
    known = [
        snapshots.newest(reference, context.locale)
        for reference in await snapshots.tracked()
        if reference.provider_id in providers
    ]
    for matches in _conditions(context, filter) if filter is not None else ():
        known = [each for each in known if matches(each)]
    keyed = sorted((_sort_key(order, each), each) for each in known)
    rest = keyed if start is None else [entry for entry in keyed if entry[0] > start]
    page = rest[:size]
    edges = tuple(PrecheckEdge(cursor=_cursor(key), node=context.show(node)) for key, node in page)
    return PrecheckConnection(
        edges=edges,
        nodes=tuple(edge.node for edge in edges),
        page_info=PageInfo(
            has_next_page=len(rest) > size,
            has_previous_page=len(rest) < len(keyed),
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
        total_count=len(keyed),
    )


def _page_size(first: int | None) -> int:
    if first is None:
        return DEFAULT_PAGE
    if not 0 <= first <= LARGEST_PAGE:
        raise BadRequest(f"`first` is {first}; it takes 0 to {LARGEST_PAGE}. `after` goes on where a page ended.")
    return first


def _sort_key(order: PrecheckOrder, precheck: Precheck) -> SortKey:
    """Comparable, and different for every precheck of a list."""
    rank = 0.0
    if order is PrecheckOrder.UPDATED_DESC:
        rank = -precheck.updated_at.timestamp() if precheck.updated_at else 0.0
    elif order is PrecheckOrder.VERDICT_WORST_FIRST:
        rank = float(_WORST_FIRST[precheck.verdict])
    return (order.value, rank, precheck.provider_id, precheck.external_id)


def _cursor(key: SortKey) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def _place(cursor: str, order: PrecheckOrder) -> SortKey:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key: SortKey = msgspec.json.decode(text, type=SortKey)
    except (binascii.Error, ValueError):
        raise BadRequest("`after` takes an `endCursor` or a `cursor` of this list.") from None
    if key[0] != order.value:
        raise BadRequest("`after` comes from a list in another order; keep `orderBy` while you page.")
    return key


def _conditions(context: Context, filter: PrecheckFilter) -> Iterator[Callable[[Precheck], bool]]:
    """What is asked for; conditions that are not given cost nothing."""
    providers = context.providers
    yield from one_of("providerIds", filter.provider_ids, lambda precheck: precheck.provider_id)
    yield from one_of("vendors", filter.vendors, lambda precheck: providers[precheck.provider_id].card.vendor)
    yield from one_of("taskIds", filter.task_ids, lambda precheck: precheck.task_id)
    yield from one_of("purposes", filter.purposes, lambda precheck: precheck.purpose)
    yield from one_of("statuses", filter.statuses, lambda precheck: precheck.status)
    yield from one_of("verdicts", filter.verdicts, lambda precheck: precheck.verdict)
    if (stale := filter.stale) is not None:
        yield lambda precheck: (precheck.freshness.source is PrecheckSnapshotSource.STALE) is stale
    if (updated_after := filter.updated_after) is not None:
        yield lambda precheck: precheck.updated_at is not None and precheck.updated_at > updated_after
