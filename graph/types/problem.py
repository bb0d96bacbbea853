"""Trouble, as data."""

import strawberry

from graph.types.words import PrecheckProblemCode


@strawberry.type(
    description="Something that went wrong on the way to a vendor or in its answer. "
    "The same codes appear in `errors[].extensions.code`."
)
class PrecheckProblem:
    """View of domain.PrecheckProblem."""

    code: PrecheckProblemCode = strawberry.field(description="What kind of trouble, for programs.")
    message: str = strawberry.field(description="What happened and what to do, for people.")
    retryable: bool = strawberry.field(description="Whether the same request may work later without any change.")
    retry_after_seconds: float | None = strawberry.field(description="How long to wait, where that is known.")
    provider_id: strawberry.ID | None = strawberry.field(description="The provider it happened with.")
    vendor_code: str | None = strawberry.field(description="The vendor's own error code.")
    vendor_advice: str | None = strawberry.field(
        description="What the vendor advises, where it gives advice with an error."
    )
    vendor_request_id: str | None = strawberry.field(description="What the vendor calls the failed request.")
