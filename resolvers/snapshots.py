"""The newest answer for every precheck, and the one way to a newer one: shared flights, batches, stale answers."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from resolvers import errors
from resolvers.clock import Clock
from resolvers.domain import (
    Precheck,
    PrecheckFreshness,
    PrecheckLookup,
    PrecheckProblem,
    PrecheckRef,
)
from resolvers.reference import Reference, is_plain
from resolvers.report import Report
from resolvers.store.contract import Entry, Store
from resolvers.upstream.contract import Outcome, Provider
from resolvers.verdict import continued, is_overtaken
from resolvers.vocabulary import (
    PrecheckLocale,
    PrecheckProblemCode,
    PrecheckSnapshotSource,
    PrecheckStatus,
)

# The vendor has answered: there is no such precheck, so an older answer is not worth showing.
PERMANENT = frozenset(
    {PrecheckProblemCode.NOT_FOUND, PrecheckProblemCode.INVALID_REFERENCE, PrecheckProblemCode.UNKNOWN_PROVIDER}
)

# Clocks are corrected by fractions of a second all the time; an answer from farther ahead was read before the
# clock was set back, and nobody knows how old it is.
_LARGEST_CORRECTION_SECONDS = 1.0

# Nobody waits for ever for a call that was given up.
_LOST = errors.InternalFault(
    "This server gave up the call, for it is about to end or failed; its log says why."
).problem


class Flight(NamedTuple):
    """What one vendor call is shared by: the same reference in the same language."""

    reference: Reference
    locale: PrecheckLocale


class Snapshots:
    """Reads prechecks for everyone in this process.

    Equal reads under way are one read; reads of one connection that start together share its batch
    calls. A caller that goes away cancels nothing that others wait for.
    """

    def __init__(self, providers: Mapping[str, Provider], store: Store, clock: Clock) -> None:
        self.providers = providers
        self._store = store
        self._clock = clock
        self._flights: dict[Flight, asyncio.Future[Outcome]] = {}
        self._waiting: dict[tuple[str, PrecheckLocale], list[Flight]] = {}
        self._calls: dict[asyncio.Task[None], Provider] = {}
        self._first_listing: asyncio.Task[None] | None = None

    def kept(self, reference: Reference, locale: PrecheckLocale, max_age_seconds: float) -> PrecheckLookup | None:
        """The precheck as it was answered last, if that is not older than asked for; no call, no waiting."""
        if max_age_seconds <= 0 or reference.provider_id not in self.providers:
            return None
        known = self._store.newest(reference, self.spoken(reference, locale)).precheck
        if known is None:
            return None
        age = _age(known, self._clock.now())
        if not -_LARGEST_CORRECTION_SECONDS <= age <= max_age_seconds:
            return None
        ref = PrecheckRef(id=known.id, provider_id=reference.provider_id, external_id=reference.external_id)
        return PrecheckLookup(ref=ref, precheck=_shown(known, PrecheckSnapshotSource.CACHED, age))

    async def read(self, reference: Reference, locale: PrecheckLocale, max_age_seconds: float) -> PrecheckLookup:
        """A precheck not older than asked for: kept, or fetched; the older one beside a problem; or a problem."""
        if (young := self.kept(reference, locale, max_age_seconds)) is not None:
            return young
        if (problem := self.refusal(reference)) is not None:
            return PrecheckLookup(ref=ref_of(reference), problem=problem)
        locale = self.spoken(reference, locale)
        known = self._store.newest(reference, locale).precheck
        outcome = await asyncio.shield(self._flight(Flight(reference, locale)))
        return self._lookup(reference, known, outcome)

    def newest(self, reference: Reference, locale: PrecheckLocale) -> Precheck:
        """What is known of a tracked reference, without a call; says so where nothing is."""
        entry = self._store.newest(reference, self.spoken(reference, locale))
        if entry == Entry():
            entry = self._store.newest(reference, PrecheckLocale.EN)
        now = self._clock.now()
        if entry.precheck is None:
            return _never_answered(reference, entry.problem, now)
        if entry.problem is None:
            return aged(entry.precheck, PrecheckSnapshotSource.CACHED, now)
        return aged(entry.precheck, PrecheckSnapshotSource.STALE, now, entry.problem)

    async def tracked(self) -> Sequence[Reference]:
        """Every tracked reference; before the first answer, each of them is read once."""
        if self._first_listing is None:
            self._first_listing = asyncio.create_task(self._read_pinned())
        await asyncio.shield(self._first_listing)
        return self._store.tracked()

    def pin(self, references: Iterable[Reference]) -> None:
        """Track what the configuration lists."""
        for reference in references:
            self._store.pin(reference)

    def follow(self, pinned: Iterable[Reference], moved: Iterable[str]) -> None:
        """Track what another configuration lists, and forget all of the providers that mean another place now.

        Once a list was asked for, what has no answer yet is read at once.
        """
        for provider_id in moved:
            self._store.forget(provider_id)
        self._store.pin_only(pinned)
        if self._first_listing is not None:
            self._first_listing = asyncio.create_task(self._read_again(self._first_listing))

    async def finished(self, provider: Provider) -> None:
        """Return once no call of this provider is under way."""
        while calls := [call for call, by in self._calls.items() if by is provider]:
            await asyncio.wait(calls)

    def refusal(self, reference: Reference) -> PrecheckProblem | None:
        """Why this reference cannot be asked about, found without any call."""
        provider = self.providers.get(reference.provider_id)
        if provider is None:
            return errors.unknown_provider(reference.provider_id)
        if not is_plain(reference.external_id):
            why: str | None = "An identifier is 1 to 200 printable signs without blanks."
        else:
            why = provider.validate(reference.external_id)
        return errors.InvalidReference(why, provider_id=provider.id).problem if why else None

    async def close(self) -> None:
        """Give up every call under way."""
        tasks = [task for task in (*self._calls, self._first_listing) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _flight(self, flight: Flight) -> asyncio.Future[Outcome]:
        under_way = self._flights.get(flight)
        if under_way is not None:
            return under_way
        loop = asyncio.get_running_loop()
        future = self._flights[flight] = loop.create_future()
        batch = self._waiting.setdefault((flight.reference.provider_id, flight.locale), [])
        if not batch:
            loop.call_soon(self._depart, flight.reference.provider_id, flight.locale)
        batch.append(flight)
        return future

    def _depart(self, provider_id: str, locale: PrecheckLocale) -> None:
        flights = self._waiting.pop((provider_id, locale))
        provider = self.providers.get(provider_id)
        if provider is None:  # taken out of the configuration a moment ago
            for flight in flights:
                self._land(flight, errors.unknown_provider(provider_id))
            return
        for start in range(0, len(flights), provider.batch_size):
            call = asyncio.create_task(self._call(provider, flights[start : start + provider.batch_size]))
            self._calls[call] = provider
            call.add_done_callback(self._calls.pop)

    async def _call(self, provider: Provider, flights: Sequence[Flight]) -> None:
        try:
            outcomes = await provider.fetch(
                [flight.reference.external_id for flight in flights], flights[0].locale
            )
            for flight in flights:
                outcome = outcomes[flight.reference.external_id]
                # The answer of a connection that was exchanged meanwhile is for those who waited, and no longer.
                is_ours = self.providers.get(provider.id) is provider
                self._land(flight, self._keep(flight, outcome) if is_ours else outcome)
        finally:
            for flight in flights:
                self._land(flight, _LOST)

    def _land(self, flight: Flight, outcome: Outcome) -> None:
        future = self._flights.pop(flight, None)
        if future is not None and not future.done():
            future.set_result(outcome)

    def _keep(self, flight: Flight, outcome: Outcome) -> Outcome:
        known = self._store.newest(*flight).precheck
        if isinstance(outcome, PrecheckProblem):
            self._store.put(*flight, Entry(known, outcome))
            return outcome
        if known is not None and is_overtaken(known, outcome):
            return known
        kept = continued(known, outcome)
        self._store.put(*flight, Entry(kept))
        self._store.track(flight.reference)
        return kept

    def _lookup(self, reference: Reference, known: Precheck | None, outcome: Outcome) -> PrecheckLookup:
        if isinstance(outcome, Precheck):
            return PrecheckLookup(ref=ref_of(reference), precheck=outcome)
        if known is None or outcome.code in PERMANENT:
            return PrecheckLookup(ref=ref_of(reference), problem=outcome)
        stale = aged(known, PrecheckSnapshotSource.STALE, self._clock.now(), outcome)
        return PrecheckLookup(ref=ref_of(reference), precheck=stale, problem=outcome)

    def spoken(self, reference: Reference, locale: PrecheckLocale) -> PrecheckLocale:
        """The language in which a precheck is read: the one asked for, or the provider's first."""
        provider = self.providers.get(reference.provider_id)
        return locale if provider is None or locale in provider.locales else provider.locales[0]

    async def _read_again(self, earlier: asyncio.Task[None]) -> None:
        await earlier
        await self._read_pinned()

    async def _read_pinned(self) -> None:
        everything_is_new = float("inf")
        await asyncio.gather(
            *(self.read(reference, PrecheckLocale.EN, everything_is_new) for reference in self._store.tracked())
        )


