"""Subscription: live updates of prechecks."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial

from resolvers.arguments import locale_of, reference_from, within_limit
from resolvers.caller import Caller, stop_at_the_end
from resolvers.context import Context, Info, Services
from resolvers.domain import PrecheckEvent, PrecheckProblem, PrecheckRef
from resolvers.errors import BadRequest
from resolvers.live.hub import Wish
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
    return _events(info.context.services, info.context.caller, info.context.client, asked)


async def _events(
    services: Services, caller: Caller | None, client: str, asked: Callable[[], Wish]
) -> AsyncGenerator[PrecheckEvent, None]:
    with services.places.place(client):
        viewer = services.hub.join(asked())
        del asked  # a stream lasts long, and there may be thousands
        end = asyncio.create_task(stop_at_the_end(caller, services.clock, viewer.stop_at_once)) if caller else None
        try:
            while (event := await viewer.next()) is not None:
                yield event
        finally:
            services.hub.leave(viewer)
            if end is not None:
                end.cancel()


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
    for ref in asked:
        found = reference_from(ref)
        if isinstance(found, Reference):
            references[found] = None
        else:
            problems.append(found)
    return Wish(
        list(references), problems, locale_of(context, locale), until or PrecheckStreamEnd.ALL_COMPLETED, after
    )
