"""What was measured beside what was promised."""

from typing import NamedTuple


class Figure(NamedTuple):
    """One row of the table. `is_met` is None where nothing is promised."""

    what: str
    goal: str
    measured: str
    is_met: bool | None
    value: float

    @property
    def word(self) -> str:
        """What the table says."""
        return {True: "yes", False: "NO", None: "-"}[self.is_met]


def at_most(what: str, goal: float, value: float, more: str = "") -> Figure:
    """A figure that is better the smaller it is."""
    return Figure(what, f"at most {goal:g}", f"{value:.2f}{more}", value <= goal, round(value, 4))


def share(what: str, done: int, asked: int, more: str = "") -> Figure:
    """A figure that has to be complete."""
    return Figure(what, f"{asked} of {asked}", f"{done} of {asked}{more}", done == asked, done / asked)
