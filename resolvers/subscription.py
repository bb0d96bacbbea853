"""Subscription: live updates of prechecks."""

from collections.abc import AsyncGenerator, Sequence

from resolvers.arguments import locale_of, reference_from, within_limit
from resolvers.caller import while_admitted
from resolvers.context import Info
from resolvers.domain import PrecheckEvent, PrecheckProblem, PrecheckRef
from resolvers.errors import BadRequest
from resolvers.reference import Reference
from resolvers.vocabulary import PrecheckLocale, PrecheckStreamEnd


async def precheck_updates(
    info: Info,
    ids: Sequence[str] | None,
    refs: Sequence[PrecheckRef] | None,
    after: str | None,
    until: PrecheckStreamEnd | None,
    locale: PrecheckLocale | None,
) -> AsyncGenerator[PrecheckEvent, None]:
    """Events of all prechecks asked for, in one stream; each event starts with fresh loaders."""
    context = info.context
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
    events = context.services.hub.watch(
        list(references), problems, locale_of(context, locale), until or PrecheckStreamEnd.ALL_COMPLETED, after
    )
    if context.caller is not None:
        events = while_admitted(events, context.caller, context.services.clock)
    context.services.places.take(context.client)
    try:
        async for event in events:
            context.begin()
            if event.precheck is not None:
                context.show(event.precheck)
            yield event
    finally:
        context.services.places.leave(context.client)
        await events.aclose()
