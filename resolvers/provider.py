"""Provider: how it behaves, and what is tracked of it; neither calls a vendor for it."""

from msgspec.structs import replace

from resolvers.context import Info
from resolvers.domain import PrecheckConnection, PrecheckFilter, Provider, ProviderHealth
from resolvers.listing import listed
from resolvers.vocabulary import PrecheckOrder


def health(provider: Provider, info: Info) -> ProviderHealth:
    """How the connection has behaved lately."""
    return info.context.provider(provider.id).health.shown()


async def prechecks(
    provider: Provider, info: Info, filter: PrecheckFilter | None, first: int | None, after: str | None
) -> PrecheckConnection:
    """The tracked prechecks of this provider, newest change first."""
    narrowed = replace(filter or PrecheckFilter(), provider_ids=_own(provider, filter))
    return await listed(info.context, narrowed, PrecheckOrder.UPDATED_DESC, first, after)


def _own(provider: Provider, filter: PrecheckFilter | None) -> tuple[str, ...]:
    asks_for_others = (
        filter is not None and filter.provider_ids is not None and provider.id not in filter.provider_ids
    )
    return () if asks_for_others else (provider.id,)
