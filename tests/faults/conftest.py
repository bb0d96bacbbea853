"""The bench of the fault matrix, and the report of which of its rows hold."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace

from graph.guard.bearers import Bearers
from graph.guard.keys import Keys
from graph.provider_file import read_providers
from resolvers.upstream.contract import ProviderSettings
from tests.docs.pages import fault_matrix
from tests.emulator.process import Emulator
from tests.faults.bench import Wiring
from tests.faults.issuer import AUDIENCE, NAME, Issuer, issuing
from tests.faults.watching import Stream, polled
from tests.graph.conftest import QUICK
from tests.graph.served import Served, served
from tests.outcomes import outcomes, recorded
from tests.providers.bench import Bench, known_providers

ROW = "row"


@pytest_asyncio.fixture
async def wiring(emulator: Emulator, provider_file: Path) -> AsyncIterator[Wiring]:
    limiters: dict[str, Any] = {}
    wiring = Wiring(Bench(emulator, known_providers(provider_file), limiters), emulator, limiters)
    yield wiring
    await wiring.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rows", action="store_true", help="print a line for each row of the fault matrix")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.user_properties.extend((ROW, marker.args[0]) for marker in item.iter_markers(ROW))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not config.getoption("--rows", default=False):
        return
    held_by: dict[str, list[bool]] = {}
    for report, passed in outcomes(terminalreporter):
        for row in recorded(report, ROW):
            held_by.setdefault(row, []).append(passed)
    for row, fault in fault_matrix().items():
        held = held_by.get(row, [])
        state = "no test" if not held else "ok" if all(held) else "FAILED"
        terminalreporter.write_line(f"{row:4} {state:8} {len(held):4} tests  {fault.text}")
    whole = [row for row in fault_matrix() if held_by.get(row) and all(held_by[row])]
    terminalreporter.write_line(f"rows shown: {len(whole)} of {len(fault_matrix())}")


@pytest.fixture
def providers(emulator: Emulator, provider_file: Path) -> list[ProviderSettings]:
    return polled(provider_file, poll_seconds=0.02)


@pytest.fixture
def server(providers: list[ProviderSettings]) -> Iterator[Served]:
    with served(providers) as server:
        yield server


@pytest.fixture(params=["over_websocket", "over_sse"])
def stream(server: Served, request: pytest.FixtureRequest) -> Stream:
    method: Stream = getattr(server, request.param)
    return method


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture
def asking(issuer: Issuer) -> Iterator[Served]:
    """A server without providers that wants tokens of the issuer."""
    with served([], issuer.settings(), issuer.clock) as asking:
        yield asking


@pytest.fixture
def authorized(issuer: Issuer, emulator: Emulator, provider_file: Path) -> Iterator[Served]:
    """A server over one emulated vendor that wants tokens of the issuer."""
    oms = [replace(each, limits=QUICK) for each in read_providers(provider_file) if each.id == "oms-ce"]
    with served(oms, issuer.settings(), issuer.clock) as server:
        yield server


@pytest.fixture
async def bearers(issuer: Issuer) -> AsyncGenerator[Bearers, None]:
    """What every transport asks, without a server around it."""
    bearers = Bearers(Keys(issuer.url, issuer.clock), NAME, AUDIENCE, issuer.clock)
    yield bearers
    await bearers.close()
