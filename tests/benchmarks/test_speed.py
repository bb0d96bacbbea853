"""What `make bench` makes of its measurements; measuring takes minutes and is not for here."""

import json
import random
import xml.etree.ElementTree as ET
from itertools import chain
from typing import Any

import pytest

from benchmarks.agreement import compared
from benchmarks.chart import SHOWN, drawn
from benchmarks.crowds import fewest
from benchmarks.figure import Figure, Spread, least, most
from benchmarks.goals import Cells, goals
from benchmarks.peers import HIVE
from benchmarks.plain import batches
from benchmarks.population import BATCH, PRECHECKS, SINGLE, references
from benchmarks.rounds import Cell, Turn, ratio
from benchmarks.sides import BARE, HANDWRITTEN, OURS, TEXTBOOK, freed
from benchmarks.speed import CHART, RESULTS
from benchmarks.work import Work, beside, works
from graph.settings import read_settings
from resolvers.registry import vendors

PROJECT = "054ba152d480d55b2f5dc0069e7ddef0"
FACTS = json.loads(RESULTS.read_text(encoding="utf-8"))


def cell(side: str, *cpu: float, work: str = "tiny", clients: int = 16) -> Cell:
    return Cell(work, clients, side, [Turn(0.0, each, each, 1.0) for each in cpu])


def named(name: str) -> Work:
    every = chain.from_iterable(works(PROJECT))
    return next(work for work in every if work.name == name and work.clients == 1)


def test_a_ratio_is_of_rounds_and_not_of_medians() -> None:
    busy_in_the_second = ratio(cell(TEXTBOOK, 10, 80, 10), cell(OURS, 1, 8, 1))
    assert busy_in_the_second == Spread(10, 10, 10, rounds=3)


def test_a_ratio_is_of_rounds_that_both_took_part_in() -> None:
    assert ratio(cell(TEXTBOOK, 10, 30), cell(OURS, 1, 2, 90)).rounds == 2


@pytest.mark.parametrize("kind", ["of DRS, cold", "of OMS, cold", "from snapshots"])
def test_growth_is_of_what_was_measured_in_the_same_rounds(kind: str) -> None:
    together = next(group for group in works(PROJECT) if any(work.name == f"1000 {kind}" for work in group))
    small, large = (
        next(work for work in together if work.name == name) for name in (beside(kind), f"1000 {kind}")
    )
    assert small.rounds == large.rounds >= 4
    assert OURS in small.sides
    assert OURS in large.sides
    assert OURS not in large.once
    cells = [
        cell(OURS, 1, 2, 4, 4, work=small.name, clients=1),
        cell(OURS, 10, 22, 44, 40, work=large.name, clients=1),
    ]
    assert Cells(cells).growth(kind) == Spread(10, 10.5, 11, rounds=4)


def test_every_goal_over_http_is_judged_by_rounds_that_have_a_spread() -> None:
    judged = {
        ("tiny", 16): {OURS, TEXTBOOK, BARE},
        ("100 of DRS, cold", 1): {OURS, HANDWRITTEN},
        ("100 of DRS, cold", 16): {OURS, HIVE},
        ("1000 from snapshots", 1): {OURS, TEXTBOOK},
    }
    every = {(work.name, work.clients): work for work in chain.from_iterable(works(PROJECT))}
    for each, sides in judged.items():
        assert sides <= set(every[each].sides)
        assert every[each].rounds >= 5
        assert sides.isdisjoint(every[each].once)


def test_a_goal_without_its_peer_is_neither_met_nor_missed() -> None:
    rows = {figure.what: figure for figure in goals(Cells(recorded()))}
    alone = {figure.what: figure for figure in goals(Cells([each for each in recorded() if each.side != HIVE]))}
    [differing] = [what for what in rows if rows[what] != alone[what]]
    assert "Hive" in differing
    assert alone[differing].is_met is None


def recorded() -> list[Cell]:
    """The last run: of its rounds only the medians are kept."""
    served = [(each["work"], each["clients"], each) for each in FACTS["served"]]
    executed = [(each["work"], 0, each) for each in FACTS["executed"]]
    return [Cell(work, clients, each["side"], [turn(each)]) for work, clients, each in (*served, *executed)]


def turn(fact: dict[str, Any]) -> Turn:
    return Turn(*(fact[name][1] if name in fact else 0.0 for name in ("calls", "cpu", "latency", "rate")))


@pytest.mark.parametrize("provider_id", [BATCH, SINGLE])
def test_every_reference_is_one_of_its_vendor(provider_id: str) -> None:
    kind = vendors()[{BATCH: "huawei-drs", SINGLE: "oceanbase-oms"}[provider_id]]
    made = references(provider_id)
    assert len(set(made)) == PRECHECKS
    assert all(kind.validate(kind, each) is None for each in made)  # type: ignore[arg-type]  # it reads no state


