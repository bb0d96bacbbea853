"""One stream: what it waits for, what it was told, and the rules for its end."""

import asyncio
from collections.abc import Callable, Collection
from typing import TypeAlias

from resolvers.domain import PrecheckEvent
from resolvers.errors import RequestError
from resolvers.live.cursor import Cursors, Position
from resolvers.live.mailbox import Letter, Mailbox
from resolvers.reference import Reference
from resolvers.vocabulary import PrecheckEventKind, PrecheckStreamEnd, PrecheckVerdict

# Sends an event at once; False, and nothing sent, where that takes waiting.
Outlet: TypeAlias = Callable[[PrecheckEvent], bool]


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
        self._over: set[Reference] = set()  # of which the end waits, or was told
        self._done: set[Reference] = set()  # of which the end was told
        self._unshown = set(position.unshown if position else references)
        self._has_gap = False  # before the first state of those
        self.stays = until is PrecheckStreamEnd.NEVER  # whether it waits for runs after this one
        self._ends_when_blocked = until is PrecheckStreamEnd.FIRST_BLOCKER
        self._cursors = cursors
        self._leave = leave
        self._mailbox = Mailbox()
        self._arrival: asyncio.Future[None] | None = None
        self._sending: Letter | None = None
        self._untaken: PrecheckEvent | None = None  # that of `_sending`, if an outlet has not taken it
        self._outlet: Outlet | None = None
        self._is_closed = False
        self._blocked: Reference | None = None
        self._fault: RequestError | None = None

    def put(self, letter: Letter) -> None:
        """Hand over a letter; never waits."""
        is_wanted = self._is_wanted(letter)
        if letter.is_last and letter.reference is not None:
            self._running.discard(letter.reference)
            self._end(letter.reference)
        if not is_wanted:
            letter.done()
        elif self._outlet is not None and self._is_waiting:
            self._push(letter, self._outlet)
        else:
            self._mailbox.put(letter)
            self._wake()

    def push_to(self, outlet: Outlet) -> None:
        """Give events to this from now on, whenever the stream waits for one; what it does not take is fetched."""
        self._outlet = outlet

    def replay(self, letter: Letter) -> None:
        """Hand over a letter that the viewer has missed before it came back."""
        if self._is_wanted(letter):
            self._mailbox.replay(letter)

    def expect(self, reference: Reference, *, has_gap: bool) -> None:
        """The state of this precheck is to be shown anew, and changes before it may have been missed."""
        self._unshown.add(reference)
        self._has_gap |= has_gap

    def skip(self, reference: Reference) -> None:
        """The end of this precheck was told, in a stream before this one."""
        self._running.discard(reference)
        self._done.add(reference)
        self.unfinished.discard(reference)

    def recall(self, letter: Letter) -> None:
        """This is what the viewer was told last of a precheck, in a stream before this one."""
        if letter.reference is not None:
            self._note(letter.reference, letter)

    def stop(self, fault: RequestError) -> None:
        """End the stream with this error, after what waits in its mailbox."""
        self._fault = fault
        self._wake()

    def stop_at_once(self, fault: RequestError) -> None:
        """End the stream with this error and nothing before it."""
        self._is_closed = True
        self._mailbox.clear()
        self._untaken = None
        for reference in list(self.unfinished):
            self._end(reference)
        self.stop(fault)

    def close(self) -> None:
        """Nobody fetches anything any more."""
        self._is_closed = True
        self._mailbox.clear()
        if self._sending is not None:
            self._sending.done()

    async def next(self) -> PrecheckEvent | None:
        """The next event, or None when the stream has ended as `until` says. Raises what it was stopped with."""
        if self._sending is not None and self._untaken is None:
            self._sending.sent()
            self._sending = None
        while self._untaken is None and not self._mailbox:
            if self._fault is not None:
                raise self._fault
            if self._is_over:
                return None
            self._arrival = asyncio.get_running_loop().create_future()
            try:
                await self._arrival
            finally:
                self._arrival = None
        if self._untaken is None:
            self._sending = self._mailbox.take()
            return self._told(self._sending)
        event, self._untaken = self._untaken, None
        return event

    @property
    def _is_over(self) -> bool:
        return self._blocked is not None or not self.unfinished

    @property
    def _is_waiting(self) -> bool:
        return self._arrival is not None and not self._arrival.done()

    def _push(self, letter: Letter, outlet: Outlet) -> None:
        event = self._told(letter)
        try:
            is_sent = outlet(event)
        except Exception:  # it does so again where the stream fetches it, and can tell
            is_sent = False
        if is_sent:
            letter.sent()
            if self._is_over:
                self._wake()
        else:
            self._sending, self._untaken = letter, event
            self._wake()

    def _told(self, letter: Letter) -> PrecheckEvent:
        """A letter's event as this viewer sees it, which knows it from now on."""
        if letter.revision > self.revision:
            self.revision = letter.revision
        if letter.reference is not None:
            self._note(letter.reference, letter)
        return letter.shown(self._cursors.write(self._position()), len(self._running))

    def _position(self) -> Position:
        # What waits with a gap is behind letters that came about after what it has replaced.
        behind = self._mailbox.with_gaps() if self._mailbox else ()
        if behind:
            return Position(self.revision, self._unshown.union(behind), self._done, has_gap=True)
        return Position(self.revision, self._unshown, self._done, self._has_gap)

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    def _is_wanted(self, letter: Letter) -> bool:
        reference = letter.reference
        if self._is_closed or (self._blocked is not None and reference != self._blocked):
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

    def _note(self, reference: Reference, letter: Letter) -> None:
        kind = letter.event.kind
        # The state of a run that is over has been shown once its end was told, which follows.
        if kind is not PrecheckEventKind.PROBLEM and not (letter.is_over and kind is PrecheckEventKind.SNAPSHOT):
            self._unshown.discard(reference)
        if kind is PrecheckEventKind.COMPLETED:
            self._running.discard(reference)
            if not self.stays:
                self._done.add(reference)
                self._end(reference)
        elif reference in self.unfinished and (kind is PrecheckEventKind.RESTARTED or _is_at_work(letter)):
            self._running.add(reference)
        if self._ends_when_blocked and _is_blocked(letter.event):
            # What waits for other prechecks no longer matters; the end of the blocked one is still told.
            self._blocked = reference
            self._mailbox.keep_only(reference)


def _is_at_work(letter: Letter) -> bool:
    return letter.event.precheck is not None and not letter.is_over


def _is_blocked(event: PrecheckEvent) -> bool:
    return event.precheck is not None and event.precheck.verdict is PrecheckVerdict.BLOCKED
