"""How long a poller waits."""

import pytest
from msgspec.structs import replace

from resolvers.domain import PrecheckProblem
from resolvers.errors import Forbidden, InternalFault
from resolvers.live.poller import Pace
from tests.resolvers.readings import (
    DOWN,
)

FORBIDDEN = Forbidden("The credentials may not read this.").problem
OUR_FAULT = InternalFault("This server failed.").problem


def test_pace_slows_while_nothing_changes_and_backs_off_from_trouble() -> None:
    pace = Pace(1.0, lambda: 0.5)
    waits = [pace.after_reading(changed=False, is_over=False) for _ in range(8)]
    assert waits[:3] == [1.5, 2.25, 3.375]
    assert waits[-1] == 10.0
    assert pace.after_reading(changed=True, is_over=False) == 1.0
    assert pace.after_reading(changed=True, is_over=True) == 10.0
    assert [pace.after_failure(DOWN) for _ in range(4)] == [2.0, 4.0, 5.0, 5.0]
    assert pace.after_failure(replace(DOWN, retry_after_seconds=10.0)) == 10.5
    assert pace.after_failure(replace(DOWN, retry_after_seconds=0.0)) == 5.0, "no time at all is none told"
    assert pace.after_reading(changed=True, is_over=False, is_stalled=True) == 30.0
    assert pace.after_reading(changed=False, is_over=False, is_stalled=False) == 10.0
    never_below_the_floor = Pace(60.0, lambda: 0.0)
    assert never_below_the_floor.after_reading(changed=True, is_over=False) == 60.0
    assert never_below_the_floor.after_failure(DOWN) == 60.0
    assert never_below_the_floor.after_failure(OUR_FAULT) == 60.0


@pytest.mark.parametrize("problem", [OUR_FAULT, FORBIDDEN])
def test_what_does_not_pass_by_itself_is_waited_for_longer(problem: PrecheckProblem) -> None:
    pace = Pace(1.0, lambda: 0.5)
    assert [pace.after_failure(problem) for _ in range(6)] == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_where_much_is_watched_each_waits_until_all_had_their_turn() -> None:
    pace = Pace(1.0, lambda: 0.5, lambda: 13.0)
    assert pace.after_reading(changed=True, is_over=False) == 13.0
    assert pace.after_failure(DOWN) == 13.0