def ref_of(reference: Reference) -> PrecheckRef:
    """The identifiers of a reference, as clients see them."""
    return PrecheckRef(id=reference.id, provider_id=reference.provider_id, external_id=reference.external_id)


def _age(precheck: Precheck, now: datetime) -> float:
    fetched_at = precheck.freshness.fetched_at
    return float("inf") if fetched_at is None else (now - fetched_at).total_seconds()


def aged(
    precheck: Precheck, source: PrecheckSnapshotSource, now: datetime, problem: PrecheckProblem | None = None
) -> Precheck:
    """The same answer as it looks later: how old it is, how it was come by, why it is not newer."""
    return _shown(precheck, source, _age(precheck, now), problem)


def _shown(
    precheck: Precheck, source: PrecheckSnapshotSource, age_seconds: float, problem: PrecheckProblem | None = None
) -> Precheck:
    freshness = PrecheckFreshness(
        source=source,
        fetched_at=precheck.freshness.fetched_at,
        age_seconds=round(max(0.0, age_seconds), 3),
        problem=problem,
    )
    return replace(precheck, freshness=freshness)


def _never_answered(reference: Reference, problem: PrecheckProblem | None, now: datetime) -> Precheck:
    unknown = Report(reference, now).close(PrecheckStatus.UNKNOWN)
    return replace(
        unknown,
        summary=problem.message if problem else "This precheck has not been read yet.",
        problems=(problem,) if problem else (),
        freshness=PrecheckFreshness(source=PrecheckSnapshotSource.STALE, problem=problem),
    )
