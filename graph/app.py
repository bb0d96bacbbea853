"""The composition root: settings become providers, providers the services, the services one ASGI app."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Container, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from graph.admission import Policy
from graph.connections import Connections
from graph.execution.served import executor_class
from graph.guard.allowances import Allowances
from graph.guard.authorization import Authority
from graph.guard.bearers import Bearers
from graph.guard.claims import Claims, these_or_all
from graph.guard.keys import Keys
from graph.guard.limits import Limits
from graph.guard.tokens import Listed, Tokens
from graph.guard.trusted import ManifestError, Trusted, read_manifest
from graph.http.compression import compression
from graph.http.drain import Drain
from graph.http.elsewhere import failed, guarded, not_served
from graph.http.endpoint import Endpoint, Protocol
from graph.http.envelope import STREAM_HEADER
from graph.http.explorer import explorer_routes
from graph.http.hosts import Hosts
from graph.http.metrics import metrics_route
from graph.http.probes import Readiness, probe_routes, root_route
from graph.http.pulse import Heartbeats
from graph.http.refusals import refused
from graph.http.watchdog import Watchdog
from graph.operation import OperationSchema
from graph.schema import schema
from graph.settings import PREFIX, ConfigurationError, Settings, TrustedDocuments, words_of
from graph.token_file import read_tokens
from resolvers.caller import Right
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

_PATH = "/graphql"


class Product(NamedTuple):
    """The services, the app that serves them and ends them, the way out, and those to other files.

    `reload` gives the ids of the providers that are new, changed or gone; the others are not touched. It raises
    ConfigurationError and has changed nothing then. `admit` has these bearer tokens known, and no others. Call
    both inside the event loop, once the app has started.
    """

    services: Services
    app: Starlette
    drain: Drain
    reload: Callable[[Sequence[ProviderSettings]], list[str]]
    admit: Callable[[Sequence[Listed]], None]


def build(
    settings: Settings,
    provider_settings: Sequence[ProviderSettings],
    clock: Clock | None = None,
    heartbeats: Heartbeats = Heartbeats(),  # noqa: B008  # it cannot be changed
    schema: OperationSchema = schema,
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
    authority = _authority(settings, clock, providers)
    executed = _executed(schema, settings, clock)
    endpoint = Endpoint(services, executed, authority, readiness, heartbeats, _protocol(settings))
    drain = Drain(readiness, endpoint.restart, hub)

    def reload(fresh: Sequence[ProviderSettings]) -> list[str]:
        exchange = connections.exchange(fresh)
        snapshots.follow(_tracked(fresh), exchange.moved)
        hub.forget(exchange.moved)
        refresher.follow(_refreshed(fresh))
        for provider in exchange.retired:
            task = asyncio.create_task(_retire(provider, snapshots))
            retiring.add(task)
            task.add_done_callback(retiring.discard)
        return exchange.changed

    def admit(listed: Sequence[Listed]) -> None:
        if isinstance(authority, Tokens):
            authority.exchange(listed)

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
        if authority is not None:
            await authority.close()

    explorer = (root_route(), *explorer_routes()) if settings.explorer else ()
    app = App(
        endpoint,
        _hosts(settings),
        routes=[
            Route(_PATH, endpoint, middleware=[compression()]),
            WebSocketRoute(_PATH, endpoint),
            *explorer,
            *probe_routes(readiness),
            metrics_route(services, None if settings.open_metrics else authority),
        ],
        middleware=[_cors(settings.origins)] if settings.origins else [],
        exception_handlers={HTTPException: not_served, Exception: failed},
        lifespan=lifespan,
    )
    return Product(services, app, drain, reload, admit)


class App(Starlette):
    """Starlette's application; a socket goes straight to its endpoint.

    What stands in between does nothing for sockets, and would be held for each of thousands. `hosts` None lets
    clients call this server by any name.
    """

    def __init__(self, endpoint: Endpoint, hosts: Hosts | None, **parts: Any) -> None:
        super().__init__(**parts)
        self.router.redirect_slashes = False
        self._endpoint = endpoint
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, one socket, or the lifespan."""
        if scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
        elif self._hosts is not None and (refusal := self._hosts.refusal(scope["headers"])):
            await refused(refusal)(scope, receive, send)
        elif scope["path"] != _PATH:
            await super().__call__(scope, receive, guarded(send))
        elif scope["type"] == "websocket":
            await self._endpoint(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def limits_of(settings: Settings) -> Limits:
    """What one operation may be and ask for."""
    return msgspec.convert(settings, Limits, from_attributes=True)


def _executed(schema: OperationSchema, settings: Settings, clock: Clock) -> OperationSchema:
    per_minute = settings.max_cost_per_minute
    allowances = Allowances(per_minute, clock) if per_minute else None
    mode, path = settings.trusted_documents, settings.trusted_documents_file
    try:
        trusted = Trusted(
            read_manifest(Path(path)) if path else {},
            only=mode is TrustedDocuments.ONLY,
            logs=mode is TrustedDocuments.LOG,
        )
        policy = Policy(limits_of(settings), trusted, allowances, settings.operation_seconds)
        return schema.executed_by(executor_class(settings.compiled_execution), policy)
    except ManifestError as error:
        raise ConfigurationError(f"{PREFIX}TRUSTED_DOCUMENTS_FILE: {error}") from None


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


def _authority(settings: Settings, clock: Clock, providers: Container[str]) -> Authority | None:
    if settings.tokens_file:
        return Tokens(read_tokens(Path(settings.tokens_file)), clock, providers)
    if not settings.jwks_url:
        return None
    claims = Claims(
        settings.jwt_providers_claim,
        settings.jwt_rights_claim,
        these_or_all(frozenset(words_of(settings.jwt_default_providers))),
        frozenset(map(Right, words_of(settings.jwt_default_rights))),
    )
    return Bearers(Keys(settings.jwks_url, clock), settings.jwt_issuer, settings.jwt_audience, clock, claims)


def _protocol(settings: Settings) -> Protocol:
    return Protocol(
        settings.origins,
        settings.explorer,
        settings.draft_status_codes,
        settings.init_seconds,
        settings.max_streams_per_socket,
    )


def _hosts(settings: Settings) -> Hosts | None:
    """Who has to bring a token cannot be led here by a page that has none."""
    if settings.knows_clients:
        return None
    return Hosts([settings.host, *words_of(settings.hosts)])


def _cors(origins: Sequence[str]) -> Middleware:
    return Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=["authorization", "content-type", "apollo-require-preflight", STREAM_HEADER],
    )
