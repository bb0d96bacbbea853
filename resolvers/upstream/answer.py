"""What came back from a vendor, and what its headers tell: request id, time to wait, the vendor's clock."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from resolvers.clock import Clock
from resolvers.upstream.limiter import LONGEST_PAUSE_SECONDS

_REQUEST_ID_HEADERS = ("x-request-id", "x-tc-requestid", "request-id")


# A clock is minutes off, or years where it was never set; beyond that a header lies.
MOST_OFFSET = timedelta(days=3660)


class Answer(NamedTuple):
    """What came back: status, headers and the decoded body, of at most MAX_BODY_BYTES.

    `clock_offset` is what was known of the vendor's clock when the request was signed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    clock_offset: timedelta = timedelta(0)


class VendorClock:
    """The vendor's time as far as it is known: ours, moved by what its `Date` header taught."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.offset = timedelta(0)

    def now(self) -> datetime:
        """The instant to sign with."""
        return self._clock.now() + self.offset

    def learn(self, answer: Answer) -> bool:
        """Take over the time of a vendor that refused ours; whether signing anew may help.

        It may also help where another call has learnt the time while this one was under way.
        """
        theirs = _instant(answer.headers.get("date", ""))
        if theirs is None or abs(theirs - self._clock.now()) > MOST_OFFSET:
            return False
        self.offset = theirs - self._clock.now()
        return abs(self.offset - answer.clock_offset) > timedelta(seconds=1)


def request_id(answer: Answer) -> str | None:
    """What the vendor calls this request in its headers; None where it says nothing."""
    found = (answer.headers.get(name, "").strip() for name in _REQUEST_ID_HEADERS)
    return next((value[:100] for value in found if value), None)


def retry_after(answer: Answer, clock: VendorClock) -> float | None:
    """Seconds that `Retry-After` asks to wait, from seconds or a date, at most 30; None if it asks nothing."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return min(float(text[:9]), LONGEST_PAUSE_SECONDS)
    until = _instant(text)
    if until is None:
        return None
    # By the clock of whoever says so, where the answer tells it.
    now = _instant(answer.headers.get("date", "")) or clock.now()
    return min(max((until - now).total_seconds(), 0.0), LONGEST_PAUSE_SECONDS)


def _instant(text: str) -> datetime | None:
    try:
        instant = parsedate_to_datetime(text)
        return instant.astimezone(UTC) if instant.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
