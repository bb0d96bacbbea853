"""What headers tell of time: waits and clocks, and what lies about them."""

import pytest

from resolvers.upstream.answer import Answer, VendorClock, retry_after
from tests.driven import Driven

NOW = "Sat, 21 Nov 2026 00:00:00 GMT"
LIES = (
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "Mon, 01 Jan 99999999999 00:00:00 GMT",
    "Mon, 01 Jan 2026 00:00:00 +99999999999999999999",
    "31 Feb 2026",
    "soon",
    "",
)


def answer(**headers: str) -> Answer:
    return Answer(429, {name.replace("_", "-"): value for name, value in headers.items()}, b"")


@pytest.mark.parametrize("lie", LIES)
def test_a_date_that_lies_teaches_nothing(lie: str) -> None:
    clock = VendorClock(Driven())
    before = clock.now()
    assert clock.learn(answer(date=lie)) is False
    assert clock.now() == before


def test_a_clock_that_is_off_is_learnt_and_learnt_anew() -> None:
    clock = VendorClock(Driven())
    assert clock.learn(answer(date="Sat, 21 Nov 2026 01:00:00 GMT"))
    assert clock.offset.total_seconds() == 3600
    assert clock.learn(answer(date=NOW)._replace(clock_offset=clock.offset))
    assert clock.offset.total_seconds() == 0


@pytest.mark.parametrize("lie", LIES)
def test_a_wait_until_such_a_date_is_none_or_the_longest(lie: str) -> None:
    assert retry_after(answer(retry_after=lie), VendorClock(Driven())) in (None, 0.0, 30.0)


def test_a_wait_until_a_date_is_measured_by_the_clock_of_who_says_so() -> None:
    told = answer(retry_after="Sat, 21 Nov 2026 05:00:20 GMT", date="Sat, 21 Nov 2026 05:00:00 GMT")
    assert retry_after(told, VendorClock(Driven())) == 20.0
