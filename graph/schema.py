"""The schema: root fields that hand plain values to `resolvers`, and the object that executes them; no logic."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.name_converter import NameConverter

from graph.execution.executor import CompiledExecutor
from graph.federation import EntitySchema, describe_machinery, print_once
from graph.types.inputs import PrecheckFilter, PrecheckRefInput
from graph.types.precheck import (
    AFTER_DESCRIPTION,
    FIRST_DESCRIPTION,
    Precheck,
    PrecheckConnection,
    PrecheckEvent,
    PrecheckLookup,
    Provider,
)
from graph.types.scalars import DATE_TIME
from graph.types.views import described, shown_as, streamed_as, typically
from graph.types.words import PrecheckLocale, PrecheckOrder, PrecheckStreamEnd, ProviderCapability
from resolvers import domain, query, subscription
from resolvers.context import Info

Locale = Annotated[
    PrecheckLocale | None,
    described("Language for vendor text. Defaults to the request's Accept-Language, then English."),
]
MaxAge = Annotated[
    int | None, described("Accept a snapshot up to this old. 0 forces a vendor call; null means the default.")
]
First = Annotated[int | None, described(FIRST_DESCRIPTION)]
After = Annotated[str | None, described(AFTER_DESCRIPTION)]


@strawberry.type(
    description="Reads. Only `precheck`, `lookupPrechecks` and entities may call vendors, and, once, the first "
    "list of tracked prechecks; everything else is answered from shared snapshots."
)
class Query:
    """Root of reads."""

    @shown_as(
        Precheck | None,
        "One precheck by the id this API gave it. Null, with an entry in `errors` whose `extensions.code` is a "
        "`PrecheckProblemCode`, when it cannot be shown at all.",
    )
    def precheck(
        self,
        info: Info,
        id: Annotated[strawberry.ID, described("An id this API gave.")],
        locale: Locale = None,
        max_age_seconds: MaxAge = 2,
    ) -> query.Shown:
        """Resolved in resolvers.query."""
        return query.precheck(info, id, locale, max_age_seconds)

    @shown_as(
        list[PrecheckLookup],
        "Many prechecks by vendor identifiers or ids, in the order asked. Always the same length as `refs`: one "
        "unreachable vendor never hides the others. Duplicates are fetched once.",
    )
    async def lookup_prechecks(
        self,
        info: Info,
        refs: Annotated[
            list[domain.PrecheckRef],
            described("What to look up, at most 100 by default.", list[PrecheckRefInput]),
        ],
        locale: Locale = None,
        max_age_seconds: MaxAge = 2,
    ) -> Sequence[domain.PrecheckLookup]:
        """Resolved in resolvers.query."""
        return await query.lookup_prechecks(info, refs, locale, max_age_seconds)

    @shown_as(
        PrecheckConnection,
        "The prechecks this server tracks, across all providers. None of the vendors can list prechecks, so the "
        "set is what was tracked, looked up or configured here. Answered from snapshots: paging and filtering "
        "never call a vendor.",
    )
    async def prechecks(
        self,
        info: Info,
        filter: Annotated[
            domain.PrecheckFilter | None,
            described("Only prechecks that match; null means all.", PrecheckFilter | None),
        ] = None,
        order_by: Annotated[
            PrecheckOrder | None, described("What comes first; null means the default.")
        ] = PrecheckOrder.UPDATED_DESC,
        first: First = 50,
        after: After = None,
    ) -> domain.PrecheckConnection:
        """Resolved in resolvers.query."""
        return await query.prechecks(info, filter, order_by, first, after)

    @shown_as(list[Provider], "Configured providers. Reading their health makes no vendor call.", typically(10))
    def precheck_providers(
        self,
        info: Info,
        supporting: Annotated[
            list[ProviderCapability] | None, described("Only providers that have all of these; null means all.")
        ] = None,
    ) -> Sequence[domain.Provider]:
        """Resolved in resolvers.query."""
        return query.precheck_providers(info, supporting)

    @shown_as(Provider | None, "One configured provider; null if none has this id.")
    def precheck_provider(
        self, info: Info, id: Annotated[strawberry.ID, described("As configured.")]
    ) -> domain.Provider | None:
        """Resolved in resolvers.query."""
        return query.precheck_provider(info, id)


@strawberry.type(description="Streams.")
class Subscription:
    """Root of streams."""

    @streamed_as(
        PrecheckEvent,
        "Live updates for one or many prechecks of any providers, over one stream. The first event for each "
        "precheck is a SNAPSHOT, so no query is needed before it. The stream completes by itself when `until` is "
        "met. All subscribers to a precheck share one poll of its vendor.",
    )
    def precheck_updates(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID] | None, described("Ids this API gave.")] = None,
        refs: Annotated[
            list[domain.PrecheckRef] | None,
            described(
                "Vendor identifiers, where no id is at hand yet. At least one of `ids` and `refs` is needed.",
                list[PrecheckRefInput] | None,
            ),
        ] = None,
        after: Annotated[
            str | None,
            described(
                "The `cursor` of the last event received: what came after it is told, each change once. Where "
                "that is not known any more, a SNAPSHOT with `gap: true` says so."
            ),
        ] = None,
        until: Annotated[
            PrecheckStreamEnd | None, described("When to end; null means the default.")
        ] = PrecheckStreamEnd.ALL_COMPLETED,
        locale: Locale = None,
    ) -> AsyncGenerator[domain.PrecheckEvent, None]:
        """Resolved in resolvers.subscription."""
        return subscription.precheck_updates(info, ids, refs, after, until, locale)


class CamelCase(NameConverter):
    """Strawberry's names, each worked out once; it would do so for every argument of every call."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, str] = {}

    def apply_naming_config(self, name: str) -> str:
        """The name in camel case; only names of this schema come here."""
        if name not in self._known:
            self._known[name] = super().apply_naming_config(name)
        return self._known[name]


schema = EntitySchema(
    query=Query,
    subscription=Subscription,
    execution_context_class=CompiledExecutor,
    federation_version="2.5",
    config=StrawberryConfig(name_converter=CamelCase(), scalar_map={datetime: DATE_TIME}),
)
describe_machinery(schema)
print_once(schema)
