"""What `make bench` makes of its measurements; measuring takes minutes and is not for here."""

import json
import xml.etree.ElementTree as ET
from itertools import chain
from typing import Any

import pytest

from benchmarks.chart import SHOWN, drawn
from benchmarks.goals import Cells, goals
from benchmarks.peers import HIVE
from benchmarks.plain import batches
from benchmarks.population import BATCH, PRECHECKS, SINGLE, references
from benchmarks.rounds import Cell, Turn, ratio
from benchmarks.sides import HANDWRITTEN, OURS, TEXTBOOK, freed
from benchmarks.speed import CHART, RESULTS
from benchmarks.work import Work, works
from graph.settings import read_settings
from resolvers.registry import vendors

PROJECT = "054ba152d480d55b2f5dc0069e7ddef0"
FACTS = json.loads(RESULTS.read_text(encoding="utf-8"))


def cell(side: str, *cpu: float, work: str = "tiny", clients: int = 16) -> Cell:
    return Cell(work, clients, side, [Turn(0.0, each, each, 1.0) for each in cpu])


def named(name: str) -> Work:
    return next(work for work in works(PROJECT) if work.name == name and work.clients == 1)


def test_a_ratio_is_of_rounds_and_not_of_medians() -> None:
    busy_in_the_second = ratio(cell(TEXTBOOK, 10, 80, 10), cell(OURS, 1, 8, 1))
    assert busy_in_the_second == (10, 10, 10)


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
