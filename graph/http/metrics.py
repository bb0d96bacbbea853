"""`/metrics`: what this process counts, and how this product's providers are at the time of a scrape."""

from collections.abc import Iterable

from prometheus_client import REGISTRY, CollectorRegistry, make_asgi_app
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp

from graph.guard.authorization import Authority
from graph.http.refusals import not_admitted
from resolvers.caller import Caller, Right
from resolvers.context import Services
from resolvers.errors import NotPermitted, RequestError
from resolvers.vocabulary import ProviderState


class ProductCollector(Collector):
    """Metrics that are read from the services, not counted; reading them calls no vendor."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterable[Metric]:
        """The configured providers, their state now, and how much is watched."""
        yield self._info()
        yield self._states()
        watched = "Prechecks in a language that are polled because somebody watches them."
        yield GaugeMetricFamily("precheck_watched", watched, self._services.hub.topics)
        yield GaugeMetricFamily("precheck_viewers", "Streams that are open.", self._services.hub.viewers)

    def _info(self) -> Metric:
        info = InfoMetricFamily("precheck_provider", "Always 1: the configured providers and their vendors.")
        for provider in self._services.providers.values():
            info.add_metric((), {"provider": provider.id, "vendor": provider.settings.vendor})
        return info

    def _states(self) -> Metric:
        states = GaugeMetricFamily(
            "precheck_provider_state",
            "1 for the state a provider is in, as `Provider.health.state` shows it, 0 for the others.",
            labels=("provider", "state"),
        )
        for provider in self._services.providers.values():
            current = provider.health.shown().state
            for state in ProviderState:
                states.add_metric((provider.id, state.value), float(state is current))
        return states


def registry_of(services: Services) -> CollectorRegistry:
    """All that one product exposes: the process's own metrics are one of its collectors.

    The process has one registry but may hold several products, so what belongs to a product stays out of it.
    """
    registry = CollectorRegistry(auto_describe=True)
    registry.register(REGISTRY)
    registry.register(ProductCollector(services))
    return registry


def metrics_route(services: Services, authority: Authority | None) -> Route:
    """`/metrics` as Prometheus text or OpenMetrics, whichever is asked for; `authority` None lets everyone in."""
    exposition: ASGIApp = make_asgi_app(registry_of(services))

    # In the event loop, not in a thread: what is read here changes there.
    async def metrics(request: Request) -> ASGIApp:
        try:
            if authority is not None:
                _admit(await authority.caller(request.headers.get("authorization")))
        except RequestError as refusal:
            return not_admitted(refusal)
        return exposition

    return Route("/metrics", metrics)


def _admit(caller: Caller) -> None:
    """Raises NotPermitted for a caller for whom some of the providers do not exist: all of them are named."""
    if caller.providers is not None or Right.READ not in caller.rights:
        raise NotPermitted(
            "The metrics name all providers: they need the right `read` and a token that may see all."
        )
