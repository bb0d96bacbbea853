"""A server over emulated vendors that answer at once, for every client; what Relay compiles before it asks."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL
from tempfile import TemporaryFile

import pytest

from tests.e2e.cable import Cable, cable
from tests.e2e.clients.documents import DOCUMENTS
from tests.e2e.programs import compile_for_relay
from tests.e2e.told import Run
from tests.emulator.process import Emulator, started
from tests.faults.serving import Serving, serving

PROVIDER = "oms-ce"


@contextmanager
def logged_server(provider_file: Path, port: int = 0, **settings: str) -> Iterator[Serving]:
    """A server process that may log no error."""
    with TemporaryFile("w+") as log:
        with serving(provider_file, DEVNULL, log, port, None, **settings) as server:
            yield server
        log.seek(0)
        assert [line for line in log if '"level":"error"' in line or "Traceback" in line] == []


@pytest.fixture(scope="package")
def provider_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clients") / "providers.toml"


@pytest.fixture(scope="package")
def emulator(provider_file: Path) -> Iterator[Emulator]:
    with started("--no-demo-runs", "--providers-file", str(provider_file)) as emulator:
        quick = "[[provider]]\nlimits = { poll_seconds = 0.05, timeout_seconds = 5.0, requests_per_second = 1000 }"
        provider_file.write_text(provider_file.read_text().replace("[[provider]]", quick))
        yield emulator


@pytest.fixture(scope="package")
def server(emulator: Emulator, provider_file: Path) -> Iterator[Serving]:
    with logged_server(provider_file) as server:
        yield server


@pytest.fixture(scope="package", autouse=True)
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What Relay's compiler has written, where `relay.cjs` finds it."""
    with pytest.MonkeyPatch.context() as environment:
        folder = compile_for_relay(tmp_path_factory.mktemp("relay"), *DOCUMENTS)
        environment.setenv("RELAY_ARTIFACTS", str(folder))
        yield folder


@pytest.fixture
def run(emulator: Emulator, server: Serving) -> Run:
    return Run(emulator, server, PROVIDER)


@pytest.fixture
async def line(server: Serving) -> AsyncIterator[Cable]:
    async with cable(server.url) as line:
        yield line
