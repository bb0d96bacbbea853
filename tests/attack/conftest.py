"""Attacks on the edges, and the report of which families of them were withstood."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.faults.watching import polled
from tests.graph.served import Served, served
from tests.outcomes import outcomes, recorded

FAMILY = "family"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--families", action="store_true", help="print a line for each family of attacks")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.user_properties.extend((FAMILY, marker.args[0]) for marker in item.iter_markers("attack"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What a test records by `record_property("figure", ..)` stands beside its family."""
    if not config.getoption("--families", default=False):
        return
    held_by: dict[str, list[bool]] = defaultdict(list)
    figures: dict[str, list[str]] = defaultdict(list)
    for report, passed in outcomes(terminalreporter):
        for family in recorded(report, FAMILY):
            held_by[family].append(passed)
            figures[family] += recorded(report, "figure")
    for family, held in held_by.items():
        state = "withstood" if all(held) else "FAILED"
        told = "; ".join(figures[family])
        terminalreporter.write_line(f"{family:24} {state:10} {len(held):4} tests  {told}")


@pytest.fixture(scope="module")
def providers(module_emulator: Emulator, provider_file: Path) -> list[ProviderSettings]:
    return polled(provider_file, poll_seconds=0.05)


@pytest.fixture(scope="module")
def server(providers: list[ProviderSettings]) -> Iterator[Served]:
    """A server with the default settings, in this process; one for all attacks of a module, as in life."""
    with served(providers) as server:
        yield server
