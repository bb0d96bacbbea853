"""What is promised of speed, as ratios within one run, beside what was measured."""

from collections.abc import Iterator, Sequence

from benchmarks.execution import FLOOR
from benchmarks.figure import Figure
from benchmarks.peers import HIVE
from benchmarks.rounds import Cell, Spread, ratio
from benchmarks.sides import BARE, HANDWRITTEN, OURS, TEXTBOOK


class Cells:
    """Cells by work, clients and side; executions have no clients."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._cells = {(cell.work, cell.clients, cell.side): cell for cell in cells}

    def ratio(self, work: str, clients: int, over: str, under: str, name: str = "cpu") -> Spread | None:
        """None where one of the two is not there."""
        one, other = self._cells.get((work, clients, over)), self._cells.get((work, clients, under))
        return ratio(one, other, name) if one and other else None

    def growth(self, larger: str, smaller: str) -> Spread:
        """Our CPU for one piece of work over that for another, which was not measured in the same rounds."""
        one, other = (self._cells[(work, 1, OURS)].spread("cpu").middle for work in (larger, smaller))
        return Spread.of([one / other])

    def calls(self, work: str) -> float:
        """Our vendor calls for one request."""
        return self._cells[(work, 1, OURS)].spread("calls").middle


def goals(cells: Cells) -> Iterator[Figure]:
    """Each goal as a row; one without a figure needs what is not installed."""
    for what, work, goal in (
        ("execute 100 x 40 items x 8 fields, textbook over ours", "execute 100", 25),
        ("execute 100 aliases, textbook over ours", "execute 100 aliases", 20),
        (
            "fields with and without resolvers, textbook over ours",
            "execute 100, fields with and without resolvers",
            12,
        ),
        ("one null error among 100, textbook over ours", "execute 100, one null error among them", 12),
        ("execute 1000 x 40 items, textbook over ours", "execute 1000", 100),
    ):
        yield _least(what, goal, cells.ratio(work, 0, TEXTBOOK, OURS))
    for vendor in ("DRS", "OMS"):
        work = f"decode, execute, encode 100 of {vendor}"
        yield _most(f"{work}, over the floor", 1.4, cells.ratio(work, 0, OURS, FLOOR))
    work = "100 of DRS, cold"
    yield _most("100 of DRS, server CPU over Hive Gateway's", 0.7, cells.ratio(work, 16, OURS, HIVE))
    yield _least("tiny query over HTTP, textbook's CPU over ours", 8, cells.ratio("tiny", 16, TEXTBOOK, OURS))
    yield _most("tiny query over HTTP, CPU over a bare route's", 5, cells.ratio("tiny", 16, OURS, BARE))
    yield _calls("vendor calls for 100 of DRS", 10, cells.calls(work))
    yield _most(
        "100 of DRS, latency over a hand-written gather", 1.2, cells.ratio(work, 1, OURS, HANDWRITTEN, "latency")
    )
    yield _calls("vendor calls for 20 aliases on DRS", 2, cells.calls("20 aliases on DRS, cold"))
    for kind in ("of DRS, cold", "of OMS, cold", "from snapshots"):
        yield _most(f"CPU for 1000 over CPU for 100, {kind}", 11, cells.growth(f"1000 {kind}", f"100 {kind}"))


def _least(what: str, goal: float, reached: Spread | None) -> Figure:
    return _figure(what, f"at least {goal:g}", reached, reached is not None and reached.middle >= goal)


def _most(what: str, goal: float, reached: Spread | None) -> Figure:
    return _figure(what, f"at most {goal:g}", reached, reached is not None and reached.middle <= goal)


def _figure(what: str, goal: str, reached: Spread | None, is_met: bool) -> Figure:  # a field of it
    if reached is None:
        return Figure(what, goal, "not installed: make bench-peers", None, 0.0)
    return Figure(what, goal, str(reached), is_met, round(reached.middle, 4))


def _calls(what: str, goal: float, calls: float) -> Figure:
    return Figure(what, f"at most {goal:g}", f"{calls:.1f}", calls <= goal, round(calls, 4))
