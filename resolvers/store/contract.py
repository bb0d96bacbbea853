"""What a store of newest answers must do. Who may see an answer is never decided here."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from resolvers.domain import Precheck, PrecheckProblem
from resolvers.reference import Reference
from resolvers.vocabulary import PrecheckLocale


class Entry(NamedTuple):
    """The newest answer for a reference, and the problem if an attempt after it failed."""

    precheck: Precheck | None = None
    problem: PrecheckProblem | None = None


class Store(Protocol):
    """The newest answer per reference and locale, and the tracked references."""

    def newest(self, reference: Reference, locale: PrecheckLocale) -> Entry:
        """What is known of a reference; an empty entry if nothing is."""

    def put(self, reference: Reference, locale: PrecheckLocale, entry: Entry) -> None:
        """Keep this as the newest."""

    def pin(self, reference: Reference) -> None:
        """Track a reference for good: configuration asks for it."""

    def pin_only(self, references: Iterable[Reference]) -> None:
        """Track these for good; what was pinned before and is not among them is tracked no more."""

    def forget(self, provider_id: str) -> None:
        """Drop every answer and every reference of a provider."""

    def track(self, reference: Reference) -> None:
        """Track a reference that was looked up; the oldest such reference goes when there are too many."""

    def tracked(self) -> Sequence[Reference]:
        """Every tracked reference: pinned ones first, in the order given, then the looked up, oldest first."""
