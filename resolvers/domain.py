"""What a precheck is, in one vocabulary for every vendor; knows nothing of vendors, HTTP or GraphQL.

Every object is frozen and carries the attribute names that the schema shows, so that the surface
reads attributes and maps nothing. Nothing points upwards: an item knows its precheck's id.
"""

from datetime import datetime

import msgspec

from resolvers.vocabulary import (
    PrecheckCategory,
    PrecheckDirection,
    PrecheckEndpointRole,
    PrecheckEventKind,
    PrecheckItemState,
    PrecheckLocale,
    PrecheckProblemCode,
    PrecheckProgressSource,
    PrecheckPurpose,
    PrecheckRemedySource,
    PrecheckSide,
    PrecheckSnapshotSource,
    PrecheckStatus,
    PrecheckVerdict,
    ProviderCapability,
    ProviderState,
)


class Value(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An immutable object of the domain; equal when every attribute is."""


class PrecheckProblem(Value, frozen=True):
    """Something that went wrong on the way to a vendor or in its answer, in the user's words."""

    code: PrecheckProblemCode
    message: str
    retryable: bool
    retry_after_seconds: float | None = None
    provider_id: str | None = None
    vendor_code: str | None = None
    vendor_advice: str | None = None
    vendor_request_id: str | None = None


class PrecheckRemedy(Value, frozen=True):
    """What to do about a finding."""

    text: str
    source: PrecheckRemedySource = PrecheckRemedySource.VENDOR
    statements: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


class PrecheckSkip(Value, frozen=True):
    """A decision about an item, kept apart from its result. `allowed` is None where the vendor does not say."""

    allowed: bool | None = None
    applied: bool = False
    consequence: str | None = None


class PrecheckEvidence(Value, frozen=True):
    """A measured fact behind a result."""

    name: str
    value: str


class PrecheckSubJob(Value, frozen=True):
    """A sub-task the vendor reports as failed under an item."""

    id: str | None = None
    name: str | None = None
    result: str | None = None


class PrecheckItemDetail(Value, frozen=True):
    """One finding inside a step."""

    title: str
    state: PrecheckItemState
    description: str | None = None
    reason: str | None = None
    remedy: PrecheckRemedy | None = None
    log: tuple[str, ...] = ()


class PrecheckItem(Value, frozen=True):
    """One check of one precheck. `key` is stable across polls and runs, `ordinal` counts from 0."""

    id: str
    key: str
    precheck_id: str
    code: str
    title: str
    ordinal: int
    side: PrecheckSide
    side_inferred: bool
    category: PrecheckCategory
    state: PrecheckItemState
    blocking: bool
    skip: PrecheckSkip
    description: str | None = None
    role: PrecheckEndpointRole | None = None
    vendor_group: str | None = None
    vendor_state: str | None = None
    reason: str | None = None
    reason_code: str | None = None
    remedy: PrecheckRemedy | None = None
    raw_error: str | None = None
    log: tuple[str, ...] = ()
    evidence: tuple[PrecheckEvidence, ...] = ()
    sub_jobs: tuple[PrecheckSubJob, ...] = ()
    details: tuple[PrecheckItemDetail, ...] = ()


class PrecheckProgress(Value, frozen=True):
    """How far a run has come; `percent` from 0 to 100, `items_total` None until the vendor lists its items."""

    percent: float
    source: PrecheckProgressSource
    items_done: int
    items_total: int | None = None


class PrecheckCounts(Value, frozen=True):
    """Items by state; the states add up to `total`, `skipped` and `blocking` cut across them."""

    total: int = 0
    pending: int = 0
    running: int = 0
    passed: int = 0
    warning: int = 0
    failed: int = 0
    not_run: int = 0
    unknown: int = 0
    skipped: int = 0
    blocking: int = 0


class PrecheckFreshness(Value, frozen=True):
    """How an answer was obtained and how old it is."""

    source: PrecheckSnapshotSource
    fetched_at: datetime | None = None
    age_seconds: float | None = None
    problem: PrecheckProblem | None = None


class PrecheckVendorView(Value, frozen=True):
    """What the vendor itself concluded, in its own words."""

    status: str | None = None
    passed: bool | None = None
    message: str | None = None
    disagrees: bool = False
    request_id: str | None = None
    instance_id: str | None = None


class PrecheckUnconfirmedEnd(Value, frozen=True):
    """A run that was seen at work was read as over, and no second reading has agreed yet."""

    before: "Precheck"
    readings: int = 1


class Precheck(Value, frozen=True):
    """One precheck as a vendor addresses it, with its newest known result.

    `unconfirmed` is not shown: while it is set, whoever waits for the end is not told of it.
    """

    id: str
    provider_id: str
    external_id: str
    task_id: str | None
    purpose: PrecheckPurpose
    direction: PrecheckDirection | None
    status: PrecheckStatus
    verdict: PrecheckVerdict
    summary: str
    progress: PrecheckProgress
    counts: PrecheckCounts
    items: tuple[PrecheckItem, ...]
    problems: tuple[PrecheckProblem, ...]
    vendor: PrecheckVendorView
    freshness: PrecheckFreshness
    run: int = 1
    first_seen_at: datetime | None = None
    updated_at: datetime | None = None
    completed_at: datetime | None = None
    unconfirmed: PrecheckUnconfirmedEnd | None = None


class PrecheckRef(Value, frozen=True):
    """The identifiers of a precheck; `id` is None where the reference could not be read."""

    id: str | None = None
    provider_id: str | None = None
    external_id: str | None = None


class PrecheckLookup(Value, frozen=True):
    """Exactly one of `precheck` and `problem` is set, except for a stale answer, which has both."""

    ref: PrecheckRef
    precheck: Precheck | None = None
    problem: PrecheckProblem | None = None


class PageInfo(Value, frozen=True):
    """Where a page lies in its list."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


class PrecheckEdge(Value, frozen=True):
    """A precheck with its place in the list."""

    cursor: str
    node: Precheck


class PrecheckConnection(Value, frozen=True):
    """One page of prechecks."""

    edges: tuple[PrecheckEdge, ...]
    nodes: tuple[Precheck, ...]
    page_info: PageInfo
    total_count: int


class ProviderLimits(Value, frozen=True):
    """What this server allows itself towards a vendor."""

    requests_per_second: float | None
    batch_size: int
    concurrency: int
    poll_seconds: float


class ProviderHealth(Value, frozen=True):
    """How a connection has behaved, learnt from ordinary traffic."""

    state: ProviderState
    last_success_at: datetime | None = None
    last_failure_at: datetime | None = None
    consecutive_failures: int = 0
    typical_latency_ms: float | None = None
    retry_at: datetime | None = None
    problem: PrecheckProblem | None = None


class Provider(Value, frozen=True):
    """One configured connection to a vendor, without its secrets and its address."""

    id: str
    vendor: str
    name: str
    region: str | None
    capabilities: tuple[ProviderCapability, ...]
    locales: tuple[PrecheckLocale, ...]
    limits: ProviderLimits


class PrecheckItemChange(Value, frozen=True):
    """One item that differs from the event before; `previous_state` is None when the item is new."""

    item: PrecheckItem
    previous_state: PrecheckItemState | None = None


class PrecheckEvent(Value, frozen=True):
    """One step of a stream: the whole current object and what changed."""

    kind: PrecheckEventKind
    cursor: str
    at: datetime
    precheck: Precheck | None = None
    changes: tuple[PrecheckItemChange, ...] = ()
    problem: PrecheckProblem | None = None
    gap: bool = False
    remaining: int = 0


class PrecheckFilter(Value, frozen=True):
    """Conditions on prechecks; all given ones must hold, None asks nothing."""

    provider_ids: tuple[str, ...] | None = None
    vendors: tuple[str, ...] | None = None
    task_ids: tuple[str, ...] | None = None
    purposes: tuple[PrecheckPurpose, ...] | None = None
    statuses: tuple[PrecheckStatus, ...] | None = None
    verdicts: tuple[PrecheckVerdict, ...] | None = None
    stale: bool | None = None
    updated_after: datetime | None = None


class PrecheckItemFilter(Value, frozen=True):
    """Conditions on items; all given ones must hold, None asks nothing."""

    states: tuple[PrecheckItemState, ...] | None = None
    sides: tuple[PrecheckSide, ...] | None = None
    categories: tuple[PrecheckCategory, ...] | None = None
    codes: tuple[str, ...] | None = None
    blocking: bool | None = None
    skipped: bool | None = None
    skippable: bool | None = None
    search: str | None = None
