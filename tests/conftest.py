"""One emulator process for each test module, without faults or counted calls between two tests.

Not one for all: its clock only moves forward, and a client has to learn a clock that is off by an extra call.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.emulator.process import Emulator, started

# An example that takes long says that the machine is busy.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.fixture(scope="module")
def provider_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the emulator writes the provider file that points at it; complete once it runs."""
    return tmp_path_factory.mktemp("emulator") / "providers.toml"


@pytest.fixture(scope="module")
def module_emulator(provider_file: Path) -> Iterator[Emulator]:
    with started("--no-demo-runs", "--providers-file", str(provider_file)) as emulator:
        yield emulator


@pytest.fixture
def emulator(module_emulator: Emulator) -> Iterator[Emulator]:
    module_emulator.reset()
    yield module_emulator
    module_emulator.reset()
