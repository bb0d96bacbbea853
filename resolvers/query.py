"""Query: prechecks by id, by vendors' identifiers, as a list; providers; entities."""

import asyncio
from collections.abc import Awaitable, Collection, Sequence
from typing import TypeAlias

from resolvers import errors
from resolvers.arguments import locale_of, max_age_of, reference_from, within_limit
from resolvers.context import Context, Info
from resolvers.domain import (
    Precheck,
    PrecheckConnection,
    PrecheckFilter,
    PrecheckItem,
    PrecheckLookup,
    PrecheckProblem,
    PrecheckRef,
    Provider,
)
from resolvers.listing import listed
from resolvers.reference import Reference, item_reference_of, reference_of
from resolvers.turns import Turn
from resolvers.vocabulary import PrecheckLocale, PrecheckOrder, ProviderCapability

# At once where a kept answer will do: an awaitable costs an operation several turns of the event loop.
Shown: TypeAlias = Precheck | Awaitable[Precheck]


def precheck(info: Info, id: str, locale: PrecheckLocale | None, max_age_seconds: int | None) -> Shown:
    """One precheck by the id this API gave it. Raises ProblemShown when there is nothing to show."""
    reference = reference_of(id)
    if reference is None:
        raise errors.ProblemShown(errors.unreadable_id(id))
    return _shown(info.context, reference, locale, max_age_of(max_age_seconds))


async def lookup_prechecks(
    info: Info, refs: Sequence[PrecheckRef], locale: PrecheckLocale | None, max_age_seconds: int | None
) -> list[PrecheckLookup]:
    """Many prechecks in the order asked; trouble with one stands beside the others' answers."""
    context = info.context
    within_limit(context, "refs", refs)
    max_age = max_age_of(max_age_seconds)
    language = locale_of(context, locale)
    known = await _known(context, refs, language, max_age)
    # Without a pause, for what is asked for in one turn of the event loop goes into the same calls.
    found = [
        each if isinstance(each, PrecheckLookup) else context.loaders.look_up(each, language, max_age)
        for each in known
    ]
    under_way = [each for each in found if isinstance(each, asyncio.Future)]
    if under_way:
        await asyncio.wait(under_way)
    lookups = [each.result() if isinstance(each, asyncio.Future) else each for each in found]
    for lookup in lookups:
        if lookup.precheck is not None:
            context.show(lookup.precheck)
    return lookups


async def prechecks(
    info: Info,
    filter: PrecheckFilter | None,
    order_by: PrecheckOrder | None,
    first: int | None,
    after: str | None,
) -> PrecheckConnection:
    """The tracked prechecks, from snapshots."""
    return await listed(info.context, filter, order_by or PrecheckOrder.UPDATED_DESC, first, after)


def precheck_providers(info: Info, supporting: Collection[ProviderCapability] | None) -> list[Provider]:
    """The configured providers that have every capability asked for."""
    asked = set(supporting or ())
    return [provider.card for provider in info.context.providers.values() if asked <= provider.capabilities]


def precheck_provider(info: Info, id: str) -> Provider | None:
    """One configured provider, None if none has this id."""
    provider = info.context.providers.get(id)
    return provider.card if provider else None


def precheck_entity(info: Info, id: str | None, provider_id: str | None, external_id: str | None) -> Shown:
    """A precheck for a gateway, by either key. Raises ProblemShown when there is nothing to show."""
    reference = reference_from(PrecheckRef(id=id, provider_id=provider_id, external_id=external_id))
    if isinstance(reference, PrecheckProblem):
        raise errors.ProblemShown(reference)
    return _shown(info.context, reference, None, max_age_of(None))


def provider_entity(info: Info, id: object) -> Provider:
    """A provider for a gateway. Raises ProblemShown when none has this id."""
    if not isinstance(id, str):
        raise errors.BadRequest("A Provider is named by `id`.")
    found = precheck_provider(info, id)
    if found is None:
        raise errors.ProblemShown(errors.unknown_provider(id))
    return found


async def item_entity(info: Info, id: object) -> PrecheckItem | None:
    """An item for a gateway, from its precheck's snapshot."""
    found = item_reference_of(id) if isinstance(id, str) else None
    if found is None:
        raise errors.ProblemShown(errors.unreadable_item_id(id))
    reference, key = found
    shown = _shown(info.context, reference, None, max_age_of(None))
    snapshot = shown if isinstance(shown, Precheck) else await shown
    item = next((item for item in snapshot.items if item.key == key), None)
    if item is None:
        gone = errors.NotFound("The precheck lists no such item any more.", provider_id=reference.provider_id)
        raise errors.ProblemShown(gone.problem)
    return item


def _shown(context: Context, reference: Reference, locale: PrecheckLocale | None, max_age_seconds: float) -> Shown:
    found = context.loaders.look_up(reference, locale_of(context, locale), max_age_seconds)
    if isinstance(found, PrecheckLookup):
        return _precheck_of(context, reference, found)
    return _shown_later(context, reference, found)


async def _shown_later(context: Context, reference: Reference, found: asyncio.Future[PrecheckLookup]) -> Precheck:
    return _precheck_of(context, reference, await found)


def _precheck_of(context: Context, reference: Reference, lookup: PrecheckLookup) -> Precheck:
    if lookup.precheck is None:
        raise errors.ProblemShown(lookup.problem or errors.unreadable_id(reference.id))
    return context.show(lookup.precheck)


async def _known(
    context: Context, refs: Sequence[PrecheckRef], locale: PrecheckLocale, max_age_seconds: float
) -> list[PrecheckLookup | Reference]:
    """What can be said without waiting, and the references that have to be asked about."""
    known: list[PrecheckLookup | Reference] = []
    turn = Turn()
    for ref in refs:
        if turn.is_over():
            await turn.give()
        reference = reference_from(ref)
        if isinstance(reference, PrecheckProblem):
            known.append(PrecheckLookup(ref=ref, problem=reference))
        else:
            known.append(context.loaders.at_hand(reference, locale, max_age_seconds) or reference)
    return known
