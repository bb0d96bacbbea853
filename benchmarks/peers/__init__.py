"""Hive Gateway over the emulated DRS, where `make bench-peers` has installed it; and the files that this takes."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from benchmarks.emulated import ROOT, command

HIVE = "Hive Gateway"
INSTALLED = ROOT / ".cache" / "peers"
_COMPOSED = INSTALLED / "supergraph.graphql"
_PLACEHOLDER = "http://vendor.invalid"
_START_SECONDS = 30.0


class Gateway(NamedTuple):
    """Where it serves."""

    pid: int
    url: str


@asynccontextmanager
async def gateway(vendor_url: str) -> AsyncIterator[Gateway | None]:
    """The gateway in front of this vendor; None where it is not installed."""
    node = shutil.which("node")
    if node is None or not _COMPOSED.exists():
        yield None
        return
    served = _COMPOSED.with_name("served.graphql")
    text = _COMPOSED.read_text(encoding="utf-8").replace(_PLACEHOLDER, vendor_url)
    served.write_text(text, encoding="utf-8")
    port = _free_port()
    program = str(INSTALLED / "node_modules" / "@graphql-hive" / "gateway" / "dist" / "bin.js")
    options = ("supergraph", str(served), "--host", "127.0.0.1", "--port", str(port))
    quiet = {**os.environ, "LOG_LEVEL": "error", "NODE_ENV": "production"}
    async with command(node, program, *options, folder=INSTALLED, environment=quiet) as running:
        await _listening(port)
        yield Gateway(running.pid, f"http://127.0.0.1:{port}/graphql")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


async def _listening(port: int) -> None:
    async with asyncio.timeout(_START_SECONDS):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return
