"""Rounds, on a clock that only moves when the test moves it."""

import asyncio

from resolvers.clock import Clock
from resolvers.live.rounds import Rounds


class Still(Clock):
    """A clock that stands still until it is told how late it is."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        waking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sleepers.append((self.seconds + seconds, waking))
        await waking

    async def reach(self, seconds: float) -> None:
        self.seconds = seconds
        for due, waking in self.sleepers:
            if due <= seconds and not waking.done():
                waking.set_result(None)
        for _ in range(5):
            await asyncio.sleep(0)


async def test_who_is_due_in_the_same_round_goes_on_together_and_no_round_is_lost() -> None:
    clock = Still()
    rounds = Rounds(clock, 2.0)
    gone_on: list[tuple[str, float]] = []

    async def follow(name: str, seconds: float) -> None:
        await rounds.wait(seconds)
        gone_on.append((name, clock.seconds))

    clock.seconds = 100.1  # the reading of round 100 has taken a moment
    waits = {"floor": 2.0, "slower": 3.0, "later": 4.5, "overdue": 0.0}
    tasks = [asyncio.create_task(follow(name, seconds)) for name, seconds in waits.items()]
    await asyncio.sleep(0)
    clock.seconds = 100.7
    tasks.append(asyncio.create_task(follow("second batch", 2.0)))
    await asyncio.sleep(0)
    for seconds in (101.0, 102.0, 103.0, 104.0, 105.0):
        await clock.reach(seconds)
    await asyncio.gather(*tasks)
    assert sorted(gone_on) == [
        ("floor", 102.0),
        ("later", 104.0),
        ("overdue", 102.0),
        ("second batch", 102.0),
        ("slower", 104.0),
    ]
    assert len(clock.sleepers) == 2


async def test_a_round_that_nobody_waits_for_any_more_is_given_up() -> None:
    clock = Still()
    rounds = Rounds(clock, 2.0)
    before = asyncio.all_tasks()
    waiters = [asyncio.create_task(rounds.wait(60.0)) for _ in range(2)]
    await clock.reach(100.0)
    for waiter in waiters:
        waiter.cancel()
    await clock.reach(101.0)
    assert asyncio.all_tasks() == before
    again = asyncio.create_task(rounds.wait(59.0))
    await clock.reach(101.0)
    await clock.reach(160.0)
    await again


async def test_a_waiter_that_is_cancelled_takes_nobody_with_it() -> None:
    clock = Still()
    rounds = Rounds(clock, 2.0)
    first, second = (asyncio.create_task(rounds.wait(2.0)) for _ in range(2))
    await clock.reach(100.0)  # both wait by now
    first.cancel()
    await clock.reach(102.0)
    await second
