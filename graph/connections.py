"""The configured providers as they run: connected at the start, exchanged when the provider file is read again."""

from collections.abc import Sequence
from typing import NamedTuple

import structlog

from graph.provider_file import urls_of
from graph.settings import ConfigurationError
from resolvers import registry
from resolvers.clock import Clock
from resolvers.metrics import introduce
from resolvers.upstream.address import is_public, target_of, told_by
from resolvers.upstream.contract import Provider, ProviderSettings
from resolvers.upstream.limiter import Limiter

Scope = tuple[str, str]
_log = structlog.get_logger()


class Exchange(NamedTuple):
    """What another provider file has changed: ids, and the providers that are not called any more.

    `moved` are ids that mean another place now or nothing, so that what was read under them is worth nothing.
    """

    changed: list[str]
    moved: list[str]
    retired: list[Provider]


class Connections:
    """One provider per table; connections that a vendor counts together share a limiter.

    A limiter is kept for ever: whatever is exchanged here, the vendor goes on counting.
    `providers` is one mapping for everyone, changed in place. Raises ConfigurationError where a table's keys do
    not go together or track what cannot be a reference.
    """

    def __init__(self, settings: Sequence[ProviderSettings], clock: Clock) -> None:
        self.providers: dict[str, Provider] = {}
        self._clock = clock
        self._limiters: dict[Scope, Limiter] = {}
        self.exchange(settings)

    def exchange(self, settings: Sequence[ProviderSettings]) -> Exchange:
        """Connect to what is new or changed and keep the rest as it is.

        Raises ConfigurationError, and has changed nothing then.
        """
        rates = _rates(settings)
        limiters = {scope: Limiter(rate, self._clock) for scope, rate in rates.items()} | self._limiters
        fresh = [each for each in settings if not self._is_known(each)]
        built = {each.id: _connected(each, limiters[_scope(each)], self._clock) for each in fresh}
        before = dict(self.providers)
        self.providers.clear()
        self.providers.update({each.id: built.get(each.id) or before[each.id] for each in settings})
        self._limiters = limiters
        for scope, rate in rates.items():
            limiters[scope].set_rate(rate)
        for provider_id in built:
            introduce(provider_id)
        gone = before.keys() - self.providers.keys()
        return Exchange(
            changed=sorted(built.keys() | gone),
            moved=sorted(gone | {each.id for each in fresh if _has_moved(before.get(each.id), each)}),
            retired=[provider for provider_id, provider in before.items() if provider_id in gone | built.keys()],
        )

    def _is_known(self, settings: ProviderSettings) -> bool:
        known = self.providers.get(settings.id)
        return known is not None and known.settings == settings


def connect(settings: Sequence[ProviderSettings], clock: Clock) -> dict[str, Provider]:
    """The providers by id. Raises ConfigurationError."""
    return Connections(settings, clock).providers


def _rates(settings: Sequence[ProviderSettings]) -> dict[Scope, float | None]:
    """For all that a vendor counts together, the lowest rate any of them asks for."""
    rates: dict[Scope, float | None] = {}
    for each in settings:
        scope = _scope(each)
        asked = each.limits.requests_per_second or registry.vendors()[each.vendor].requests_per_second
        rates[scope] = min(filter(None, (rates.get(scope), asked)), default=None)
    return rates


def _connected(settings: ProviderSettings, limiter: Limiter, clock: Clock) -> Provider:
    try:
        provider = registry.vendors()[settings.vendor](settings, limiter, clock)
    except ValueError as error:
        raise ConfigurationError(f"{error}") from None
    for external_id in settings.track:
        if why := provider.validate(external_id):
            raise ConfigurationError(f"provider {settings.id!r}: `track` has {external_id!r}: {why}")
    _warn(settings)
    return provider


def _warn(settings: ProviderSettings) -> None:
    if not settings.verify_tls:
        _log.warning("tls_not_verified", provider=settings.id)
    for key, url in urls_of(settings).items():
        if _is_open_to_read(url, settings):
            _log.warning("http_not_encrypted", provider=settings.id, key=key)


def _is_open_to_read(url: str, settings: ProviderSettings) -> bool:
    """Whether calls travel the internet as plain text; a name may be private only where that is allowed."""
    target = target_of(url)
    if target is None or target.scheme != "http":
        return False
    told = told_by(target.host)
    return is_public(told) if told is not None else not settings.allow_private


def _scope(settings: ProviderSettings) -> Scope:
    return (settings.vendor, registry.vendors()[settings.vendor].rate_scope(settings))


def _has_moved(before: Provider | None, settings: ProviderSettings) -> bool:
    return before is not None and _place(before.settings) != _place(settings)


def _place(settings: ProviderSettings) -> tuple[str, str, str | None]:
    return (settings.vendor, settings.base_url, settings.region)
