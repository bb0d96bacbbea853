"""Who watches what: viewers join topics, the first viewer of a topic starts its poller, the last one ends it."""

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import Collection
from functools import partial
from typing import NamedTuple

from resolvers.clock import Clock
from resolvers.domain import PrecheckEvent, PrecheckProblem, ProviderLimits
from resolvers.errors import ServerRestarting
from resolvers.live.cursor import Cursors, Position
from resolvers.live.deadlines import Deadlines
from resolvers.live.mailbox import Letter
from resolvers.live.poller import Pace, Poller
from resolvers.live.publisher import Publisher, Told
from resolvers.live.resting import Resting
from resolvers.live.rounds import Rounds
from resolvers.live.topic import Newcomer, Topic
from resolvers.live.viewer import Viewer
from resolvers.reference import Reference
from resolvers.snapshots import Snapshots
from resolvers.vocabulary import PrecheckEventKind, PrecheckLocale, PrecheckStreamEnd

DEADLINE_SECONDS = 30 * 60.0
# Of a vendor's rate, so that queries find a turn between the polls.
_SHARE_OF_THE_RATE = 0.75


class Watched(NamedTuple):
    """What one poller serves: a precheck in a language."""

    reference: Reference
    locale: PrecheckLocale


class Wish(NamedTuple):
    """What a stream is to show. `problems` stand for references that cannot be watched."""

    references: Collection[Reference]
    problems: Collection[PrecheckProblem]
    locale: PrecheckLocale
    until: PrecheckStreamEnd = PrecheckStreamEnd.ALL_COMPLETED
    after: str | None = None


