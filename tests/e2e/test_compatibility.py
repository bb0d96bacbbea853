"""Apollo's subgraph compatibility suite accepts what the product's endpoint makes of its schema."""

from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.docs.pages import FEDERATION, code, prose, table
from tests.e2e.compatibility.products import schema
from tests.e2e.compatibility.suite import Item, run, supergraph
from tests.graph.served import served

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

ROWS = {code(item)[0]: ours for item, ours in table(FEDERATION, "Apollo's compatibility suite")}
ACCEPTED = [item for item, ours in ROWS.items() if ours == "passes"]


@pytest.fixture(scope="module")
def items() -> Iterator[Mapping[str, Item]]:
    """What the suite says, by the names of its items, in its order."""
    with served([], schema=schema) as server, supergraph(f"{server.url}/graphql") as gateway:
        yield {item.name: item for item in run(f"{server.url}/graphql", gateway)}


@pytest.mark.parametrize("name", ACCEPTED, ids=lambda name: name.strip("_"))
def test_the_suite_accepts(
    items: Mapping[str, Item], name: str, record_property: Callable[[str, object], None]
) -> None:
    item = items[name]
    record_property("figure", f"{sum(item.tests.values())} of {len(item.tests)}")
    assert item.tests
    assert all(item.tests.values()), item.tests
    assert item.is_passed


def test_the_suite_misses_federated_tracing_alone(
    items: Mapping[str, Item], record_property: Callable[[str, object], None]
) -> None:
    tests = {name: is_passed for item in items.values() for name, is_passed in item.tests.items()}
    figure = f"{sum(tests.values())} of {len(tests)}"
    record_property("figure", figure)
    assert [name for name, is_passed in tests.items() if not is_passed] == ["ftv1"]
    assert f"{figure} tests pass." in prose(FEDERATION)


def test_the_page_lists_what_the_suite_says(items: Mapping[str, Item]) -> None:
    assert list(ROWS.items()) == [
        (each.name, "passes" if each.is_passed else "left out") for each in items.values()
    ]
