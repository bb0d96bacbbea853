"""One watched precheck: its viewers, its newest state, and the poller that is alive while somebody watches."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from resolvers.clock import Clock
from resolvers.domain import Precheck, PrecheckEvent, PrecheckProblem
from resolvers.live.diff import changed_items, kind_of_change
from resolvers.live.viewer import Viewer
from resolvers.reference import Reference
from resolvers.snapshots import PERMANENT, aged
from resolvers.verdict import believed, is_doubtful, says_the_same
from resolvers.vocabulary import PrecheckEventKind, PrecheckProblemCode, PrecheckSnapshotSource


class Topic:
    """Turns readings into events for its viewers; `take` is called by one poller only.

    `is_given_up` once the reference has proved permanently wrong.
    """

    def __init__(self, reference: Reference, clock: Clock, next_revision: Callable[[], int], epoch: str) -> None:
        self.reference = reference
        self.viewers: dict[Viewer, None] = {}
        self.poller: asyncio.Task[None] | None = None
        self.is_given_up = False
        self._clock = clock
        self._next_revision = next_revision
        self._epoch = epoch
        self._revision = 0
        self._precheck: Precheck | None = None  # as viewers were shown it
        self._newest: Precheck | None = None  # as it was read last: perhaps an end that is held back
        self._problem: PrecheckProblem | None = None

    @property
    def is_over(self) -> bool:
        """Whether the run has ended and nobody waits for another one."""
        has_ended = self._precheck is not None and self._precheck.status.is_final
        return has_ended and not any(viewer.stays for viewer in self.viewers)

    def join(self, viewer: Viewer) -> None:
        """A new viewer gets what is known at once; the others notice nothing."""
        self.viewers[viewer] = None
        if self._precheck is not None:
            known = aged(self._precheck, PrecheckSnapshotSource.CACHED, self._clock.now())
            self._put(viewer, self._greeting(viewer, known))
        if self._problem is not None:
            self._tell(viewer, self._trouble(self._problem))

    def take(self, reading: Precheck) -> bool:
        """Publish a reading; whether it changed anything.

        An end that is not confirmed is held back where the run was at work a moment ago or in what viewers
        were shown: they see what was known before it.
        """
        before, after = self._precheck, self._shown(reading)
        if before is not None and self._problem is None and says_the_same(before, after):
            self._precheck, self._newest = after, reading
            return False
        self._revision = self._next_revision()
        if before is None:
            news = {viewer: self._greeting(viewer, after) for viewer in self.viewers}
        else:
            news = dict.fromkeys(self.viewers, self._news(before, after))
        # Only now: a fault before this leaves the reading untold, to be told as it should at the next one.
        self._precheck, self._newest, self._problem = after, reading, None
        for viewer, events in news.items():
            self._put(viewer, events)
        return True

    def fail(self, problem: PrecheckProblem, next_attempt_seconds: float) -> None:
        """Tell every viewer of trouble and when the next attempt is; give up if there is to be none.

        The event shows the newest reading, be it an end that was held back: its second reading has failed.
        """
        is_permanent = problem.code in PERMANENT
        if is_permanent and self._may_come_back(problem):
            is_permanent, problem = False, replace(problem, retryable=True)
        if not is_permanent:
            problem = replace(problem, retry_after_seconds=next_attempt_seconds)
        self._revision = self._next_revision()
        event = self._trouble(problem)
        self._problem = problem
        self.is_given_up = is_permanent
        for viewer in self.viewers:
            self._tell(viewer, event)

    def end(self, viewer: Viewer, problem: PrecheckProblem) -> None:
        """Tell one viewer why its watch ends, with the state that is known."""
        now = self._clock.now()
        known = aged(self._newest, PrecheckSnapshotSource.CACHED, now) if self._newest else None
        viewer.put(self.reference, self._event(PrecheckEventKind.PROBLEM, known, problem=problem))
        viewer.finish(self.reference)

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

    def _greeting(self, viewer: Viewer, precheck: Precheck) -> list[PrecheckEvent]:
        gap = viewer.resumed_after is not None and self._revision > viewer.resumed_after
        events = [self._event(PrecheckEventKind.SNAPSHOT, precheck, gap=gap)]
        if precheck.status.is_final:
            events.append(self._event(PrecheckEventKind.COMPLETED, precheck))
        return events

    def _news(self, before: Precheck, after: Precheck) -> list[PrecheckEvent]:
        kind = kind_of_change(before, after)
        event = self._event(kind, after, changes=changed_items(before, after))
        if kind is PrecheckEventKind.COMPLETED and after.run > before.run:
            return [replace(event, kind=PrecheckEventKind.RESTARTED), event]
        return [event]

    def _trouble(self, problem: PrecheckProblem) -> PrecheckEvent:
        known = self._newest
        if known is not None:
            known = aged(known, PrecheckSnapshotSource.STALE, self._clock.now(), problem)
        return self._event(PrecheckEventKind.PROBLEM, known, problem=problem)

    def _put(self, viewer: Viewer, events: Iterable[PrecheckEvent]) -> None:
        for event in events:
            viewer.put(self.reference, event)

    def _tell(self, viewer: Viewer, trouble: PrecheckEvent) -> None:
        viewer.put(self.reference, trouble)
        if self.is_given_up:
            viewer.finish(self.reference)

    def _event(self, kind: PrecheckEventKind, precheck: Precheck | None, **parts: Any) -> PrecheckEvent:
        cursor = f"{self._epoch}.{self._revision}"
        return PrecheckEvent(kind=kind, cursor=cursor, at=self._clock.now(), precheck=precheck, **parts)
