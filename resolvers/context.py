"""What a resolver may reach, for one operation or one event of a stream."""

from collections.abc import Hashable, Mapping
from typing import NamedTuple

import strawberry

from resolvers.caller import Caller, seen_by
from resolvers.clock import Clock
from resolvers.domain import Precheck, PrecheckEvent, PrecheckItem
from resolvers.errors import ProblemShown, unknown_provider
from resolvers.live.hub import Hub
from resolvers.live.places import Places
from resolvers.loaders import Loaders
from resolvers.snapshots import Snapshots
from resolvers.upstream.contract import Provider
from resolvers.vocabulary import PrecheckLocale


class Services(NamedTuple):
    """What lives as long as the process."""

    providers: Mapping[str, Provider]
    snapshots: Snapshots
    hub: Hub
    clock: Clock
    most_references: int
    places: Places


class Context:
    """One operation's view of the services: its caller, its language, its loaders, the snapshots it has shown.

    `caller` is None where clients are not authenticated. `client` is who its streams are counted for.
    """

    def __init__(
        self, services: Services, locale: PrecheckLocale, caller: Caller | None = None, client: str = ""
    ) -> None:
        self.services = services
        self.locale = locale
        self.caller = caller
        self.client = client
        self.loaders = Loaders(services.snapshots, self.providers)
        self._shown: dict[str, list[Precheck]] = {}

    def for_operation(self) -> "Context":
        """A context that shares nothing with other operations on the same socket."""
        return Context(self.services, self.locale, self.caller, self.client)

    def for_event(self, event: PrecheckEvent) -> "Context":
        """A context that one event of a stream is answered with: nothing was loaded before it."""
        context = self.for_operation()
        if event.precheck is not None:
            context.show(event.precheck)
        return context

    @property
    def view(self) -> Hashable:
        """What two operations share that are answered alike: the language, and what their callers may see."""
        return self.locale, self.caller and (self.caller.providers, self.caller.rights)

    @property
    def providers(self) -> Mapping[str, Provider]:
        """The providers that exist for the caller. Whoever answers it asks this, never the services."""
        return seen_by(self.caller, self.services.providers)

    def provider(self, provider_id: str) -> Provider:
        """A provider that existed when this operation began. Raises ProblemShown where it is gone since."""
        provider = self.providers.get(provider_id)
        if provider is None:
            raise ProblemShown(unknown_provider(provider_id))
        return provider

    def show(self, precheck: Precheck) -> Precheck:
        """Remember a snapshot that this operation answers with, so that its items find it again."""
        self._shown.setdefault(precheck.id, []).append(precheck)
        return precheck

    def shown_with(self, item: PrecheckItem) -> Precheck | None:
        """The very snapshot that an item was read from."""
        snapshots = self._shown.get(item.precheck_id, [])
        return next((each for each in snapshots if _holds(each, item)), snapshots[-1] if snapshots else None)


Info = strawberry.Info[Context, None]


def _holds(precheck: Precheck, item: PrecheckItem) -> bool:
    return item.ordinal < len(precheck.items) and precheck.items[item.ordinal] is item
