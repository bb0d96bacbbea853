"""The composition root: settings become providers, providers the services, the services one ASGI app."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import NamedTuple

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route, WebSocketRoute

from graph.connections import Connections
from graph.execution.served import executor_class
from graph.guard.bearers import Bearers
from graph.guard.keys import Keys
from graph.http.compression import compression
from graph.http.drain import Drain
from graph.http.endpoint import Endpoint
from graph.http.explorer import explorer_routes
from graph.http.metrics import metrics_route
from graph.http.probes import Readiness, probe_routes
from graph.http.watchdog import Watchdog
from graph.schema import schema
from graph.settings import Settings
from resolvers.clock import Clock
from resolvers.context import Services
from resolvers.live.hub import Hub
from resolvers.live.places import Places
from resolvers.live.refresher import Refresher
from resolvers.metrics import show_breaker
from resolvers.reference import Reference
from resolvers.snapshots import Snapshots
from resolvers.store.local import LocalStore
from resolvers.upstream.contract import Provider, ProviderSettings
from resolvers.vocabulary import ProviderState


class Product(NamedTuple):
    """The services, the app that serves them and ends them, the way out, and that to another provider file.

    `reload` gives the ids of the providers that are new, changed or gone; the others are not touched. It raises
    ConfigurationError, and has changed nothing then. Call it inside the event loop, once the app has started.
    """

    services: Services
    app: Starlette
    drain: Drain
    reload: Callable[[Sequence[ProviderSettings]], list[str]]


def build(
    settings: Settings, provider_settings: Sequence[ProviderSettings], clock: Clock | None = None
) -> Product:
    """Everything that serves, built but not started; must be called inside the event loop that serves it."""
    clock = clock or Clock()
    connections = Connections(provider_settings, clock)
    providers = connections.providers
    snapshots = Snapshots(providers, LocalStore(), clock)
    snapshots.pin(_tracked(provider_settings))
    hub = Hub(snapshots, clock, settings.stream_deadline_seconds)
    places = Places(settings.max_streams, settings.max_streams_per_client)
    services = Services(providers, snapshots, hub, clock, settings.max_references, places)
    refresher = Refresher(snapshots, clock)
    retiring: set[asyncio.Task[None]] = set()
    watchdog = Watchdog(clock)
    readiness = Readiness(watchdog)
    bearers = _bearers(settings, clock)
    executed = schema.executed_by(executor_class(settings.compiled_execution), settings.max_cost)
    endpoint = Endpoint(services, executed, settings.origins, bearers, readiness)
    drain = Drain(readiness, endpoint.sockets, hub)

    def reload(fresh: Sequence[ProviderSettings]) -> list[str]:
        exchange = connections.exchange(fresh)
        snapshots.follow(_tracked(fresh), exchange.moved)
        refresher.follow(_refreshed(fresh))
        for provider in exchange.retired:
            task = asyncio.create_task(_retire(provider, snapshots))
            retiring.add(task)
            task.add_done_callback(retiring.discard)
        return exchange.changed

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        watching = asyncio.create_task(watchdog.watch())
        refresher.follow(_refreshed(provider_settings))
        readiness.is_serving = True
        yield
        readiness.is_serving = False
        watching.cancel()
        await refresher.close()
        await hub.close()
        await snapshots.close()
        await asyncio.gather(*retiring, *(provider.close() for provider in providers.values()))
        if bearers is not None:
            await bearers.close()

    app = Starlette(
        routes=[
            Route("/graphql", endpoint, middleware=[compression()]),
            WebSocketRoute("/graphql", endpoint),
            *explorer_routes(),
            *probe_routes(readiness),
            metrics_route(services),
        ],
        middleware=[_cors(settings.origins)] if settings.origins else [],
        lifespan=lifespan,
    )
    return Product(services, app, drain, reload)


def _tracked(settings: Sequence[ProviderSettings]) -> Iterator[Reference]:
    return (Reference(each.id, external_id) for each in settings for external_id in each.track)


def _refreshed(settings: Sequence[ProviderSettings]) -> dict[str, float]:
    return {each.id: each.refresh_seconds for each in settings if each.refresh_seconds > 0}


async def _retire(provider: Provider, snapshots: Snapshots) -> None:
    await snapshots.finished(provider)
    # Its breaker may have opened under an id that is another connection's by now, or nobody's.
    current = snapshots.providers.get(provider.id)
    is_open = current is not None and current.health.shown().state is ProviderState.DOWN
    show_breaker(provider.id, is_open=is_open)
    await provider.close()


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
