"""One stream: what it waits for, what it was told, and the rules for its end."""

import asyncio
from collections.abc import Callable, Collection

from msgspec.structs import replace

from resolvers.domain import PrecheckEvent
from resolvers.errors import RequestError
from resolvers.live.cursor import Cursors, Position
from resolvers.live.mailbox import Letter, Mailbox
from resolvers.metrics import EVENTS_PUSHED
from resolvers.reference import Reference
from resolvers.vocabulary import PrecheckEventKind, PrecheckStreamEnd, PrecheckVerdict


class Viewer:
    """Takes letters from topics and gives their events to one stream.

    `leave` is called for each precheck of which nothing more is to come.
    """

    def __init__(
        self,
        references: Collection[Reference],
        until: PrecheckStreamEnd,
        cursors: Cursors,
        leave: Callable[["Viewer", Reference], None],
        position: Position | None = None,
    ) -> None:
        self.unfinished = set(references)
        self.revision = position.revision if position else 0
        self._running = set(references)
        self._over: set[Reference] = set()
        self._unshown = set(position.unshown if position else references)
        self._until = until
        self._cursors = cursors
        self._leave = leave
        self._mailbox = Mailbox()
        self._arrival: asyncio.Future[None] | None = None
        self._sending: Letter | None = None
        self._blocked: Reference | None = None
        self._fault: RequestError | None = None

    @property
    def stays(self) -> bool:
        """Whether it waits for runs after this one."""
        return self._until is PrecheckStreamEnd.NEVER

    def put(self, letter: Letter) -> None:
        """Hand over a letter; never waits."""
        if self._is_wanted(letter):
            self._mailbox.put(letter)
            self._wake()
        else:
            letter.done()

    def replay(self, letter: Letter) -> None:
        """Hand over a letter that the viewer has missed before it came back."""
        if self._is_wanted(letter):
            self._mailbox.replay(letter)

    def recall(self, reference: Reference, event: PrecheckEvent) -> None:
        """This is what the viewer was told last of a precheck, in a stream before this one."""
        self._note(reference, event)
        self._wake()

    def finish(self, reference: Reference) -> None:
        """No more letters of this precheck are to come."""
        self._running.discard(reference)
        self._end(reference)
        self._wake()

    def stop(self, fault: RequestError) -> None:
        """End the stream with this error, after what waits in its mailbox."""
        self._fault = fault
        self._wake()

    def stop_at_once(self, fault: RequestError) -> None:
        """End the stream with this error, and drop what waits in its mailbox."""
        self._mailbox.clear()
        self.stop(fault)

    def close(self) -> None:
        """Nobody fetches anything any more."""
        self._mailbox.clear()
        self._sent()

    async def next(self) -> PrecheckEvent | None:
        """The next event, or None when the stream has ended as `until` says. Raises what it was stopped with."""
        self._sent()
        while not self._mailbox:
            if self._fault is not None:
                raise self._fault
            if self._blocked is not None or not self.unfinished:
                return None
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        self._sending = letter = self._mailbox.take()
        EVENTS_PUSHED.inc()
        self.revision = max(self.revision, letter.revision)
        if letter.reference is not None:
            self._note(letter.reference, letter.event)
        return replace(
            letter.event,
            cursor=self._cursors.write(self.revision, self._unshown),
            remaining=len(self._running),
        )

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    def _sent(self) -> None:
        if self._sending is not None:
            self._sending.done()
            self._sending = None

    def _is_wanted(self, letter: Letter) -> bool:
        reference = letter.reference
        if self._blocked is not None and reference != self._blocked:
            return False
        if reference is None or self.stays:
            return True
        # The poller may go on a moment after the end, or for viewers that stay: that is not for this one.
        if reference in self._over or reference not in self.unfinished:
            return False
        if letter.event.kind is PrecheckEventKind.COMPLETED:
            self._over.add(reference)
        return True

    def _end(self, reference: Reference) -> None:
        if reference in self.unfinished:
            self.unfinished.discard(reference)
            self._leave(self, reference)

    def _note(self, reference: Reference, event: PrecheckEvent) -> None:
        if event.kind is not PrecheckEventKind.PROBLEM and not _has_end_to_come(event):
            self._unshown.discard(reference)
        if event.kind is PrecheckEventKind.COMPLETED:
            self._running.discard(reference)
            if not self.stays:
                self._end(reference)
        elif reference in self.unfinished and (event.kind is PrecheckEventKind.RESTARTED or _is_at_work(event)):
            self._running.add(reference)
        if self._until is PrecheckStreamEnd.FIRST_BLOCKER and _is_blocked(event):
            # What waits for other prechecks no longer matters; the end of the blocked one is still told.
            self._blocked = reference
            self._mailbox.keep_only(reference)


def _has_end_to_come(event: PrecheckEvent) -> bool:
    """Whether this shows a run that is over, and its COMPLETED follows."""
    is_over = event.precheck is not None and event.precheck.status.is_final
    return is_over and event.kind is PrecheckEventKind.SNAPSHOT


def _is_at_work(event: PrecheckEvent) -> bool:
    return event.precheck is not None and not event.precheck.status.is_final


def _is_blocked(event: PrecheckEvent) -> bool:
    return event.precheck is not None and event.precheck.verdict is PrecheckVerdict.BLOCKED
