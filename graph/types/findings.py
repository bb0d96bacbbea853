"""The parts of a precheck that stand by themselves: counts, progress, remedies, evidence and the like."""

from datetime import datetime

import strawberry

from graph.types.problem import PrecheckProblem
from graph.types.words import (
    PrecheckItemState,
    PrecheckProgressSource,
    PrecheckRemedySource,
    PrecheckSnapshotSource,
)


@strawberry.type(description="How far a run has come.")
class PrecheckProgress:
    """View of domain.PrecheckProgress."""

    percent: float = strawberry.field(description="0 to 100. Never falls within one run.")
    source: PrecheckProgressSource = strawberry.field(
        description="Whether the vendor reported it or it is the share of finished items."
    )
    items_done: int = strawberry.field(description="Items that have a result.")
    items_total: int | None = strawberry.field(description="Null while the vendor has not yet listed its items.")


@strawberry.type(
    description="How many items are in each state. The states add up to `total`; "
    "`skipped` and `blocking` cut across them."
)
class PrecheckCounts:
    """View of domain.PrecheckCounts."""

    total: int = strawberry.field(description="All listed items.")
    pending: int = strawberry.field(description="Not started.")
    running: int = strawberry.field(description="Being checked.")
    passed: int = strawberry.field(description="Passed.")
    warning: int = strawberry.field(description="Passed, with something to look at.")
    failed: int = strawberry.field(description="Failed, skipped ones included.")
    not_run: int = strawberry.field(description="Never carried out.")
    unknown: int = strawberry.field(description="Not understood.")
    skipped: int = strawberry.field(description="Of the above, how many carry an applied skip.")
    blocking: int = strawberry.field(description="Failed and not skipped.")


@strawberry.type(
    description="Skipping is a decision about an item, kept apart from its result: "
    "a skipped failure stays FAILED, with `applied: true`."
)
class PrecheckSkip:
    """View of domain.PrecheckSkip."""

    allowed: bool | None = strawberry.field(
        description="Whether the vendor lets this be skipped. Null when it does not say."
    )
    applied: bool = strawberry.field(description="Whether it is skipped.")
    consequence: str | None = strawberry.field(description="What the vendor says may happen if it is skipped.")


@strawberry.type(description="What to do about a finding.")
class PrecheckRemedy:
    """View of domain.PrecheckRemedy."""

    text: str = strawberry.field(description="For people.")
    source: PrecheckRemedySource = strawberry.field(description="Who wrote it.")
    statements: list[str] = strawberry.field(
        description="Statements a database administrator may review and run. Never run by this API."
    )
    links: list[str] = strawberry.field(description="Where to read more.")


@strawberry.type(description="A measured fact, read from the vendor's data where it can be read.")
class PrecheckEvidence:
    """View of domain.PrecheckEvidence."""

    name: str = strawberry.field(description="The vendor's name for it.")
    value: str = strawberry.field(description="The value as text, in the vendor's unit.")


@strawberry.type(description="A sub-task the vendor reports as failed under an item.")
class PrecheckSubJob:
    """View of domain.PrecheckSubJob."""

    id: strawberry.ID | None = strawberry.field(description="The vendor's identifier.")
    name: str | None = strawberry.field(description="The vendor's name.")
    result: str | None = strawberry.field(description="The vendor's own word for its result.")


@strawberry.type(description="One finding inside a step.")
class PrecheckItemDetail:
    """View of domain.PrecheckItemDetail."""

    title: str = strawberry.field(description="For people; may be localised.")
    state: PrecheckItemState = strawberry.field(description="Its own result.")
    description: str | None = strawberry.field(description="What was looked at.")
    reason: str | None = strawberry.field(description="Why it failed or warns.")
    remedy: PrecheckRemedy | None = strawberry.field(description="What to do about it.")
    log: list[str] = strawberry.field(description="Lines the vendor logged.")


@strawberry.type(description="How an answer was obtained and how old it is.")
class PrecheckFreshness:
    """View of domain.PrecheckFreshness."""

    source: PrecheckSnapshotSource = strawberry.field(description="In one word.")
    fetched_at: datetime | None = strawberry.field(
        description="When a vendor last answered for this precheck. Null when none ever did."
    )
    age_seconds: float | None = strawberry.field(description="How long ago that was.")
    problem: PrecheckProblem | None = strawberry.field(
        description="Set when the newest attempt failed and an older answer is shown."
    )


@strawberry.type(description="The vendor's own conclusion, in its own words, for comparison with `verdict`.")
class PrecheckVendorView:
    """View of domain.PrecheckVendorView."""

    status: str | None = strawberry.field(description="The vendor's word for the state of the run.")
    passed: bool | None = strawberry.field(description="The vendor's own pass flag, where it has one.")
    message: str | None = strawberry.field(description="What the vendor says of the whole run.")
    disagrees: bool = strawberry.field(
        description="True when the vendor's flag and `verdict` disagree; the stricter of the two is used."
    )
    request_id: str | None = strawberry.field(description="What the vendor calls the request that told this.")
    instance_id: str | None = strawberry.field(description="The vendor's identifier of the database instance.")
