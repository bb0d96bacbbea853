"""What came back from a vendor, and what its headers tell: request id, time to wait, the vendor's clock."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from resolvers.clock import Clock
from resolvers.upstream.limiter import LONGEST_PAUSE_SECONDS

_REQUEST_ID_HEADERS = ("x-request-id", "x-tc-requestid", "request-id")


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
        try:
            theirs = parsedate_to_datetime(answer.headers.get("date", ""))
        except ValueError:
            return False
        if theirs.tzinfo is None:
            return False
        self.offset += theirs - self.now()
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
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        return None
    return min(max((until - clock.now()).total_seconds(), 0.0), LONGEST_PAUSE_SECONDS)
