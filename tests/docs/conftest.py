"""The demo as `make run` starts it: emulated vendors with runs that move, and the server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from graph.provider_file import read_providers
from tests.emulator.process import Emulator, started
from tests.graph.conftest import DOCUMENTED, QUICK
from tests.graph.served import Served, served


@pytest.fixture(scope="module")
def module_emulator(provider_file: Path) -> Iterator[Emulator]:
    with started("--providers-file", str(provider_file)) as emulator:
        yield emulator


@pytest.fixture
def server(emulator: Emulator, provider_file: Path) -> Iterator[Served]:
    """Polls as quick as a test wants them; serves the documented vendors, however many were added since."""
    demo = [each for each in read_providers(provider_file) if each.id in DOCUMENTED]
    with served([replace(each, limits=QUICK) for each in demo]) as server:
        yield server
