"""The page of metrics is what a server exposes, row by row."""

import re
from typing import NamedTuple

import httpx2 as httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.docs.pages import METRICS, code, prose, table
from tests.graph.served import Served


class Row(NamedTuple):
    """One metric as the page tells it."""

    name: str
    type: str
    labels: frozenset[str]
    meaning: str


def row(family: Metric) -> Row:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = {label for sample in family.samples for label in sample.labels}
    return Row(name, family.type, frozenset(labels - {"le"}), family.documentation)


@pytest.fixture
def exposed(server: Served) -> list[Row]:
    """Every metric of ours; `_created` is one of the library's for each of them."""
    families = text_string_to_metric_families(httpx.get(f"{server.url}/metrics").text)
    ours = (family for family in families if family.name.startswith("precheck_"))
    return [row(family) for family in ours if not family.name.endswith("_created")]


def test_the_table_of_metrics_is_what_is_exposed(exposed: list[Row]) -> None:
    told = [
        Row(code(name)[0], kind, frozenset(code(labels)), meaning)
        for name, kind, labels, meaning in table(METRICS, "What is counted")
    ]
    assert sorted(told) == sorted(exposed)


def test_every_metric_that_is_to_be_watched_exists(exposed: list[Row]) -> None:
    known = {row.name: row.labels for row in exposed}
    expressions = [code(cells[0])[0] for cells in table(METRICS, "What to watch")]
    assert expressions
    for expression in expressions:
        [name] = re.findall(r"\bprecheck_\w+", expression)
        assert set(re.findall(r"(\w+)=", expression)) - {"="} <= known[name], expression


def test_the_page_names_no_other_metric(exposed: list[Row]) -> None:
    assert set(re.findall(r"\bprecheck_\w+", prose(METRICS))) == {row.name for row in exposed}
