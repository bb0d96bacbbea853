"""When a vendor counts as down, when it is tried again, and what is logged of it. On a driven clock."""

import pytest
from structlog.testing import capture_logs

from resolvers.domain import PrecheckProblem
from resolvers.errors import NotFound, PrecheckError, RateLimited, TimedOut, Unauthenticated, Unreachable
from resolvers.errors import UnreadableAnswer as Unreadable
from resolvers.upstream.breaker import Breaker
from tests.driven import Driven

DOWN = Unreachable("The vendor cannot be reached.", provider_id="dts").problem


def attempts(breaker: Breaker, *problems: PrecheckProblem | None) -> None:
    for problem in problems:
        permit = breaker.admit()
        assert isinstance(permit, int), permit
        breaker.record(permit, problem)


def refusal(breaker: Breaker) -> PrecheckProblem:
    refused = breaker.admit()
    assert isinstance(refused, PrecheckProblem)
    return refused


@pytest.fixture
def clock() -> Driven:
    return Driven()


@pytest.fixture
def opened(clock: Driven) -> Breaker:
    breaker = Breaker("dts", clock)
    attempts(breaker, *[DOWN] * 5)
    return breaker


def test_five_failures_in_a_row_open_it_and_a_success_between_them_does_not(clock: Driven) -> None:
    breaker = Breaker("dts", clock)
    attempts(breaker, *[DOWN] * 4, None, *[DOWN] * 4)
    assert not breaker.is_open
    attempts(breaker, DOWN)
    assert breaker.is_open


def test_half_of_twenty_failures_within_ten_seconds_open_it(clock: Driven) -> None:
    breaker = Breaker("dts", clock)
    for _ in range(9):
        attempts(breaker, DOWN, None)
    attempts(breaker, None)
    assert not breaker.is_open
    attempts(breaker, DOWN)
    assert breaker.is_open


def test_failures_of_long_ago_do_not_count(clock: Driven) -> None:
    breaker = Breaker("dts", clock)
    for _ in range(30):
        attempts(breaker, DOWN, None, None)
        clock.seconds += 3
    assert not breaker.is_open


@pytest.mark.parametrize("error", [Unreachable, TimedOut, Unauthenticated])
def test_trouble_of_the_whole_connection_opens_it(clock: Driven, error: type[PrecheckError]) -> None:
    breaker = Breaker("dts", clock)
    attempts(breaker, *[error("So it is.").problem] * 5)
    assert breaker.is_open


@pytest.mark.parametrize("error", [NotFound, RateLimited, Unreadable])
def test_one_bad_precheck_does_not(clock: Driven, error: type[PrecheckError]) -> None:
    breaker = Breaker("dts", clock)
    attempts(breaker, *[error("So it is.").problem] * 50)
    assert not breaker.is_open


def test_while_it_is_open_the_cause_is_told_with_the_time_to_come_back(opened: Breaker, clock: Driven) -> None:
    clock.seconds += 2
    told = refusal(opened)
    assert (told.code, told.message, told.retry_after_seconds) == (DOWN.code, DOWN.message, 3.0)
    assert opened.retry_at is not None
    assert (opened.retry_at - clock.now()).total_seconds() == 3.0


def test_one_call_tries_the_vendor_and_others_wait_for_it(opened: Breaker, clock: Driven) -> None:
    clock.seconds += 5
    permit = opened.admit()
    assert isinstance(permit, int)
    assert refusal(opened).retry_after_seconds == 1.25
    opened.record(permit, None)
    assert not opened.is_open
    assert opened.retry_at is None


def test_each_failed_try_doubles_the_wait_up_to_a_minute(opened: Breaker, clock: Driven) -> None:
    waits = []
    for _ in range(6):
        wait = refusal(opened).retry_after_seconds
        assert wait is not None
        waits.append(wait)
        clock.seconds += wait
        attempts(opened, DOWN)
    assert waits == [5, 10, 20, 40, 60, 60]


def test_a_try_that_was_given_up_is_made_by_the_next_one(opened: Breaker, clock: Driven) -> None:
    clock.seconds += 5
    permit = opened.admit()
    assert isinstance(permit, int)
    opened.abandon(permit)
    attempts(opened, None)
    assert not opened.is_open


def test_calls_from_before_it_opened_change_nothing_any_more(clock: Driven) -> None:
    breaker = Breaker("dts", clock)
    late = breaker.admit()
    assert isinstance(late, int)
    attempts(breaker, *[DOWN] * 5)
    breaker.record(late, None)
    assert breaker.is_open
    clock.seconds += 5
    probe = breaker.admit()
    assert isinstance(probe, int)
    breaker.record(late, DOWN)
    breaker.record(probe, None)
    assert not breaker.is_open


def test_an_outage_is_two_lines_in_the_log(clock: Driven) -> None:
    breaker = Breaker("dts", clock)
    with capture_logs() as lines:
        attempts(breaker, *[DOWN] * 5)
        for _ in range(4):
            wait = refusal(breaker).retry_after_seconds
            assert wait is not None
            clock.seconds += wait
            attempts(breaker, DOWN)
        clock.seconds += 60
        attempts(breaker, None)
    assert [(line["event"], line["provider"]) for line in lines] == [
        ("provider_down", "dts"),
        ("provider_back", "dts"),
    ]
    assert lines[0]["code"] == "UNREACHABLE"
    assert lines[1]["down_seconds"] == clock.seconds
