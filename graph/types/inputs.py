"""What clients ask with; resolvers are given the domain's values, which the inputs become."""

from datetime import datetime

import strawberry

from graph.types.views import becomes
from graph.types.words import (
    PrecheckCategory,
    PrecheckItemState,
    PrecheckPurpose,
    PrecheckSide,
    PrecheckStatus,
    PrecheckVerdict,
)
from resolvers import domain


@becomes(domain.PrecheckRef)
@strawberry.input(description="Names a precheck: either `id`, or `providerId` with `externalId`.")
class PrecheckRefInput:
    """Shown for domain.PrecheckRef."""

    id: strawberry.ID | None = strawberry.field(default=None, description="An id this API gave.")
    provider_id: strawberry.ID | None = strawberry.field(default=None, description="A configured provider.")
    external_id: str | None = strawberry.field(
        default=None,
        description="The vendor's identifier. Where a vendor addresses a run by two, both, joined by a slash: "
        "taskId/precheckTaskId.",
    )


@becomes(domain.PrecheckFilter)
@strawberry.input(description="Conditions on prechecks; all given ones must hold.")
class PrecheckFilter:
    """Shown for domain.PrecheckFilter."""

    provider_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Any of these providers."
    )
    vendors: list[str] | None = strawberry.field(default=None, description="Any of these vendors.")
    task_ids: list[str] | None = strawberry.field(default=None, description="Any of these vendor tasks.")
    purposes: list[PrecheckPurpose] | None = strawberry.field(default=None, description="Any of these purposes.")
    statuses: list[PrecheckStatus] | None = strawberry.field(default=None, description="Any of these statuses.")
    verdicts: list[PrecheckVerdict] | None = strawberry.field(default=None, description="Any of these verdicts.")
    stale: bool | None = strawberry.field(
        default=None, description="Only answers whose newest attempt failed, or only the others."
    )
    updated_after: datetime | None = strawberry.field(default=None, description="Changed later than this.")


@becomes(domain.PrecheckItemFilter)
@strawberry.input(description="Conditions on items; all given ones must hold.")
class PrecheckItemFilter:
    """Shown for domain.PrecheckItemFilter."""

    states: list[PrecheckItemState] | None = strawberry.field(default=None, description="Any of these states.")
    sides: list[PrecheckSide] | None = strawberry.field(default=None, description="Any of these sides.")
    categories: list[PrecheckCategory] | None = strawberry.field(
        default=None, description="Any of these categories."
    )
    codes: list[str] | None = strawberry.field(default=None, description="Any of these vendor codes.")
    blocking: bool | None = strawberry.field(default=None, description="Whether it stands in the way.")
    skipped: bool | None = strawberry.field(default=None, description="Whether a skip is applied.")
    skippable: bool | None = strawberry.field(default=None, description="Whether the vendor allows a skip.")
    search: str | None = strawberry.field(
        default=None, description="Case-insensitive, over title, code, reason and remedy."
    )
