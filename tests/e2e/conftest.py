"""One demo, started by `make run`, for all tests that only look."""

from collections.abc import Iterator

import httpx2 as httpx
import pytest

from tests.e2e.process import Running, make_run


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """The demo."""
    with make_run() as running:
        yield running


@pytest.fixture(scope="session")
def server_url(running: Running) -> str:
    """Where its server is."""
    return running.url


@pytest.fixture
def control(running: Running) -> Iterator[httpx.Client]:
    """The control port of its emulator, without faults and counted calls before and after."""
    with httpx.Client(base_url=running.control_url) as client:
        client.delete("/faults")
        client.delete("/calls")
        yield client
        client.delete("/faults")