class Hub:
    """All streams of this process. The first event of each watched precheck is its SNAPSHOT."""

    def __init__(self, snapshots: Snapshots, clock: Clock, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._snapshots = snapshots
        self._clock = clock
        self._deadline_seconds = deadline_seconds
        self._topics: dict[Watched, Topic] = {}
        self._resting = Resting[Watched, Topic](clock)
        self._polled: Counter[str] = Counter()
        self._viewers: dict[Viewer, tuple[Watched, ...]] = {}
        self._rounds: dict[tuple[str, float], Rounds] = {}
        self._deadlines = Deadlines[Viewer](deadline_seconds, self._overdue)
        self._process = secrets.token_urlsafe(6)
        self._publisher = Publisher()
        self._is_closing = False

    def join(self, wish: Wish) -> Viewer:
        """A viewer of what is wished for; whoever fetches its events has it leave in the end.

        Raises BadRequest for an `after` that was no cursor, and ServerRestarting where there is no time left.
        """
        if self._is_closing:
            raise _restarting()
        cursors = Cursors(self._process, wish.references, wish.locale)
        position = cursors.read(wish.after, self._publisher.newest) if wish.after is not None else None
        viewer = Viewer(wish.references, wish.until, cursors, self._finished, position)
        # Kept, for what a provider speaks may be another language when the viewer leaves.
        spoken = tuple(Watched(each, self._snapshots.spoken(each, wish.locale)) for each in wish.references)
        self._viewers[viewer] = spoken
        if not viewer.stays:
            self._deadlines.add(viewer)
        self._join_topics(viewer, spoken, position, may_have_missed=wish.after is not None)
        for problem in wish.problems:
            viewer.put(Letter(None, self._problem_event(problem), self._publisher.newest))
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """This viewer fetches nothing any more."""
        watched = self._viewers.pop(viewer)
        self._deadlines.remove(viewer)
        viewer.close()
        for each in watched:
            self._leave(viewer, each)

    @property
    def topics(self) -> int:
        """How many prechecks are being polled."""
        return len(self._topics)

    @property
    def viewers(self) -> int:
        """How many streams are open."""
        return len(self._viewers)

    def forget(self, provider_ids: Collection[str]) -> None:
        """These are other connections by now: nothing that was read of them holds any more."""
        self._resting.drop(lambda watched: watched.reference.provider_id in provider_ids)
        # One that is gone says so by itself, beside what was known.
        moved = self._snapshots.providers.keys() & set(provider_ids)
        for watched, topic in self._topics.items():
            if watched.reference.provider_id in moved:
                topic.begin_anew()

    async def close(self) -> None:
        """End every stream with SERVER_RESTARTING, and every poller."""
        self._is_closing = True
        for viewer in list(self._viewers):
            viewer.stop(_restarting())
        pollers = [topic.poller for topic in self._topics.values() if topic.poller is not None]
        for poller in pollers:
            poller.cancel()
        await asyncio.gather(*pollers, return_exceptions=True)
        await self._publisher.close()

    def _join_topics(
        self, viewer: Viewer, watched: Collection[Watched], position: Position | None, *, may_have_missed: bool
    ) -> None:
        """Letters come in the order of their revisions: first what was missed, then what is shown anew."""
        missed: list[tuple[Told, Reference]] = []
        anew: list[tuple[Topic, Newcomer]] = []
        for each in watched:
            if position is not None and each.reference in position.over and not viewer.stays:
                viewer.skip(each.reference)
                continue
            topic = self._topic(each)
            is_unshown = position is not None and each.reference in position.unshown
            since = None if position is None or is_unshown else topic.rejoin(viewer, position.revision)
            if since is not None:
                missed += [(told, each.reference) for told in since]
                continue
            if position is not None and is_unshown:
                newcomer = Newcomer(position.has_gap, position.revision)
            else:
                newcomer = Newcomer(may_have_missed, None)
            viewer.expect(each.reference, has_gap=newcomer.has_gap)
            anew.append((topic, newcomer))
        for told, reference in sorted(missed, key=_revision):
            viewer.replay(Letter(reference, told.event, told.revision))
        for topic, newcomer in anew:
            topic.join(viewer, newcomer)

    def _topic(self, watched: Watched) -> Topic:
        topic = self._topics.get(watched)
        # A topic that was given up lives on for who has not read its last event; newcomers ask anew.
        if topic is None or topic.is_given_up:
            # Inserted before anything is awaited: two first viewers make one poller.
            resting = self._resting.take(watched)
            topic = resting or Topic(watched.reference, self._clock, self._publisher)
            if watched not in self._topics:
                self._polled[watched.reference.provider_id] += 1
            self._topics[watched] = topic
            self._start(watched, topic, self._poller(topic, watched.locale))
        return topic

    def _finished(self, viewer: Viewer, reference: Reference) -> None:
        for watched in self._viewers.get(viewer, ()):
            if watched.reference == reference:
                self._leave(viewer, watched)

    def _leave(self, viewer: Viewer, watched: Watched) -> None:
        topic = self._topics.get(watched)
        if topic is None or viewer not in topic.viewers:
            return
        topic.leave(viewer)
        if not topic.viewers:
            del self._topics[watched]
            self._polled[watched.reference.provider_id] -= 1
            if topic.poller is not None:
                topic.poller.cancel()
                topic.poller = None
            if topic.is_known:
                topic.rest()
                self._resting.keep(watched, topic)

    def _poller(self, topic: Topic, locale: PrecheckLocale) -> Poller:
        provider = self._snapshots.providers.get(topic.reference.provider_id)
        floor_seconds = provider.limits.poll_seconds if provider else 1.0
        crowding = partial(self._crowding, provider.limits if provider else None, topic.reference.provider_id)
        if provider is not None and provider.limits.batch_size > 1:
            rounds = self._rounds.setdefault((provider.id, floor_seconds), Rounds(self._clock, floor_seconds))
            pace = Pace(floor_seconds, _no_jitter, crowding)
            return Poller(topic, locale, self._snapshots, pace, rounds.wait)
        pace = Pace(floor_seconds, random.random, crowding)
        return Poller(topic, locale, self._snapshots, pace, self._clock.sleep)

    def _crowding(self, limits: ProviderLimits | None, provider_id: str) -> float:
        """The seconds that one poll of all that is watched at a provider takes at its rate."""
        if limits is None or limits.requests_per_second is None:
            return 0.0
        calls = self._polled[provider_id] / limits.batch_size
        return calls / (limits.requests_per_second * _SHARE_OF_THE_RATE)

    def _start(self, watched: Watched, topic: Topic, poller: Poller, after: BaseException | None = None) -> None:
        def ended(task: asyncio.Task[None]) -> None:
            fault = asyncio.CancelledError() if task.cancelled() else task.exception()
            is_watched = self._topics.get(watched) is topic and not topic.is_given_up
            # Viewers of a poller that died would wait in silence for ever.
            if is_watched and topic.poller is task and not self._is_closing:
                self._start(watched, topic, poller, fault)

        name = f"poller of {topic.reference.provider_id}"
        topic.poller = asyncio.create_task(poller.run(after), name=name)
        topic.poller.add_done_callback(ended)

    def _overdue(self, viewer: Viewer) -> None:
        for watched in self._viewers[viewer]:
            topic = self._topics.get(watched)
            if topic is not None and viewer in topic.viewers:
                topic.end(viewer, self._deadline_seconds)

    def _problem_event(self, problem: PrecheckProblem) -> PrecheckEvent:
        return PrecheckEvent(kind=PrecheckEventKind.PROBLEM, cursor="", at=self._clock.now(), problem=problem)


def _revision(missed: tuple[Told, Reference]) -> int:
    return missed[0].revision


def _restarting() -> ServerRestarting:
    return ServerRestarting("This server is about to end. Subscribe again in a moment.")


def _no_jitter() -> float:
    """The middle of all random numbers: jitter would scatter over several rounds who could share a call."""
    return 0.5
