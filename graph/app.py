"""The composition root: settings become providers, providers the services, the services one ASGI app."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route, WebSocketRoute

from graph.guard.bearers import Bearers
from graph.guard.keys import Keys
from graph.http.endpoint import Endpoint
from graph.http.explorer import explorer_routes
from graph.http.probes import Readiness, probe_routes
from graph.schema import schema
from graph.settings import ConfigurationError, Settings
from resolvers import registry
from resolvers.clock import Clock
from resolvers.context import Services
from resolvers.live.hub import Hub
from resolvers.live.refresher import refresh
from resolvers.reference import Reference
from resolvers.snapshots import Snapshots
from resolvers.store.local import LocalStore
from resolvers.upstream.contract import Provider, ProviderSettings
from resolvers.upstream.limiter import Limiter


class Product(NamedTuple):
    """The services, and the app that serves them and ends them."""

    services: Services
    app: Starlette


def connect(settings: Sequence[ProviderSettings], clock: Clock) -> dict[str, Provider]:
    """One provider per table; connections that a vendor counts together share a limiter.

    Raises ConfigurationError where a table's keys do not go together or track what cannot be a reference.
    """
    limiters = _limiters(settings, clock)
    providers = {}
    for each in settings:
        vendor = registry.vendors()[each.vendor]
        try:
            provider = vendor(each, limiters[each.vendor, vendor.rate_scope(each)], clock)
        except ValueError as error:
            raise ConfigurationError(f"{error}") from None
        for external_id in each.track:
            if why := provider.validate(external_id):
                raise ConfigurationError(f"provider {each.id!r}: `track` has {external_id!r}: {why}")
        providers[each.id] = provider
    return providers


def _limiters(settings: Sequence[ProviderSettings], clock: Clock) -> dict[tuple[str, str], Limiter]:
    """One limiter for all connections that a vendor counts together, at the lowest rate any of them asks for."""
    rates: dict[tuple[str, str], float | None] = {}
    for each in settings:
        vendor = registry.vendors()[each.vendor]
        scope = (each.vendor, vendor.rate_scope(each))
        asked = each.limits.requests_per_second or vendor.requests_per_second
        rates[scope] = min(filter(None, (rates.get(scope), asked)), default=None)
    return {scope: Limiter(rate, clock) for scope, rate in rates.items()}


def build(
    settings: Settings, provider_settings: Sequence[ProviderSettings], clock: Clock | None = None
) -> Product:
    """Everything that serves, built but not started; must be called inside the event loop that serves it."""
    clock = clock or Clock()
    providers = connect(provider_settings, clock)
    snapshots = Snapshots(providers, LocalStore(), clock)
    snapshots.pin(Reference(each.id, external_id) for each in provider_settings for external_id in each.track)
    hub = Hub(snapshots, clock, settings.stream_deadline_seconds)
    services = Services(providers, snapshots, hub, clock, settings.max_references)
    readiness = Readiness()
    bearers = _bearers(settings, clock)
    endpoint = Endpoint(services, schema, settings.origins, bearers)
    refreshed = [(each.id, each.refresh_seconds) for each in provider_settings if each.refresh_seconds > 0]

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        refreshing = [asyncio.create_task(refresh(snapshots, *each, clock)) for each in refreshed]
        readiness.is_ready = True
        yield
        readiness.is_ready = False
        for task in refreshing:
            task.cancel()
        await hub.close()
        await snapshots.close()
        await asyncio.gather(*(provider.close() for provider in providers.values()))
        if bearers is not None:
            await bearers.close()

    app = Starlette(
        routes=[
            Route("/graphql", endpoint),
            WebSocketRoute("/graphql", endpoint),
            *explorer_routes(),
            *probe_routes(readiness),
        ],
        middleware=[_cors(settings.origins)] if settings.origins else [],
        lifespan=lifespan,
    )
    return Product(services, app)


def _bearers(settings: Settings, clock: Clock) -> Bearers | None:
    if not settings.jwks_url:
        return None
    return Bearers(Keys(settings.jwks_url, clock), settings.jwt_issuer, settings.jwt_audience, clock)


def _cors(origins: Sequence[str]) -> Middleware:
    return Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type", "apollo-require-preflight"],
    )
