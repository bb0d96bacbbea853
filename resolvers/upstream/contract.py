"""What a provider module gives: its settings, what it can do, and one way to ask its vendor."""

import functools
import hmac
import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec

from resolvers.clock import Clock
from resolvers.domain import Precheck, ProviderLimits
from resolvers.domain import Provider as ProviderCard
from resolvers.metrics import READINGS
from resolvers.upstream.breaker import OPEN_SECONDS
from resolvers.upstream.connection import Connection
from resolvers.upstream.limiter import Limiter
from resolvers.upstream.manners import Manners
from resolvers.upstream.manners import Outcome as Outcome
from resolvers.upstream.transport import Route
from resolvers.upstream.trust import Authorities
from resolvers.upstream.words import UnknownWords
from resolvers.vocabulary import PrecheckLocale, ProviderCapability


class Secret:
    """A value that is never shown: not in logs, not in errors, not by `repr`."""

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the one place that signs or sends it."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(***)"


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[provider.limits]`: what is not given is the vendor's documented or a careful default."""

    requests_per_second: float | None = None
    concurrency: int | None = None
    poll_seconds: float | None = None
    timeout_seconds: float | None = None
    breaker_seconds: float | None = None


class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys that every `[[provider]]` table takes; a provider module adds its own by subclassing.

    A key that ends in `_url` is an address to call, and is checked as `base_url` is.
    """

    id: str
    vendor: str
    base_url: str
    name: str | None = None
    region: str | None = None
    track: tuple[str, ...] = ()
    refresh_seconds: float = 0.0
    allow_private: bool = False
    proxy: str | None = None
    ca_file: Authorities | None = None
    verify_tls: bool = True
    limits: LimitSettings = msgspec.field(default_factory=LimitSettings)

    @property
    def route(self) -> Route:
        """Which way the calls of this connection go."""
        return Route(self.allow_private, self.proxy, self.ca_file, self.verify_tls)


class Provider(ABC):
    """One configured connection to a vendor: region, account and credentials.

    A module of `resolvers.providers` holds exactly one concrete subclass. It fills in the class
    attributes, refuses nonsense in `validate`, and asks its vendor in `ask`.
    """

    settings_type: ClassVar[type[ProviderSettings]]
    capabilities: ClassVar[frozenset[ProviderCapability]]
    locales: ClassVar[tuple[PrecheckLocale, ...]] = (PrecheckLocale.EN,)
    batch_size: ClassVar[int] = 1
    requests_per_second: ClassVar[float | None] = None
    concurrency: ClassVar[int] = 8
    poll_seconds: ClassVar[float] = 1.0
    timeout_seconds: ClassVar[float] = 8.0
    # A well-formed external id that names nothing, to try credentials with.
    probe_external_id: ClassVar[str]

    def __init__(self, settings: ProviderSettings, limiter: Limiter, clock: Clock) -> None:
        self.id = settings.id
        self.settings = settings
        self.clock = clock
        limits = settings.limits
        self.limits = ProviderLimits(
            requests_per_second=limits.requests_per_second or self.requests_per_second,
            batch_size=self.batch_size,
            concurrency=limits.concurrency or self.concurrency,
            poll_seconds=limits.poll_seconds or self.poll_seconds,
        )
        self.connection = Connection(
            provider_id=settings.id,
            base_url=settings.base_url,
            timeout_seconds=limits.timeout_seconds or self.timeout_seconds,
            concurrency=self.limits.concurrency,
            limiter=limiter,
            clock=clock,
            route=settings.route,
        )
        for name in settings.__struct_fields__:
            if isinstance(secret := getattr(settings, name), Secret):
                self.connection.censor.learn(name, secret.reveal())
        self.manners = Manners(self.connection, clock, limits.breaker_seconds or OPEN_SECONDS)
        self.health = self.manners.health
        self._words = UnknownWords(settings.id)
        self._answered = READINGS.labels(settings.id, "answered")

    @classmethod
    def rate_scope(cls, settings: ProviderSettings) -> str:
        """What the vendor counts calls by; connections with an equal scope share one limiter."""
        return settings.id

    @functools.cached_property
    def card(self) -> ProviderCard:
        """What everyone may know of this connection."""
        return ProviderCard(
            id=self.id,
            vendor=self.settings.vendor,
            name=self.settings.name or self.id,
            region=self.settings.region,
            capabilities=tuple(capability for capability in ProviderCapability if capability in self.capabilities),
            locales=self.locales,
            limits=self.limits,
        )

    @abstractmethod
    def validate(self, external_id: str) -> str | None:
        """Why this cannot be an identifier of this vendor, in the user's words; None if it can be one."""

    @abstractmethod
    async def ask(self, external_ids: Sequence[str], locale: PrecheckLocale) -> Mapping[str, Outcome]:
        """Ask the vendor once about at most `batch_size` different identifiers, all of them valid.

        Answers may be partial and in any order; what is missing is NOT_FOUND. Trouble with one
        identifier is a `PrecheckProblem` under it; trouble with the whole call raises a
        `PrecheckError`. Cancelling the call leaves the connection usable.
        """

    async def fetch(self, external_ids: Sequence[str], locale: PrecheckLocale) -> dict[str, Outcome]:
        """One outcome for each identifier, whatever happens: a failure is data, never an exception.

        At most `batch_size` different identifiers, all of them valid; one vendor call, and another one for
        what is worth it: see `Manners`.
        """
        outcomes = await self.manners.read(external_ids, lambda asked: self.ask(asked, locale))
        for outcome in outcomes.values():
            if isinstance(outcome, Precheck):
                self._words.count(outcome)
                self._answered.inc()
            else:
                READINGS.labels(self.id, outcome.code.value.lower()).inc()
        return outcomes

    async def close(self) -> None:
        """Close the connections to the vendor."""
        await self.connection.close()

    @classmethod
    def is_complete(cls) -> bool:
        """Whether nothing abstract is left, which makes this class a vendor's provider."""
        return not inspect.isabstract(cls)
