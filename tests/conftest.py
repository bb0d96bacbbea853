"""One emulator process for all tests, without faults or counted calls between two of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulator.process import Emulator, started


@pytest.fixture(scope="session")
def provider_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the emulator writes the provider file that points at it; complete once it runs."""
    return tmp_path_factory.mktemp("emulator") / "providers.toml"


@pytest.fixture(scope="session")
def session_emulator(provider_file: Path) -> Iterator[Emulator]:
    with started("--no-demo-runs", "--providers-file", str(provider_file)) as emulator:
        yield emulator


@pytest.fixture
def emulator(session_emulator: Emulator) -> Iterator[Emulator]:
    session_emulator.reset()
    yield session_emulator
    session_emulator.reset()
