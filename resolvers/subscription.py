"""Subscription: live updates of prechecks."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from resolvers.arguments import locale_of, reference_from, within_limit
from resolvers.caller import stop_at_the_end
from resolvers.context import Context, Info
from resolvers.domain import PrecheckEvent, PrecheckProblem, PrecheckRef
from resolvers.errors import BadRequest, unknown_provider
from resolvers.live.hub import Wish
from resolvers.live.viewer import Outlet, Viewer
from resolvers.reference import Reference
from resolvers.vocabulary import PrecheckLocale, PrecheckStreamEnd


def precheck_updates(
    info: Info,
    ids: Sequence[str] | None,
    refs: Sequence[PrecheckRef] | None,
    after: str | None,
    until: PrecheckStreamEnd | None,
    locale: PrecheckLocale | None,
) -> AsyncGenerator[PrecheckEvent, None]:
    """Events of all prechecks asked for, in one stream. What is wrong with the question is raised by its start."""
    asked = partial(_wish, info.context, ids, refs, after, until, locale)
    return Events(info.context, asked)


class Events(AsyncGenerator[PrecheckEvent, None]):
    """The events of one stream, which begins when the first one is asked for; smaller than a generator."""

    __slots__ = ("_asked", "_caller", "_end", "_outlet", "_place", "_services", "_viewer")

    def __init__(self, context: Context, asked: Callable[[], Wish]) -> None:
        self._services = context.services
        self._caller = context.caller
        self._place = context.services.places.place(context.client)
        self._asked: Callable[[], Wish] | None = asked
        self._viewer: Viewer | None = None
        self._end: asyncio.Task[None] | None = None
        self._outlet: Outlet | None = None

    def push_to(self, outlet: Outlet) -> None:
        """Have events sent by this where it can, instead of yielding them."""
        self._outlet = outlet

    async def __anext__(self) -> PrecheckEvent:
        """The next event."""
        if self._viewer is None:
            self._viewer = self._begun()
        event = await self._viewer.next()
        if event is None:
            await self.aclose()
            raise StopAsyncIteration
        return event

    async def asend(self, _: None) -> PrecheckEvent:
        """The next event: nothing can be sent to a stream."""
        return await anext(self)

    async def athrow(self, *error: Any) -> PrecheckEvent:
        """End the stream."""
        await self.aclose()
        raise error[0]

    async def aclose(self) -> None:
        """Give back what the stream has taken."""
        viewer, self._viewer = self._viewer, None
        if viewer is not None:
            self._services.hub.leave(viewer)
            self._place.__exit__()
        if self._end is not None:
            self._end.cancel()

    def _begun(self) -> Viewer:
        if self._asked is None:
            raise StopAsyncIteration
        with ExitStack() as stack:
            stack.enter_context(self._place)
            viewer = self._services.hub.join(self._asked())
            stack.pop_all()
        self._asked = None
        if self._outlet is not None:
            viewer.push_to(self._outlet)
        if self._caller is not None and self._caller.may_end:
            end = stop_at_the_end(self._caller, self._services.clock, viewer.stop_at_once)
            self._end = asyncio.create_task(end)
        return viewer


def _wish(
    context: Context,
    ids: Sequence[str] | None,
    refs: Sequence[PrecheckRef] | None,
    after: str | None,
    until: PrecheckStreamEnd | None,
    locale: PrecheckLocale | None,
) -> Wish:
    asked = [*(PrecheckRef(id=each, provider_id=None, external_id=None) for each in ids or ()), *(refs or ())]
    if not asked:
        raise BadRequest("Nothing to watch: give at least one entry in `ids` or in `refs`.")
    within_limit(context, "ids and refs", asked)
    references: dict[Reference, None] = {}
    problems: list[PrecheckProblem] = []
    unknown: dict[Reference, PrecheckProblem] = {}
    providers = context.providers
    for ref in asked:
        found = reference_from(ref)
        if isinstance(found, PrecheckProblem):
            problems.append(found)
        elif found.provider_id in providers:
            references[found] = None
        else:
            # Never watched: what is not there for this caller has neither a poller nor a metric's label.
            unknown.setdefault(found, unknown_provider(found.provider_id))
    problems += unknown.values()
    ends = until or PrecheckStreamEnd.ALL_COMPLETED
    return Wish(list(references), problems, locale_of(context, locale), ends, after)
