"""Facts of a provider that need no way back to its prechecks."""

from datetime import datetime

import strawberry

from graph.types.problem import PrecheckProblem
from graph.types.words import ProviderState


@strawberry.type(description="How a provider has behaved lately. Learnt from ordinary traffic, not from probes.")
class ProviderHealth:
    """View of domain.ProviderHealth."""

    state: ProviderState = strawberry.field(description="In one word.")
    last_success_at: datetime | None = strawberry.field(description="When a call last succeeded.")
    last_failure_at: datetime | None = strawberry.field(description="When a call last failed.")
    consecutive_failures: int = strawberry.field(description="Failed calls since the last success.")
    typical_latency_ms: float | None = strawberry.field(
        description="The median of the last 50 calls, in milliseconds. Null before the first call."
    )
    retry_at: datetime | None = strawberry.field(
        description="When the next call is planned, if calls are held back."
    )
    problem: PrecheckProblem | None = strawberry.field(description="Why the last call failed, while it has.")


@strawberry.type(description="What this server allows itself towards the vendor.")
class ProviderLimits:
    """View of domain.ProviderLimits."""

    requests_per_second: float | None = strawberry.field(
        description="Most calls per second. Null where nothing is limited."
    )
    batch_size: int = strawberry.field(
        description="Most identifiers per vendor call; 1 where the vendor has no batch call."
    )
    concurrency: int = strawberry.field(description="Most calls at the same time.")
    poll_seconds: float = strawberry.field(
        description="Shortest time between two readings of one watched precheck."
    )
