"""What is promised of speed, as ratios within one run, beside what was measured."""

from collections.abc import Iterator, Sequence

from benchmarks.execution import FLOOR
from benchmarks.figure import Figure, Spread, least, most
from benchmarks.peers import HIVE
from benchmarks.rounds import Cell, ratio
from benchmarks.sides import BARE, HANDWRITTEN, OURS, TEXTBOOK
from benchmarks.work import beside


class Cells:
    """Cells by work, clients and side; executions have no clients."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._cells = {(cell.work, cell.clients, cell.side): cell for cell in cells}

    def ratio(self, work: str, clients: int, over: str, under: str, name: str = "cpu") -> Spread | None:
        """None where one of the two is not there."""
        one, other = self._cells.get((work, clients, over)), self._cells.get((work, clients, under))
        return ratio(one, other, name) if one and other else None

    def growth(self, kind: str) -> Spread | None:
        """Our CPU for a thousand over that for a hundred, of the same rounds."""
        one, other = (self._cells.get((work, 1, OURS)) for work in (f"1000 {kind}", beside(kind)))
        return ratio(one, other) if one and other else None

    def calls(self, work: str) -> Spread | None:
        """Our vendor calls for one request."""
        cell = self._cells.get((work, 1, OURS))
        return cell.spread("calls") if cell else None


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
    over_http = cells.ratio("1000 from snapshots", 1, TEXTBOOK, OURS)
    yield _least("1000 x 40 from snapshots over HTTP, textbook's CPU over ours", 100, over_http)
    for vendor in ("DRS", "OMS"):
        work = f"decode, execute, encode 100 of {vendor}"
        yield _most(f"{work}, over the floor", 1.4, cells.ratio(work, 0, OURS, FLOOR))
    work = "100 of DRS, cold"
    yield _most("100 of DRS, server CPU over Hive Gateway's", 0.7, cells.ratio(work, 16, OURS, HIVE))
    yield _least("tiny query over HTTP, textbook's CPU over ours", 8, cells.ratio("tiny", 16, TEXTBOOK, OURS))
    yield _most("tiny query over HTTP, CPU over a bare route's", 5, cells.ratio("tiny", 16, OURS, BARE))
    yield _most("vendor calls for 100 of DRS", 10, cells.calls(work))
    yield _most(
        "100 of DRS, latency over a hand-written gather", 1.2, cells.ratio(work, 1, OURS, HANDWRITTEN, "latency")
    )
    yield _most("vendor calls for 20 aliases on DRS", 2, cells.calls("20 aliases on DRS, cold"))
    for kind in ("of DRS, cold", "of OMS, cold", "from snapshots"):
        yield _most(f"CPU for 1000 over CPU for 100, {kind}", 11, cells.growth(kind))


def _least(what: str, goal: float, reached: Spread | None) -> Figure:
    return least(what, goal, reached) if reached else _absent(what, f"at least {goal:g}")


def _most(what: str, goal: float, reached: Spread | None) -> Figure:
    return most(what, goal, reached) if reached else _absent(what, f"at most {goal:g}")


def _absent(what: str, goal: str) -> Figure:
    why = "not installed: make bench-peers" if "Hive" in what else "not measured"
    return Figure(what, goal, why, None, 0.0)
