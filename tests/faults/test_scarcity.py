"""A server that is short of open files, or has nobody to talk to."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile

import httpx2 as httpx
import pytest

from graph.http.bounds import KEPT_FILES, MOST_REFUSED
from tests.emulator.process import ROOT, Emulator
from tests.faults.serving import serving
from tests.graph.conftest import DOCUMENTED
from tests.graph.documents import UPDATES, event_of, ref
from tests.graph.raw import Wire, wire

FILES = 256
PLACES = FILES - KEPT_FILES


async def is_refused(client: Wire) -> bool:
    answer = await client.answer()
    return (answer.status, answer.error["extensions"]["code"]) == (503, "TOO_MANY_CONNECTIONS")


@pytest.mark.row("X5")
async def test_with_few_open_files_new_connections_are_refused_and_old_ones_live(
    emulator: Emulator, provider_file: Path
) -> None:
    running = ref("oms-ce", emulator.create_run("oms-ce", scenario="clean", seconds=60))
    with TemporaryFile("w+") as log, serving(provider_file, stderr=log, open_files=FILES) as server:
        stream = server.over_sse(UPDATES, refs=[running])
        assert event_of(await anext(stream))["kind"] == "SNAPSHOT"
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(wire(server.url)) for _ in range(PLACES - 1 + MOST_REFUSED // 2)
            ]
            assert all(await asyncio.gather(*map(is_refused, clients[PLACES - 1 :])))
            flood = [await stack.enter_async_context(wire(server.url)) for _ in range(2 * FILES)]
            emulator.advance(10)
            assert event_of(await anext(stream))["kind"] == "CHANGED"
            assert len(flood) > FILES
        async with asyncio.timeout(20):
            while (await there(server.url)) != 200:
                pass
        emulator.advance(10)
        assert event_of(await anext(stream))["kind"] == "CHANGED"
        await stream.aclose()
        log.seek(0)
        assert log.read() == ""


async def there(url: str) -> int:
    """The status of its probe, 0 where it cannot be had."""
    async with httpx.AsyncClient() as client:
        try:
            return (await client.get(f"{url}/healthz")).status_code
        except httpx.TransportError:
            return 0


def spoil(file: Path) -> None:
    file.write_text("nonsense")


def full() -> int:
    """A disk without room."""
    return os.open("/dev/full", os.O_WRONLY)


def left() -> int:
    """A pipe that nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def closed() -> None:
    """Nothing at all."""


@contextmanager
def started(provider_file: Path, output: int | None) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server that prints and logs to that, or has neither input nor output."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen(
        [sys.executable, "-m", "graph", "serve", "--providers", str(provider_file), "--port", str(port)],
        cwd=ROOT,
        stdout=output,
        stderr=output,
        preexec_fn=partial(os.closerange, 0, 3) if output is None else None,
    ) as process:
        try:
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            if output is not None:
                os.close(output)


@pytest.mark.row("X4")
@pytest.mark.parametrize("output", [full, left, closed])
async def test_a_server_serves_on_where_nothing_can_be_said(
    emulator: Emulator, provider_file: Path, tmp_path: Path, output: Callable[[], int | None]
) -> None:
    file = Path(shutil.copy(provider_file, tmp_path))
    with started(file, output()) as (process, url):
        async with asyncio.timeout(30):
            while await there(url) != 200:
                assert process.poll() is None
        spoil(file)
        process.send_signal(signal.SIGHUP)  # it has something to say of that
        async with httpx.AsyncClient(base_url=url) as client:
            for _ in range(20):
                answer = await client.post("/graphql", json={"query": "{ precheckProviders { id } }"})
                assert len(answer.json()["data"]["precheckProviders"]) >= len(DOCUMENTED)
            assert (await client.get("/nothing")).status_code == 404
        assert process.poll() is None
