"""What clients ask with; each input hands plain values on."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

import strawberry

from graph.types.words import (
    PrecheckCategory,
    PrecheckItemState,
    PrecheckPurpose,
    PrecheckSide,
    PrecheckStatus,
    PrecheckVerdict,
)
from resolvers import domain

_T = TypeVar("_T")


@strawberry.input(description="Names a precheck: either `id`, or `providerId` with `externalId`.")
class PrecheckRefInput:
    """Becomes domain.PrecheckRef."""

    id: strawberry.ID | None = strawberry.field(default=None, description="An id this API gave.")
    provider_id: strawberry.ID | None = strawberry.field(default=None, description="A configured provider.")
    external_id: str | None = strawberry.field(
        default=None,
        description="The vendor's identifier. Where a vendor addresses a run by two, both, joined by a slash: "
        "taskId/precheckTaskId.",
    )

    def plain(self) -> domain.PrecheckRef:
        """Without GraphQL."""
        return domain.PrecheckRef(id=self.id, provider_id=self.provider_id, external_id=self.external_id)


@strawberry.input(description="Conditions on prechecks; all given ones must hold.")
class PrecheckFilter:
    """Becomes domain.PrecheckFilter."""

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

    def plain(self) -> domain.PrecheckFilter:
        """Without GraphQL."""
        return domain.PrecheckFilter(
            provider_ids=_tuple(self.provider_ids),
            vendors=_tuple(self.vendors),
            task_ids=_tuple(self.task_ids),
            purposes=_tuple(self.purposes),
            statuses=_tuple(self.statuses),
            verdicts=_tuple(self.verdicts),
            stale=self.stale,
            updated_after=self.updated_after,
        )


@strawberry.input(description="Conditions on items; all given ones must hold.")
class PrecheckItemFilter:
    """Becomes domain.PrecheckItemFilter."""

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

    def plain(self) -> domain.PrecheckItemFilter:
        """Without GraphQL."""
        return domain.PrecheckItemFilter(
            states=_tuple(self.states),
            sides=_tuple(self.sides),
            categories=_tuple(self.categories),
            codes=_tuple(self.codes),
            blocking=self.blocking,
            skipped=self.skipped,
            skippable=self.skippable,
            search=self.search,
        )


def _tuple(values: Sequence[_T] | None) -> tuple[_T, ...] | None:
    return None if values is None else tuple(values)
