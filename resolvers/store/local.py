"""The store of one process: bounded dictionaries in memory."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from resolvers.reference import Reference
from resolvers.store.contract import Entry
from resolvers.vocabulary import PrecheckLocale

MAX_TRACKED = 1000
MAX_ENTRIES = 5000
_NOTHING = Entry()


class LocalStore:
    """Newest answers and tracked references, gone with the process; what was not used for longest goes first."""

    def __init__(self, *, max_tracked: int = MAX_TRACKED, max_entries: int = MAX_ENTRIES) -> None:
        self._max_tracked = max_tracked
        self._max_entries = max_entries
        self._entries: OrderedDict[tuple[Reference, PrecheckLocale], Entry] = OrderedDict()
        self._pinned: dict[Reference, None] = {}
        self._tracked: OrderedDict[Reference, None] = OrderedDict()

    def newest(self, reference: Reference, locale: PrecheckLocale) -> Entry:
        """What is known of a reference; an empty entry if nothing is."""
        return self._entries.get((reference, locale), _NOTHING)

    def put(self, reference: Reference, locale: PrecheckLocale, entry: Entry) -> None:
        """Keep this as the newest."""
        self._entries[reference, locale] = entry
        self._entries.move_to_end((reference, locale))
        if len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)

    def pin(self, reference: Reference) -> None:
        """Track a reference for good."""
        self._pinned[reference] = None

    def pin_only(self, references: Iterable[Reference]) -> None:
        """Track these for good, and no others."""
        self._pinned = dict.fromkeys(references)
        for reference in self._pinned:
            self._tracked.pop(reference, None)

    def forget(self, provider_id: str) -> None:
        """Drop every answer and every reference of a provider."""
        for key in [key for key in self._entries if key[0].provider_id == provider_id]:
            del self._entries[key]
        for known in (self._pinned, self._tracked):
            for reference in [each for each in known if each.provider_id == provider_id]:
                del known[reference]

    def track(self, reference: Reference) -> None:
        """Track a looked-up reference; looking it up again makes it young."""
        if reference in self._pinned:
            return
        self._tracked[reference] = None
        self._tracked.move_to_end(reference)
        if len(self._tracked) > self._max_tracked:
            self._tracked.popitem(last=False)

    def tracked(self) -> Sequence[Reference]:
        """Every tracked reference: pinned ones first, then the looked up, oldest first."""
        return [*self._pinned, *self._tracked]