def test_every_side_is_asked_for_the_same_prechecks() -> None:
    work = named("20 of DRS, cold")
    for number in (0, 1, 49, 50):
        asked = references(BATCH, 20, number * 20)
        questions = [work.question(side, number).decode() for side in (OURS, TEXTBOOK, HANDWRITTEN, HIVE)]
        assert all(each in question for question in questions for each in asked)
    assert set(references(BATCH, 20, 0)).isdisjoint(references(BATCH, 20, 20))


def test_a_gateway_is_asked_in_batches_that_the_vendor_takes() -> None:
    document = json.loads(named("100 of DRS, cold").question(HIVE, 0))["query"]
    assert document.count("prechecks(") == 10


def test_batches_lose_nothing() -> None:
    class Threes:
        batch_size = 3

    asked = list("abcdefgh")
    cut = batches(Threes, asked)  # type: ignore[arg-type]  # it looks at nothing else
    assert [len(each) for each in cut] == [3, 3, 2]
    assert list(chain.from_iterable(cut)) == asked


def test_no_limit_of_ours_is_met() -> None:
    assert read_settings(freed()).max_references >= PRECHECKS


def test_the_chart_is_that_of_the_last_run() -> None:
    assert CHART.read_text(encoding="utf-8") == drawn(FACTS)


def test_the_chart_has_a_bar_for_every_side_that_was_measured() -> None:
    image = ET.fromstring(drawn(FACTS))
    texts = [each.text or "" for each in image.iter("{http://www.w3.org/2000/svg}text")]
    assert any(FACTS["date"] in text for text in texts)
    assert {OURS, TEXTBOOK, HANDWRITTEN} <= set(texts)
    rows = [name if clients == 1 else f"{name}, {clients} clients" for name, clients in SHOWN]
    assert set(rows) <= set(texts)


def run(*figures: Figure) -> list[dict[str, Any]]:
    """The goals of a run as they are read from its file."""
    goals_of_it: list[dict[str, Any]] = json.loads(json.dumps([figure._asdict() for figure in figures]))
    return goals_of_it


@pytest.mark.parametrize(
    ("earlier", "later", "agrees"),
    [
        ((9, 10, 11), (9, 10, 11), True),
        ((9, 10, 11), (11, 12, 13), True),
        ((9.9, 10, 10.1), (11.9, 12, 12.1), False),
        ((10, 10, 10), (10.2, 10.2, 10.2), True),
        ((0.15, 0.15, 0.15), (0.2, 0.2, 0.2), False),
        ((0, 0, 0), (0, 0, 0), True),
    ],
)
def test_two_runs_agree_within_their_spreads(
    earlier: tuple[float, float, float], later: tuple[float, float, float], agrees: bool
) -> None:
    [pair] = compared(*(run(most("a", 20, Spread(*each, rounds=5))) for each in (earlier, later)))
    assert pair.agrees is agrees
    assert pair.word.startswith("agree" if agrees else "differ")


@pytest.mark.parametrize("rounds", [3, 4, 5, 7, 9, 11])
def test_runs_of_the_same_differ_less_than_once_in_twenty(rounds: int) -> None:
    chance = random.Random(rounds)
    figures = [run(least("a", 1, Spread.of([chance.gauss(10, 3) for _ in range(rounds)]))) for _ in range(2000)]
    pairs = [pair for one, other in zip(figures[::2], figures[1::2], strict=True) for pair in compared(one, other)]
    assert sum(not pair.agrees for pair in pairs) < len(pairs) / 20


def test_the_same_spread_says_more_after_more_rounds() -> None:
    few, many = (
        [run(least("a", 1, Spread(middle - 1, middle, middle + 1, rounds))) for middle in (10, 12)]
        for rounds in (4, 40)
    )
    assert [pair.agrees for pair in compared(*few)] == [True]
    assert [pair.agrees for pair in compared(*many)] == [False]


def test_only_what_both_runs_measured_is_compared() -> None:
    absent = Figure("b", "at most 1", "not installed", None, 0.0)
    before, after = run(most("a", 9.5, Spread(9, 9, 9)), absent), run(most("a", 9.5, Spread(10, 10, 10)), absent)
    [pair] = compared(before, after)
    assert pair.word == "differ (+11.1%); one met the goal, the other missed it"
    assert list(compared(before, run(absent))) == []


def test_runs_of_which_no_spread_was_kept_are_compared_by_their_values() -> None:
    older = [{name: value for name, value in goal.items() if name != "spread"} for goal in FACTS["goals"]]
    assert all(pair.agrees and pair.word == "agree" for pair in compared(older, older))


def test_a_goal_that_arithmetic_forbids_says_so() -> None:
    assert fewest(10, 0.1) == "300 prechecks, 10 a call, are 30 calls: cold, 0.15 is the least"
    assert fewest(1, 1.5) == ""
