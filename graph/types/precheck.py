"""Precheck, PrecheckItem and Provider, which refer to each other, and the lists and streams of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import Parent

from graph.types.findings import (
    PrecheckCounts,
    PrecheckEvidence,
    PrecheckFreshness,
    PrecheckItemDetail,
    PrecheckProgress,
    PrecheckRemedy,
    PrecheckSkip,
    PrecheckSubJob,
    PrecheckVendorView,
)
from graph.types.inputs import PrecheckFilter, PrecheckItemFilter
from graph.types.problem import PrecheckProblem
from graph.types.provider import ProviderHealth, ProviderLimits
from graph.types.views import InstancesOf, described, shown_as, typically
from graph.types.words import (
    PrecheckCategory,
    PrecheckDirection,
    PrecheckEndpointRole,
    PrecheckEventKind,
    PrecheckItemState,
    PrecheckLocale,
    PrecheckPurpose,
    PrecheckSide,
    PrecheckStatus,
    PrecheckVerdict,
    ProviderCapability,
)
from resolvers import domain, item, precheck, provider, query
from resolvers.context import Info

ITEMS = 40  # the longest documented answer, of DRS, has 39
BLOCKERS = 5
FIRST_DESCRIPTION = "Most entries of the page, 0 to 100; null means the default."
AFTER_DESCRIPTION = "The `endCursor` of the page before."


@strawberry.federation.type(
    keys=["id", "providerId externalId"],
    description="One precheck as a vendor addresses it, with its newest known result. Some vendors give every run "
    "a new identifier (OMS, NineData); others reuse the task's identifier and overwrite the result (DRS, DTS). "
    "`run` counts the runs seen here.",
)
class Precheck:
    """View of domain.Precheck."""

    is_type_of = InstancesOf(domain.Precheck)

    id: strawberry.ID = strawberry.field(
        description="Opaque and stable. Derived from provider and vendor identifiers, so no call is needed for it."
    )
    provider_id: strawberry.ID = strawberry.field(description="The provider it is read through.")
    external_id: str = strawberry.field(
        description="The vendor's identifier. Two-part identifiers are joined by a slash: cd-…/pcte-…"
    )
    task_id: str | None = strawberry.field(
        description="The migration, synchronisation or comparison task it belongs to, where the vendor says."
    )
    purpose: PrecheckPurpose = strawberry.field(description="What kind of task it guards.")
    direction: PrecheckDirection | None = strawberry.field(
        description="Which way data moves, where the vendor says."
    )
    status: PrecheckStatus = strawberry.field(
        description="Where the run is in its life. Says nothing about success."
    )
    verdict: PrecheckVerdict = strawberry.field(
        description="Whether the migration may start, judged now. BLOCKED can be known before the run ends; "
        "READY cannot."
    )
    summary: str = strawberry.field(description="One sentence that explains the verdict.")
    progress: PrecheckProgress = strawberry.field(description="How far the run has come.")
    counts: PrecheckCounts = strawberry.field(description="Its items by state.")
    freshness: PrecheckFreshness = strawberry.field(description="How old this answer is, and why it may be stale.")
    problems: list[PrecheckProblem] = strawberry.field(
        description="Trouble that belongs to the whole precheck, such as a vendor error for this id only, or "
        "a run that ought to be over and is not.",
        metadata=typically(1),
    )
    vendor: PrecheckVendorView = strawberry.field(
        description="What the vendor itself concluded, in its own words, for comparison with `verdict`."
    )
    run: int = strawberry.field(description="1 for the first run seen here, higher after each re-run.")
    first_seen_at: datetime | None = strawberry.field(
        description="When this server first saw it; the vendors here report no times of their own."
    )
    updated_at: datetime | None = strawberry.field(description="When this server last saw it change.")
    completed_at: datetime | None = strawberry.field(description="When this server first saw this run over.")

    @shown_as("Provider", "The connection it is read through.")
    @staticmethod
    def provider(parent: Parent[domain.Precheck], info: Info) -> domain.Provider:
        """Resolved in resolvers.precheck."""
        return precheck.provider(parent, info)

    @shown_as(
        list["PrecheckItem"],
        "A plain list: a precheck has tens of items, so nothing is cut off by paging.",
        typically(ITEMS),
    )
    @staticmethod
    def items(
        parent: Parent[domain.Precheck],
        filter: Annotated[
            domain.PrecheckItemFilter | None,
            described("Only items that match; null means all.", PrecheckItemFilter | None),
        ] = None,
    ) -> Sequence[domain.PrecheckItem]:
        """Resolved in resolvers.precheck."""
        return precheck.items(parent, filter)

    @shown_as(
        list["PrecheckItem"],
        "Failed and not skipped. Shorthand for items(filter: {blocking: true}).",
        typically(BLOCKERS),
    )
    @staticmethod
    def blockers(parent: Parent[domain.Precheck]) -> Sequence[domain.PrecheckItem]:
        """Resolved in resolvers.precheck."""
        return precheck.blockers(parent)

    @classmethod
    def resolve_reference(
        cls, info: Info, id: Any = None, providerId: Any = None, externalId: Any = None, **_: Any
    ) -> query.Shown:
        """By whichever key a gateway sent, under its GraphQL name."""
        return query.precheck_entity(info, id, providerId, externalId)


@strawberry.federation.type(keys=["id"], description="One check of one precheck.")
class PrecheckItem:
    """View of domain.PrecheckItem."""

    is_type_of = InstancesOf(domain.PrecheckItem)

    id: strawberry.ID = strawberry.field(description="Opaque: the precheck's id and the item's key.")
    key: str = strawberry.field(
        description="Stable across polls and runs of the same task: side, role, code and, if needed, an ordinal."
    )
    code: str = strawberry.field(
        description="The vendor's check code, for example RDB_CONNECT, dstDbDiskSize, SrcPrivilegeCheck."
    )
    title: str = strawberry.field(description="What is checked, for people; may be localised.")
    description: str | None = strawberry.field(description="What is looked at, where the vendor says.")
    ordinal: int = strawberry.field(description="Position in the vendor's list, from 0.")
    side: PrecheckSide = strawberry.field(description="Which end of the migration it looks at.")
    side_inferred: bool = strawberry.field(
        description="True when the vendor gave no side and it was read from the code."
    )
    role: PrecheckEndpointRole | None = strawberry.field(
        description="Which instance of that end, where the vendor says."
    )
    category: PrecheckCategory = strawberry.field(description="What it is about.")
    vendor_group: str | None = strawberry.field(description="The vendor's own group or step, unchanged.")
    state: PrecheckItemState = strawberry.field(description="Its result.")
    vendor_state: str | None = strawberry.field(
        description="The vendor's own word for the state. Keeps meaning when `state` is UNKNOWN."
    )
    blocking: bool = strawberry.field(description="Failed, not skipped: stands between you and the start.")
    skip: PrecheckSkip = strawberry.field(description="Whether it is, or may be, skipped.")
    reason: str | None = strawberry.field(description="Why it failed or warns, for people.")
    reason_code: str | None = strawberry.field(
        description="The vendor's machine-readable reason, for example SRC_HAS_TTL_INDEXES."
    )
    remedy: PrecheckRemedy | None = strawberry.field(
        description="What to do about it. Null when neither the vendor nor the catalogue knows."
    )
    raw_error: str | None = strawberry.field(
        description="Error text exactly as the vendor or the database gave it. Needs the right `raw`."
    )
    log: list[str] = strawberry.field(description="Lines the vendor logged for it.")
    evidence: list[PrecheckEvidence] = strawberry.field(
        description="Measured facts behind the result, for example free and needed space.", metadata=typically(2)
    )
    sub_jobs: list[PrecheckSubJob] = strawberry.field(
        description="Sub-tasks that failed under it.", metadata=typically(1)
    )
    details: list[PrecheckItemDetail] = strawberry.field(
        description="Findings inside a step, where a vendor nests them (DTS). The step stays the unit of "
        "skipping.",
        metadata=typically(2),
    )

    @shown_as(Precheck, "The precheck it belongs to, from the same snapshot.")
    @staticmethod
    def precheck(parent: Parent[domain.PrecheckItem], info: Info) -> domain.Precheck:
        """Resolved in resolvers.item."""
        return item.precheck(parent, info)

    @classmethod
    async def resolve_reference(cls, info: Info, id: Any = None, **_: Any) -> domain.PrecheckItem | None:
        """By id, as a gateway sends it."""
        return await query.item_entity(info, id)


@strawberry.federation.type(shareable=True, description="Where a page lies in its list.")
class PageInfo:
    """View of domain.PageInfo."""

    has_next_page: bool = strawberry.field(description="Whether `after: endCursor` brings more.")
    has_previous_page: bool = strawberry.field(description="Whether something comes before this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first edge. Null on an empty page.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last edge. Null on an empty page.")


@strawberry.type(description="A precheck with its place in the list.")
class PrecheckEdge:
    """View of domain.PrecheckEdge."""

    cursor: str = strawberry.field(description="The place, opaque; stays right while the list changes.")
    node: Precheck = strawberry.field(description="The precheck.")


@strawberry.type(description="One page of prechecks.")
class PrecheckConnection:
    """View of domain.PrecheckConnection."""

    edges: list[PrecheckEdge] = strawberry.field(description="The prechecks with their places.")
    nodes: list[Precheck] = strawberry.field(description="The prechecks alone.")
    page_info: PageInfo = strawberry.field(description="Where the page lies.")
    total_count: int = strawberry.field(description="All that match, not only this page.")


@strawberry.federation.type(
    keys=["id"],
    description="One configured connection to a vendor, for example the Singapore DRS project.",
)
class Provider:
    """View of domain.Provider."""

    is_type_of = InstancesOf(domain.Provider)

    id: strawberry.ID = strawberry.field(description="As configured.")
    vendor: str = strawberry.field(
        description="Which product it talks to: oceanbase-oms, huawei-drs, tencent-dts, ninedata, or one added "
        "later. A plain string, because the set is open: adding a vendor does not change the schema."
    )
    name: str = strawberry.field(description="For people, as configured.")
    region: str | None = strawberry.field(description="The vendor's region, where it has regions.")
    capabilities: list[ProviderCapability] = strawberry.field(description="What it can report or do.")
    locales: list[PrecheckLocale] = strawberry.field(description="Languages it answers in, the default first.")
    limits: ProviderLimits = strawberry.field(description="What this server allows itself towards it.")

    @shown_as(ProviderHealth, "How it has behaved lately. Makes no vendor call.")
    @staticmethod
    def health(parent: Parent[domain.Provider], info: Info) -> domain.ProviderHealth:
        """Resolved in resolvers.provider."""
        return provider.health(parent, info)

    @shown_as(PrecheckConnection, "Tracked prechecks of this provider, newest change first. Makes no vendor call.")
    @staticmethod
    async def prechecks(
        parent: Parent[domain.Provider],
        info: Info,
        filter: Annotated[
            domain.PrecheckFilter | None,
            described("Only prechecks that match; null means all.", PrecheckFilter | None),
        ] = None,
        first: Annotated[int | None, described(FIRST_DESCRIPTION)] = 50,
        after: Annotated[str | None, described(AFTER_DESCRIPTION)] = None,
    ) -> domain.PrecheckConnection:
        """Resolved in resolvers.provider."""
        return await provider.prechecks(parent, info, filter, first, after)

    @classmethod
    def resolve_reference(cls, info: Info, id: Any = None, **_: Any) -> domain.Provider | None:
        """By id, as a gateway sends it."""
        return query.provider_entity(info, id)


@strawberry.type(description="The identifiers of a precheck.")
class PrecheckRef:
    """View of domain.PrecheckRef."""

    id: strawberry.ID | None = strawberry.field(description="Null where the reference could not be read.")
    provider_id: strawberry.ID | None = strawberry.field(description="The provider, if one was named.")
    external_id: str | None = strawberry.field(description="The vendor's identifier, if one was named.")


@strawberry.type(
    description="Exactly one of `precheck` and `problem` is set, except for a stale answer, which has both."
)
class PrecheckLookup:
    """View of domain.PrecheckLookup."""

    ref: PrecheckRef = strawberry.field(description="What was asked for.")
    precheck: Precheck | None = strawberry.field(description="The answer.")
    problem: PrecheckProblem | None = strawberry.field(description="Why there is no newer answer, or none at all.")


@strawberry.type(description="One item that differs from the event before.")
class PrecheckItemChange:
    """View of domain.PrecheckItemChange."""

    item: PrecheckItem = strawberry.field(description="The item as it is now.")
    previous_state: PrecheckItemState | None = strawberry.field(description="Null when the item is new.")


@strawberry.type(
    description="One shape for every event. Clients choose between a light progress bar and full snapshots by "
    "what they select, not by which stream they open."
)
class PrecheckEvent:
    """View of domain.PrecheckEvent."""

    kind: PrecheckEventKind = strawberry.field(description="Why it was sent.")
    cursor: str = strawberry.field(description="Pass back as `after` to resume.")
    at: datetime = strawberry.field(description="When this server made it.")
    precheck: Precheck | None = strawberry.field(
        description="The current state, complete. Null only for a PROBLEM before any answer came."
    )
    changes: list[PrecheckItemChange] = strawberry.field(
        description="Items that are new, or whose state, skip or text changed with this event. Empty in a "
        "SNAPSHOT. An item that vanished is in neither this list nor `precheck.items`.",
        metadata=typically(BLOCKERS),
    )
    problem: PrecheckProblem | None = strawberry.field(
        description="Set in a PROBLEM; `retryAfterSeconds` says when the next attempt is."
    )
    gap: bool = strawberry.field(
        description="True when changes before this event may be missing; the state itself is not."
    )
    remaining: int = strawberry.field(description="How many of the watched prechecks have not finished.")
