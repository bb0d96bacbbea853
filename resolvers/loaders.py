"""One operation's dataloaders: what several fields ask for together is read together, and once."""

import asyncio
from collections.abc import Container
from typing import NamedTuple

from aiodataloader import DataLoader

from resolvers.domain import PrecheckLookup
from resolvers.errors import unknown_provider
from resolvers.reference import Reference
from resolvers.snapshots import Snapshots, ref_of
from resolvers.vocabulary import PrecheckLocale


class LookupKey(NamedTuple):
    """What makes two reads of one operation the same read."""

    reference: Reference
    locale: PrecheckLocale
    max_age_seconds: float


class PrecheckByReferenceLoader(DataLoader[LookupKey, PrecheckLookup]):
    """Prechecks by reference. A failure is part of the value, never an exception."""

    def __init__(self, snapshots: Snapshots) -> None:
        super().__init__()
        self._snapshots = snapshots

    async def batch_load_fn(self, keys: list[LookupKey]) -> list[PrecheckLookup]:
        """Answers in the order of the keys; unique references of one connection become its batch calls."""
        return list(await asyncio.gather(*(self._snapshots.read(*key) for key in keys)))


class Loaders:
    """The loaders of one operation, or of one event of a stream; never of a socket or a process.

    Of `providers` are those that exist for whoever asks; what another one is asked about is answered here, so that
    a hidden one is answered for like one that is not configured, in no more time and without any call.
    """

    def __init__(self, snapshots: Snapshots, providers: Container[str]) -> None:
        self._snapshots = snapshots
        self._providers = providers
        self._prechecks: PrecheckByReferenceLoader | None = None
        self._found: dict[LookupKey, PrecheckLookup | asyncio.Future[PrecheckLookup]] = {}

    def at_hand(
        self, reference: Reference, locale: PrecheckLocale, max_age_seconds: float
    ) -> PrecheckLookup | None:
        """The value, where a kept answer is young enough and nothing newer is under way for this operation."""
        key = LookupKey(reference, locale, max_age_seconds)
        found = self._found.get(key)
        if found is None:
            found = self._snapshots.kept(*key) if reference.provider_id in self._providers else _unknown(reference)
            if found is not None:
                self._found[key] = found
        return found if isinstance(found, PrecheckLookup) else None

    def look_up(
        self, reference: Reference, locale: PrecheckLocale, max_age_seconds: float
    ) -> PrecheckLookup | asyncio.Future[PrecheckLookup]:
        """The value where it is at hand, else its future; for equal keys it is always the same.

        graphql-core cancels the siblings of a failed field, so the shared future is shielded.
        """
        known = self.at_hand(reference, locale, max_age_seconds)
        if known is not None:
            return known
        key = LookupKey(reference, locale, max_age_seconds)
        loading = self._found.get(key)
        if not isinstance(loading, asyncio.Future):
            loading = self._found[key] = self._load(key)
        return asyncio.shield(loading)

    def _load(self, key: LookupKey) -> asyncio.Future[PrecheckLookup]:
        if self._prechecks is None:
            self._prechecks = PrecheckByReferenceLoader(self._snapshots)
        return self._prechecks.load(key)


def _unknown(reference: Reference) -> PrecheckLookup:
    return PrecheckLookup(ref=ref_of(reference), problem=unknown_provider(reference.provider_id))
