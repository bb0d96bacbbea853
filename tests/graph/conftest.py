"""The product over the emulator, with polls as quick as a test wants them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from graph.provider_file import read_providers
from resolvers.upstream.contract import LimitSettings, ProviderSettings
from tests.emulator.process import Emulator
from tests.graph.served import Served, served

DOCUMENTED = ("oms-ce", "oms-ee", "drs", "dts", "ninedata")  # however many vendors were added since
QUICK = LimitSettings(poll_seconds=0.02, timeout_seconds=1.0)


@pytest.fixture
def providers(emulator: Emulator, provider_file: Path) -> list[ProviderSettings]:
    """The demo's providers of the documented vendors, all seed references tracked."""
    return [replace(each, limits=QUICK) for each in read_providers(provider_file) if each.id in DOCUMENTED]


@pytest.fixture
def server(providers: list[ProviderSettings]) -> Iterator[Served]:
    """A server that has asked no vendor yet."""
    with served(providers) as server:
        yield server
