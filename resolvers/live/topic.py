"""One watched precheck: its viewers, its newest state, and the poller that is alive while somebody watches."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from resolvers.clock import Clock
from resolvers.domain import Precheck, PrecheckEvent, PrecheckProblem
from resolvers.errors import TimedOut
from resolvers.live.delivery import Delivery
from resolvers.live.diff import changed_items, first_events, kept_items, kind_of_change, with_gap
from resolvers.live.history import History
from resolvers.live.mailbox import Letter
from resolvers.live.publisher import Publisher, Told
from resolvers.live.viewer import Viewer
from resolvers.reference import Reference
from resolvers.snapshots import PERMANENT, aged
from resolvers.verdict import believed, is_doubtful, says_the_same
from resolvers.vocabulary import PrecheckEventKind, PrecheckProblemCode, PrecheckSnapshotSource

_MOMENT_SECONDS = 0.1  # viewers who come or end within it are told the same


class Newcomer(NamedTuple):
    """Whether a viewer is known to have missed changes, or until when it was told of other prechecks."""

    has_gap: bool = False
    told_until: int | None = None


FRESH = Newcomer()


class Topic:
    """Turns readings into events for its viewers; `take` is called by one poller only.

    `is_given_up` once the reference has proved permanently wrong.
    """

    def __init__(self, reference: Reference, clock: Clock, publisher: Publisher) -> None:
        self.reference = reference
        self.viewers: dict[Viewer, None] = {}
        self.poller: asyncio.Task[None] | None = None
        self.is_given_up = False
        self._clock = clock
        self._publisher = publisher
        self._history = History()
        self._waiting: dict[Viewer, Newcomer] = {}  # for the first state
        self._is_current = False
        self._precheck: Precheck | None = None  # as viewers were shown it
        self._newest: Precheck | None = None  # as it was read last: perhaps an end that is held back
        self._problem: PrecheckProblem | None = None
        self._trouble: Told | None = None
        self._greeting: tuple[float, Sequence[PrecheckEvent]] | None = None
        self._end: tuple[float, Letter] | None = None

    @property
    def is_over(self) -> bool:
        """Whether the run has ended and nobody waits for another one."""
        has_ended = self._precheck is not None and self._precheck.status.is_final
        return has_ended and not any(viewer.stays for viewer in self.viewers)

    @property
    def is_known(self) -> bool:
        """Whether there is anything to remember for viewers who come back."""
        return self._precheck is not None and not self.is_given_up

    def join(self, viewer: Viewer, newcomer: Newcomer = FRESH) -> None:
        """A new viewer gets what is known at once, or else with the next reading; the others notice nothing."""
        self.viewers[viewer] = None
        if self._precheck is None:  # nothing was told to anybody
            newcomer = newcomer._replace(told_until=None)
        if self._precheck is not None and self._is_current:
            greetings = self._greetings(self._precheck)
            self._put(viewer, with_gap(greetings) if self._has_missed(newcomer) else greetings)
        else:
            self._waiting[viewer] = newcomer
        if self._trouble is not None:
            newest = self._publisher.newest
            viewer.put(Letter(self.reference, self._trouble.event, newest, is_last=self.is_given_up))

    def rejoin(self, viewer: Viewer, revision: int) -> list[Told] | None:
        """What a viewer has missed who was told everything up to a revision; None if that is not known.

        It has joined then; else nothing has been done.
        """
        since = self._history.since(revision)
        if since is None:
            return None
        self.viewers[viewer] = None
        viewer.recall(Letter(self.reference, since.known, revision))
        is_news = self._trouble is not None and self._trouble.revision > revision
        return [*since.missed, self._trouble] if self._trouble is not None and is_news else since.missed

    def leave(self, viewer: Viewer) -> None:
        """Tell this one nothing more."""
        self.viewers.pop(viewer, None)
        self._waiting.pop(viewer, None)

    def rest(self) -> None:
        """Nobody asks the vendor from now on: what is known ages, and what troubled is no news any more."""
        self._is_current = False
        self._trouble = None

    def begin_anew(self) -> None:
        """What was read so far was of something else: all are shown the next reading, with a gap before it."""
        self._history = History()
        self._waiting = dict.fromkeys(self.viewers, Newcomer(has_gap=True))
        for viewer in self.viewers:
            viewer.expect(self.reference, has_gap=True)
        self._precheck = self._newest = self._problem = self._trouble = self._greeting = self._end = None
        self._is_current = False

    def take(self, reading: Precheck) -> bool:
        """Publish a reading; whether it changed anything.

        An end that is not confirmed is held back where the run was at work a moment ago or in what viewers
        were shown: they see what was known before it.
        """
        before, after = self._precheck, self._shown(reading)
        if before is None:
            events = first_events(after, self._clock.now())
        else:
            after = kept_items(before, after)
            is_news = self._problem is not None or not says_the_same(before, after)
            events = self._news(before, after) if is_news else ()
        greetings = first_events(after, self._clock.now()) if self._waiting else ()
        # Only now: a fault before this leaves the reading untold, to be told as it should at the next one.
        self._precheck, self._newest, self._is_current = after, reading, True
        self._problem = self._trouble = self._greeting = self._end = None
        self._publish(events)
        self._greet(greetings)
        return bool(events)

    def fail(self, problem: PrecheckProblem, next_attempt_seconds: float) -> None:
        """Tell every viewer of trouble and when the next attempt is; give up if there is to be none.

        The event shows the newest reading, be it an end that was held back: its second reading has failed.
        """
        is_permanent = problem.code in PERMANENT
        if is_permanent and self._may_come_back(problem):
            is_permanent, problem = False, replace(problem, retryable=True)
        if not is_permanent:
            problem = replace(problem, retry_after_seconds=next_attempt_seconds)
        [trouble] = self._publisher.number([self._troubled(problem)])
        self._problem, self._trouble, self.is_given_up = problem, trouble, is_permanent
        self._hand_out([trouble], list(self.viewers), is_last=is_permanent)

    def end(self, viewer: Viewer, deadline_seconds: float) -> None:
        """Tell one viewer that its time is over, and what is known; all who end within a moment the same."""
        if self._end is None or not self._is_of_this_moment(self._end[0]):
            self._end = (self._clock.monotonic(), self._deadline_passed(deadline_seconds))
        viewer.put(self._end[1])

    def _publish(self, events: Iterable[PrecheckEvent]) -> None:
        told = self._publisher.number(events)
        for each in told:
            self._history.add(each)
        self._hand_out(told, [viewer for viewer in self.viewers if viewer not in self._waiting])

    def _hand_out(self, told: Iterable[Told], viewers: Sequence[Viewer], *, is_last: bool = False) -> None:
        letters = [
            Letter(self.reference, each.event, each.revision, Delivery(len(viewers)), is_last=is_last)
            for each in told
        ]
        self._publisher.publish(letters, viewers)

    def _greet(self, greetings: Sequence[PrecheckEvent]) -> None:
        waiting, self._waiting = self._waiting, {}
        for has_gap, shown in ((False, greetings), (True, with_gap(greetings))):
            letters = [Letter(self.reference, each, self._publisher.newest) for each in shown]
            to = [viewer for viewer, newcomer in waiting.items() if self._has_missed(newcomer) is has_gap]
            self._publisher.publish(letters, to)

    def _has_missed(self, newcomer: Newcomer) -> bool:
        told_until = newcomer.told_until
        return newcomer.has_gap or (told_until is not None and self._history.newest > told_until)

    def _may_come_back(self, problem: PrecheckProblem) -> bool:
        # Answers may be partial: who was there a moment ago and is left out, without the vendor's
        # word that it is gone, is believed to be gone only the second time.
        is_left_out = problem.code is PrecheckProblemCode.NOT_FOUND and problem.vendor_code is None
        is_known = self._precheck is not None
        return is_left_out and is_known and (self._problem is None or self._problem.code is not problem.code)

    def _shown(self, reading: Precheck) -> Precheck:
        if reading.unconfirmed is None or not (self._shows_work or is_doubtful(reading)):
            return reading
        return aged(believed(reading), PrecheckSnapshotSource.CACHED, self._clock.now())

    @property
    def _shows_work(self) -> bool:
        return self._precheck is not None and not self._precheck.status.is_final

    def _greetings(self, precheck: Precheck) -> Sequence[PrecheckEvent]:
        """What shows the state as it is now: the same events for all who come within a moment."""
        if self._greeting is None or not self._is_of_this_moment(self._greeting[0]):
            now = self._clock.now()
            events = first_events(aged(precheck, PrecheckSnapshotSource.CACHED, now), now)
            self._greeting = (self._clock.monotonic(), events)
        return self._greeting[1]

    def _deadline_passed(self, seconds: float) -> Letter:
        said = f"The precheck did not finish within {seconds:g} s of watching. Subscribe again to go on."
        problem = replace(TimedOut(said, provider_id=self.reference.provider_id).problem, retryable=True)
        now = self._clock.now()
        known = aged(self._newest, PrecheckSnapshotSource.CACHED, now) if self._newest else None
        event = self._event(PrecheckEventKind.PROBLEM, known, problem=problem)
        # Of no revision: this came about for some of the viewers only.
        return Letter(self.reference, event, 0, is_last=True)

    def _is_of_this_moment(self, since: float) -> bool:
        return 0 <= self._clock.monotonic() - since <= _MOMENT_SECONDS

    def _news(self, before: Precheck, after: Precheck) -> tuple[PrecheckEvent, ...]:
        kind = kind_of_change(before, after)
        event = self._event(kind, after, changes=changed_items(before, after))
        if kind is PrecheckEventKind.COMPLETED and after.run > before.run:
            return (replace(event, kind=PrecheckEventKind.RESTARTED), event)
        return (event,)

    def _troubled(self, problem: PrecheckProblem) -> PrecheckEvent:
        known = self._newest
        if known is not None:
            known = aged(known, PrecheckSnapshotSource.STALE, self._clock.now(), problem)
        return self._event(PrecheckEventKind.PROBLEM, known, problem=problem)

    def _put(self, viewer: Viewer, events: Iterable[PrecheckEvent]) -> None:
        for event in events:
            viewer.put(Letter(self.reference, event, self._publisher.newest))

    def _event(self, kind: PrecheckEventKind, precheck: Precheck | None, **parts: Any) -> PrecheckEvent:
        return PrecheckEvent(kind=kind, cursor="", at=self._clock.now(), precheck=precheck, **parts)
