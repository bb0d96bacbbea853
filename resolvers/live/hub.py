"""Who watches what: viewers join topics, the first viewer of a topic starts its poller, the last one ends it."""

import asyncio
import contextlib
import itertools
import random
import secrets
from collections.abc import AsyncGenerator, Collection, Iterable
from typing import NamedTuple

from msgspec.structs import replace

from resolvers.clock import Clock
from resolvers.domain import PrecheckEvent, PrecheckProblem
from resolvers.errors import BadRequest, ServerRestarting, TimedOut
from resolvers.live.poller import Pace, Poller
from resolvers.live.rounds import Rounds
from resolvers.live.topic import Topic
from resolvers.live.viewer import Viewer
from resolvers.reference import Reference
from resolvers.snapshots import Snapshots
from resolvers.vocabulary import PrecheckEventKind, PrecheckLocale, PrecheckStreamEnd

DEADLINE_SECONDS = 30 * 60.0


class Watched(NamedTuple):
    """What one poller serves: a precheck in a language."""

    reference: Reference
    locale: PrecheckLocale


class Hub:
    """All streams of this process. The first event of each watched precheck is its SNAPSHOT."""

    def __init__(self, snapshots: Snapshots, clock: Clock, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._snapshots = snapshots
        self._clock = clock
        self._deadline_seconds = deadline_seconds
        self._topics: dict[Watched, Topic] = {}
        self._viewers: set[Viewer] = set()
        self._rounds: dict[tuple[str, float], Rounds] = {}
        self._epoch = secrets.token_urlsafe(6)
        self._revisions = itertools.count(1)
        self._newest_revision = 0
        self._is_closing = False

    async def watch(
        self,
        references: Collection[Reference],
        problems: Iterable[PrecheckProblem],
        locale: PrecheckLocale,
        until: PrecheckStreamEnd,
        after: str | None,
    ) -> AsyncGenerator[PrecheckEvent, None]:
        """Events until `until` is met, the deadline passes or the caller goes away.

        `problems` stand for references that could not even be read: one PROBLEM event each.
        Raises BadRequest for an `after` that was no cursor, ServerRestarting once the hub is closed.
        """
        viewer = Viewer(frozenset(references), until, self._revision_of(after))
        if self._is_closing:
            raise _restarting()
        self._viewers.add(viewer)
        for problem in problems:
            viewer.put(None, self._problem_event(problem))
        deadline = None if until is PrecheckStreamEnd.NEVER else self._clock.monotonic() + self._deadline_seconds
        watched = [Watched(reference, self._snapshots.spoken(reference, locale)) for reference in references]
        try:
            for each in watched:
                self._join(each, viewer)
            while (event := await self._next(viewer, watched, deadline)) is not None:
                yield event
                for each in watched:
                    if each.reference not in viewer.unfinished:
                        self._leave(each, viewer)
        finally:
            self._viewers.discard(viewer)
            for each in watched:
                self._leave(each, viewer)

    @property
    def topics(self) -> int:
        """How many prechecks are being polled."""
        return len(self._topics)

    async def close(self) -> None:
        """End every stream with SERVER_RESTARTING, and every poller."""
        self._is_closing = True
        for viewer in self._viewers:
            viewer.stop(_restarting())
        pollers = [topic.poller for topic in self._topics.values() if topic.poller is not None]
        for poller in pollers:
            poller.cancel()
        await asyncio.gather(*pollers, return_exceptions=True)

    async def _next(
        self, viewer: Viewer, watched: Collection[Watched], deadline: float | None
    ) -> PrecheckEvent | None:
        if deadline is None:
            return await viewer.next()
        left_seconds = deadline - self._clock.monotonic()
        # A mailbox that is never empty is never waited for: no timeout would cut that short.
        if left_seconds > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_seconds):
                    return await viewer.next()
        for each in watched:
            if each.reference in viewer.unfinished:
                self._topics[each].end(viewer, _deadline_passed(each.reference, self._deadline_seconds))
        return await viewer.next()

    def _join(self, watched: Watched, viewer: Viewer) -> None:
        topic = self._topics.get(watched)
        # A topic that was given up lives on for who has not read its last event; newcomers ask anew.
        if topic is None or topic.is_given_up:
            # Inserted before anything is awaited: two first viewers make one poller.
            topic = self._topics[watched] = Topic(watched.reference, self._clock, self._next_revision, self._epoch)
            self._start(watched, topic, self._poller(topic, watched.locale))
        topic.join(viewer)

    def _leave(self, watched: Watched, viewer: Viewer) -> None:
        topic = self._topics.get(watched)
        if topic is None or viewer not in topic.viewers:
            return
        del topic.viewers[viewer]
        if not topic.viewers:
            del self._topics[watched]
            if topic.poller is not None:
                topic.poller.cancel()

    def _poller(self, topic: Topic, locale: PrecheckLocale) -> Poller:
        provider = self._snapshots.providers.get(topic.reference.provider_id)
        floor_seconds = provider.limits.poll_seconds if provider else 1.0
        if provider is not None and provider.limits.batch_size > 1:
            rounds = self._rounds.setdefault((provider.id, floor_seconds), Rounds(self._clock, floor_seconds))
            return Poller(topic, locale, self._snapshots, Pace(floor_seconds, _no_jitter), rounds.wait)
        return Poller(topic, locale, self._snapshots, Pace(floor_seconds, random.random), self._clock.sleep)

    def _start(self, watched: Watched, topic: Topic, poller: Poller, after: BaseException | None = None) -> None:
        def ended(task: asyncio.Task[None]) -> None:
            fault = asyncio.CancelledError() if task.cancelled() else task.exception()
            is_watched = self._topics.get(watched) is topic and not topic.is_given_up
            # Viewers of a poller that died would wait in silence for ever.
            if is_watched and not self._is_closing:
                self._start(watched, topic, poller, fault)

        name = f"poller of {topic.reference.provider_id}"
        topic.poller = asyncio.create_task(poller.run(after), name=name)
        topic.poller.add_done_callback(ended)

    def _next_revision(self) -> int:
        self._newest_revision = next(self._revisions)
        return self._newest_revision

    def _revision_of(self, cursor: str | None) -> int | None:
        if cursor is None:
            return None
        epoch, _, revision = cursor.partition(".")
        if not epoch or not revision.isdecimal():
            raise BadRequest(
                "`after` takes the `cursor` of an event of this stream; leave it out to start afresh."
            )
        # A cursor from before a restart lies before everything that happened since.
        is_ours = epoch == self._epoch and int(revision[:18]) <= self._newest_revision
        return int(revision[:18]) if is_ours else -1

    def _problem_event(self, problem: PrecheckProblem) -> PrecheckEvent:
        cursor = f"{self._epoch}.{self._next_revision()}"
        return PrecheckEvent(kind=PrecheckEventKind.PROBLEM, cursor=cursor, at=self._clock.now(), problem=problem)


def _restarting() -> ServerRestarting:
    return ServerRestarting("This server is about to end. Subscribe again in a moment.")


def _no_jitter() -> float:
    """The middle of all random numbers: jitter would scatter over several rounds who could share a call."""
    return 0.5


def _deadline_passed(reference: Reference, seconds: float) -> PrecheckProblem:
    error = TimedOut(
        f"The precheck did not finish within {seconds:g} s of watching. Subscribe again to go on.",
        provider_id=reference.provider_id,
    )
    return replace(error.problem, retryable=True)
