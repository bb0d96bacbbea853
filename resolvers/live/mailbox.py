"""What waits for one viewer: the newest state of each precheck, in the order in which it came about."""

import itertools

from msgspec.structs import replace

from resolvers.domain import PrecheckEvent
from resolvers.live.delivery import Delivery
from resolvers.metrics import EVENTS_COLLAPSED, EVENTS_PUSHED
from resolvers.reference import Reference
from resolvers.vocabulary import PrecheckEventKind

_MOST_BESIDE_ENDS = 4


class Letter:
    """An event for viewers; `reference` is None where it stands for what could not be read at all."""

    __slots__ = ("_shown", "delivery", "event", "is_last", "is_over", "reference", "revision")

    def __init__(
        self,
        reference: Reference | None,
        event: PrecheckEvent,
        revision: int,
        delivery: Delivery | None = None,
        *,
        is_last: bool = False,
    ) -> None:
        self.reference = reference
        self.event = event
        self.revision = revision
        self.delivery = delivery
        self.is_last = is_last  # nothing more of this precheck is to come
        self.is_over = event.precheck is not None and event.precheck.status.is_final
        self._shown: PrecheckEvent | None = None

    def shown(self, cursor: str, remaining: int) -> PrecheckEvent:
        """The event as a viewer sees it; the very same one as long as viewers are equally far."""
        shown = self._shown
        if shown is None or shown.cursor != cursor or shown.remaining != remaining:
            shown = self._shown = replace(self.event, cursor=cursor, remaining=remaining)
        return shown

    def instead(self, event: PrecheckEvent) -> "Letter":
        """The same letter with another event."""
        return Letter(self.reference, event, self.revision, self.delivery, is_last=self.is_last)

    def sent(self) -> None:
        """One viewer has got it."""
        if self.delivery is not None:
            self.delivery.sent()
        else:
            EVENTS_PUSHED.inc()

    def done(self) -> None:
        """One viewer does not wait for it any more."""
        if self.delivery is not None:
            self.delivery.done()


class Mailbox:
    """Letters, oldest first. A newer one of a precheck takes the place of an older one; ends are kept."""

    __slots__ = ("_letters", "_numbers", "_places")

    def __init__(self) -> None:
        self._letters: dict[int, Letter] = {}
        self._places: dict[Reference, list[int]] = {}
        self._numbers = itertools.count()

    def __bool__(self) -> bool:
        return bool(self._letters)

    def put(self, letter: Letter) -> None:
        """Add the newest letter."""
        number = next(self._numbers)
        if letter.reference is not None:
            places = self._places.setdefault(letter.reference, [])
            if places:
                letter = self._collapsed(places, letter)
            places.append(number)
        self._letters[number] = letter

    def replay(self, letter: Letter) -> None:
        """Add a letter that was missed before: nothing takes its place."""
        self._letters[next(self._numbers)] = letter

    def take(self) -> Letter:
        """The oldest letter."""
        number = next(iter(self._letters))
        letter = self._letters.pop(number)
        if letter.reference is not None:
            places = self._places.get(letter.reference, [])
            if places[:1] == [number]:
                del places[0]
                if not places:
                    del self._places[letter.reference]
        return letter

    def with_gaps(self) -> set[Reference]:
        """Those of which something was dropped, and what says so is still to be fetched."""
        # What is replayed has no gaps, and there may be thousands of it.
        return {each for each, places in self._places.items() if any(self._letters[at].event.gap for at in places)}

    def keep_only(self, reference: Reference) -> None:
        """Forget what waits of all others."""
        for letter in self._letters.values():
            if letter.reference != reference:
                letter.done()
        self._letters = {number: each for number, each in self._letters.items() if each.reference == reference}
        self._places = {each: places for each, places in self._places.items() if each == reference}

    def clear(self) -> None:
        """Forget everything."""
        for letter in self._letters.values():
            letter.done()
        self._letters.clear()
        self._places.clear()

    def _collapsed(self, places: list[int], letter: Letter) -> Letter:
        """The letter that stands for those that need not be told beside it."""
        while places:
            event = _both(self._letters[places[-1]].event, letter.event)
            if event is None:
                break
            letter = letter.instead(event)
            self._drop(places, -1)
        beside = [at for at, number in enumerate(places) if not _is_end(self._letters[number].event)]
        if len(beside) < _MOST_BESIDE_ENDS:
            return letter
        at = beside[0]
        self._drop(places, at)
        if at == len(places):
            return letter.instead(replace(letter.event, gap=True))
        after = self._letters[places[at]]
        self._letters[places[at]] = after.instead(replace(after.event, gap=True))
        return letter

    def _drop(self, places: list[int], at: int) -> None:
        self._letters.pop(places.pop(at)).done()
        EVENTS_COLLAPSED.inc()


def _is_end(event: PrecheckEvent) -> bool:
    return event.kind is PrecheckEventKind.COMPLETED


def _both(waiting: PrecheckEvent, event: PrecheckEvent) -> PrecheckEvent | None:
    """What stands for two events of a precheck, the first of which was not fetched; None if both must be told.

    A body stays the newest one's, for it is made once for all viewers: only the gap says that it is not all.
    """
    kinds = PrecheckEventKind
    if waiting.kind is kinds.PROBLEM:
        return event if waiting.gap == event.gap else replace(event, gap=True)
    if event.kind is kinds.PROBLEM or waiting.kind is kinds.COMPLETED:
        return None
    if waiting.kind is kinds.CHANGED:
        return replace(event, gap=True)
    if event.kind is kinds.COMPLETED:
        return None
    if waiting.kind is kinds.SNAPSHOT:
        return replace(event, kind=waiting.kind, changes=(), gap=waiting.gap)
    return replace(event, kind=waiting.kind, gap=True)
