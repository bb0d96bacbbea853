"""What was measured beside what was promised."""

from collections.abc import Sequence
from statistics import quantiles
from typing import NamedTuple


class Spread(NamedTuple):
    """A median between its quartiles, and of how many rounds."""

    low: float
    middle: float
    high: float
    rounds: int = 1

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Of one value for each round."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, middle, high = quantiles(values, n=4, method="inclusive")
        return cls(low, middle, high, len(values))

    def __str__(self) -> str:
        if self.low == self.high:
            return rounded(self.middle)
        return f"{rounded(self.middle)} ({rounded(self.low)}-{rounded(self.high)})"


class Figure(NamedTuple):
    """One row of the table. `is_met` is None where nothing is promised, `spread` where there was but one round."""

    what: str
    goal: str
    measured: str
    is_met: bool | None
    value: float
    spread: Spread | None = None
    note: str = ""

    @property
    def word(self) -> str:
        """What the table says."""
        return {True: "yes", False: "NO", None: "-"}[self.is_met]


def at_most(what: str, goal: float, value: float, more: str = "") -> Figure:
    """A figure that is better the smaller it is."""
    return Figure(what, f"at most {goal:g}", f"{value:.2f}{more}", value <= goal, round(value, 4))


def least(what: str, goal: float, reached: Spread, note: str = "") -> Figure:
    """A spread of which the median is better the larger it is."""
    return _spread(what, f"at least {goal:g}", reached, reached.middle >= goal, note)


def most(what: str, goal: float, reached: Spread, note: str = "") -> Figure:
    """A spread of which the median is better the smaller it is."""
    return _spread(what, f"at most {goal:g}", reached, reached.middle <= goal, note)


def _spread(what: str, goal: str, reached: Spread, is_met: bool, note: str) -> Figure:
    return Figure(what, goal, str(reached), is_met, round(reached.middle, 4), reached, note)


def share(what: str, done: int, asked: int, more: str = "") -> Figure:
    """A figure that has to be complete."""
    return Figure(what, f"{asked} of {asked}", f"{done} of {asked}{more}", done == asked, done / asked)


def rounded(value: float) -> str:
    """Three digits of it, all of them where there are more before the point."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
