"""The scalars of the schema that GraphQL itself does not have."""

from datetime import UTC, datetime

import strawberry


def _printed(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _parsed(text: object) -> datetime:
    if not isinstance(text, str):
        raise TypeError("A DateTime is a text such as 2026-03-01T08:30:00Z.")
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no instant; write for example 2026-03-01T08:30:00Z.") from None
    if instant.tzinfo is None:
        raise ValueError(f"{text[:40]!r} has no time zone; write for example 2026-03-01T08:30:00Z.")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text[:40]!r} lies outside the years 1 to 9999.") from None


DATE_TIME = strawberry.scalar(
    name="DateTime",
    description="An instant in UTC, RFC 3339, for example 2026-03-01T08:30:00Z.",
    specified_by_url="https://scalars.graphql.org/andimarek/date-time",
    serialize=_printed,
    parse_value=_parsed,
)
