"""The tracked prechecks as a list: filtered, ordered, paged; never calls a vendor for it."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import msgspec

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
    known = [snapshots.newest(reference, context.locale) for reference in await snapshots.tracked()]
    keyed = sorted((_sort_key(order, each), each) for each in known if _matches(context, filter, each))
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


def _matches(context: Context, filter: PrecheckFilter | None, precheck: Precheck) -> bool:
    if filter is None:
        return True
    vendor = context.services.providers[precheck.provider_id].card.vendor
    is_stale = precheck.freshness.source is PrecheckSnapshotSource.STALE
    return (
        _one_of(precheck.provider_id, filter.provider_ids)
        and _one_of(vendor, filter.vendors)
        and _one_of(precheck.task_id, filter.task_ids)
        and _one_of(precheck.purpose, filter.purposes)
        and _one_of(precheck.status, filter.statuses)
        and _one_of(precheck.verdict, filter.verdicts)
        and filter.stale in (None, is_stale)
        and (filter.updated_after is None or _is_after(precheck, filter))
    )


def _one_of(value: Any, accepted: Sequence[Any] | None) -> bool:
    return accepted is None or value in accepted


def _is_after(precheck: Precheck, filter: PrecheckFilter) -> bool:
    return (
        precheck.updated_at is not None
        and filter.updated_after is not None
        and precheck.updated_at > filter.updated_after
    )
