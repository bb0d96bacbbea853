"""The bench of the provider tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from resolvers.upstream.limiter import Limiter
from tests.emulator.process import Emulator
from tests.providers.bench import Bench, known_providers


@pytest.fixture(scope="session")
def limiters() -> dict[str, Limiter]:
    return {}


@pytest_asyncio.fixture
async def bench(emulator: Emulator, provider_file: Path, limiters: dict[str, Limiter]) -> AsyncIterator[Bench]:
    bench = Bench(emulator, known_providers(provider_file), limiters)
    yield bench
    await bench.close()
