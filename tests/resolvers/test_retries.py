"""What is asked again, after how long, and what the budget allows."""

import pytest
from msgspec.structs import replace

from resolvers.errors import NotFound, PrecheckError, RateLimited, TimedOut, Unauthenticated, Unreachable
from resolvers.errors import UnreadableAnswer as Unreadable
from resolvers.upstream.retries import COST_OF_A_RETRY, FULL_BUDGET, Retries

DOWN = Unreachable("The vendor cannot be reached.").problem
PLENTY = 1000.0


def retries(random: float = 0.5) -> Retries:
    return Retries("dts", lambda: random)


@pytest.mark.parametrize(
    ("error", "most"), [(Unreachable, 3), (RateLimited, 3), (Unreadable, 2), (TimedOut, 1), (NotFound, 1)]
)
def test_how_often_a_read_is_asked_at_most(error: type[PrecheckError], most: int) -> None:
    asked = 1
    while retries().wait_seconds(error("So it is.").problem, asked, PLENTY) is not None:
        asked += 1
    assert asked == most


def test_what_will_not_change_is_not_asked_again() -> None:
    assert (
        retries().wait_seconds(Unreachable("Its certificate is over.", retryable=False).problem, 1, PLENTY) is None
    )
    assert retries().wait_seconds(Unauthenticated("No.", retryable=True).problem, 1, PLENTY) is None


def test_waits_are_anything_up_to_a_bound_that_doubles_to_five_seconds() -> None:
    assert [retries(0.0).back_off_seconds(attempt) for attempt in range(1, 4)] == [0, 0, 0]
    waits = [retries(1.0).back_off_seconds(attempt) for attempt in range(1, 9)]
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_a_vendor_that_says_how_long_is_heard() -> None:
    told = replace(RateLimited("Slower.").problem, retry_after_seconds=7.0)
    assert retries().wait_seconds(told, 1, 8.0) == 7.0
    assert retries().wait_seconds(told, 1, 7.0) is None, "the caller would be gone"


def test_a_retry_costs_five_of_a_hundred_and_a_success_earns_one() -> None:
    budget = retries()
    paid = 0
    while budget.wait_seconds(DOWN, 1, PLENTY) is not None:
        paid += 1
    assert paid == FULL_BUDGET // COST_OF_A_RETRY == 20
    for _ in range(COST_OF_A_RETRY - 1):
        budget.earn()
    assert budget.wait_seconds(DOWN, 1, PLENTY) is None
    budget.earn()
    assert budget.wait_seconds(DOWN, 1, PLENTY) is not None
