"""Subscription: live updates of prechecks."""

from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial

from resolvers.arguments import locale_of, reference_from, within_limit
from resolvers.caller import Caller, ending
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
    return _events(info.context.services, info.context.caller, asked)


async def _events(
    services: Services, caller: Caller | None, asked: Callable[[], Wish]
) -> AsyncGenerator[PrecheckEvent, None]:
    wish = asked()
    del asked  # a stream lasts long, and there may be thousands
    with (
        services.hub.viewing(wish) as viewer,
        ending(caller, services.clock, partial(viewer.stop, at_once=True)),
    ):
        while (event := await viewer.next()) is not None:
            yield event


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
