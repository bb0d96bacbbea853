"""One stream: a mailbox that holds the newest state of each watched precheck, and the rules for its end."""

import asyncio

from msgspec.structs import replace

from resolvers.domain import PrecheckEvent
from resolvers.errors import RequestError
from resolvers.live.diff import joined_changes
from resolvers.reference import Reference
from resolvers.vocabulary import PrecheckEventKind, PrecheckStreamEnd, PrecheckVerdict

_MOST_WAITING_EVENTS = 4
_STATE_KINDS = (PrecheckEventKind.SNAPSHOT, PrecheckEventKind.CHANGED, PrecheckEventKind.RESTARTED)


class Viewer:
    """Takes events from topics and gives them to one stream. A slow stream finds the newest state, not a queue."""

    def __init__(
        self, references: frozenset[Reference], until: PrecheckStreamEnd, resumed_after: int | None = None
    ) -> None:
        self.unfinished = set(references)
        self.resumed_after = resumed_after
        self._running = set(references)
        self._until = until
        self._mailbox: dict[Reference | None, list[PrecheckEvent]] = {}
        self._arrived = asyncio.Event()
        self._blocked: Reference | None = None
        self._fault: RequestError | None = None

    @property
    def stays(self) -> bool:
        """Whether it waits for runs after this one."""
        return self._until is PrecheckStreamEnd.NEVER

    def put(self, reference: Reference | None, event: PrecheckEvent) -> None:
        """Hand over an event; never waits."""
        if self._blocked is not None and reference != self._blocked:
            return
        if reference and self._has_ended(reference):
            return
        waiting = self._mailbox.setdefault(reference, [])
        # Troubles of references that could not be read stand for different references: none replaces another.
        waiting[-1:] = _merged(waiting[-1], event) if waiting and reference else [*waiting[-1:], event]
        if reference and len(waiting) > _MOST_WAITING_EVENTS:
            del waiting[0]
            waiting[0] = replace(waiting[0], gap=True)
        self._arrived.set()

    def finish(self, reference: Reference) -> None:
        """No more events of this precheck are to come."""
        self.unfinished.discard(reference)
        self._running.discard(reference)
        self._arrived.set()

    def stop(self, fault: RequestError) -> None:
        """End the stream with this error, after what waits in its mailbox."""
        self._fault = fault
        self._arrived.set()

    async def next(self) -> PrecheckEvent | None:
        """The next event, or None when the stream has ended as `until` says. Raises what it was stopped with."""
        while not self._mailbox:
            if self._fault is not None:
                raise self._fault
            if self._blocked is not None or not self.unfinished:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        reference, waiting = next(iter(self._mailbox.items()))
        event = waiting.pop(0)
        if not waiting:
            del self._mailbox[reference]
        if reference is not None:
            self._note(reference, event)
        return replace(event, remaining=len(self._running))

    def _has_ended(self, reference: Reference) -> bool:
        # The poller may go on a moment after the end, or for viewers that stay: that is not for this one.
        waiting = self._mailbox.get(reference)
        is_told = waiting is not None and waiting[-1].kind is PrecheckEventKind.COMPLETED
        return not self.stays and (is_told or reference not in self.unfinished)

    def _note(self, reference: Reference, event: PrecheckEvent) -> None:
        if event.kind is PrecheckEventKind.COMPLETED:
            self._running.discard(reference)
            if not self.stays:
                self.unfinished.discard(reference)
        elif reference in self.unfinished and (event.kind is PrecheckEventKind.RESTARTED or _is_at_work(event)):
            self._running.add(reference)
        if self._until is PrecheckStreamEnd.FIRST_BLOCKER and _is_blocked(event):
            # What waits for other prechecks no longer matters; the end of the blocked one is still told.
            self._blocked = reference
            self._mailbox = {key: events for key, events in self._mailbox.items() if key == reference}


def _is_at_work(event: PrecheckEvent) -> bool:
    return event.precheck is not None and not event.precheck.status.is_final


def _is_blocked(event: PrecheckEvent) -> bool:
    return event.precheck is not None and event.precheck.verdict is PrecheckVerdict.BLOCKED


def _merged(waiting: PrecheckEvent, event: PrecheckEvent) -> list[PrecheckEvent]:
    """What stays of an event that was not fetched when the next one of its precheck comes."""
    if waiting.kind is PrecheckEventKind.PROBLEM:
        return [event]
    if waiting.kind not in _STATE_KINDS or event.kind not in (
        PrecheckEventKind.CHANGED,
        PrecheckEventKind.COMPLETED,
    ):
        return [waiting, event]
    if event.kind is PrecheckEventKind.COMPLETED and waiting.kind is not PrecheckEventKind.CHANGED:
        return [replace(waiting, precheck=event.precheck), event]
    if waiting.kind is PrecheckEventKind.SNAPSHOT:
        return [replace(event, kind=waiting.kind, changes=(), gap=waiting.gap)]
    items = event.precheck.items if event.precheck else ()
    changes = joined_changes(items, waiting.changes, event.changes)
    kind = event.kind if waiting.kind is PrecheckEventKind.CHANGED else waiting.kind
    return [replace(event, kind=kind, changes=changes, gap=waiting.gap or event.gap)]
