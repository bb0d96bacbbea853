"""Gateways that others wrote, in front of the server and of another team's subgraph, run as the page says."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx2 as httpx

from tests.e2e.followed import GATEWAY, OURS, THEIRS, Place, answers, command, files, migrations, place, some_ports
from tests.e2e.packages import environment, node
from tests.e2e.tap import Tap, tap

WATCH = Path(__file__).parent / "gateways" / "watch.cjs"
WAIT_SECONDS = 30.0


class Kind(NamedTuple):
    """The file of the page that a gateway reads, words of its command, and what of the file is left out."""

    file: str
    words: tuple[str, ...]
    without: str = ""


KINDS = {
    "Hive-WS": Kind("over-websocket.config.ts", ("over-websocket.config.ts",)),
    "Hive-SSE": Kind("over-sse.config.ts", ("over-sse.config.ts",)),
    "Hive-SSE-by-GET": Kind("over-sse.config.ts", ("over-sse.config.ts",), "method: 'POST'"),
    "Hive-Rust": Kind("over-websocket.config.ts", ("over-websocket.config.ts", "--hive-router-runtime")),
    "Hive-Rust-SSE": Kind("over-sse.config.ts", ("over-sse.config.ts", "--hive-router-runtime")),
    "Apollo": Kind("gateway.mjs", ("node", "gateway.mjs")),
}
HIVES = ("Hive-WS", "Hive-SSE", "Hive-Rust", "Hive-Rust-SSE")


class Gateway:
    """A running gateway, and what goes through the line between it and the server."""

    def __init__(self, url: str, line: Tap) -> None:
        self.url = url
        self.line = line
        self._http = httpx.AsyncClient(timeout=WAIT_SECONDS)

    async def ask(self, document: str, token: str | None = None, **variables: Any) -> Any:
        """The whole answer of the gateway, whatever its status."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        body = {"query": document, "variables": variables}
        return (await self._http.post(self.url, json=body, headers=headers)).json()

    async def data(self, document: str, **variables: Any) -> Any:
        """The data of an answer without errors."""
        answer = await self.ask(document, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    @asynccontextmanager
    async def watched(
        self, client: str, document: str, token: str | None = None, **variables: Any
    ) -> AsyncIterator["Watcher"]:
        """Have a client of another make subscribe, in a process of its own, until the block ends."""
        given = [client, self.url, document, json.dumps(variables), token or ""]
        process = await asyncio.create_subprocess_exec(
            node(), str(WATCH), *given, stdout=asyncio.subprocess.PIPE, env=environment("gateways"), limit=2**22
        )
        try:
            yield Watcher(process)
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    async def close(self) -> None:
        await self._http.aclose()


class Watcher:
    """What a client that watches prints."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> dict[str, Any]:
        """The next line: `next`, `failed` or `complete`."""
        assert self._process.stdout is not None
        async with asyncio.timeout(WAIT_SECONDS):
            text = await self._process.stdout.readline()
        assert text, "the client ended without a word"
        line: dict[str, Any] = json.loads(text)
        return line

    async def event(self) -> dict[str, Any]:
        """The next event."""
        line = await self.line()
        assert "data" in line.get("next", {}), line
        event: dict[str, Any] = line["next"]["data"]["precheckUpdates"]
        return event

    def leave(self) -> None:
        """Go away without a word."""
        self._process.kill()


@asynccontextmanager
async def gateway(
    kind: str, server_url: str, rows: Sequence[Mapping[str, str]] = (), joins_by_id: bool = False
) -> AsyncIterator[Gateway]:
    """Compose as the page says, start this gateway, and the other team's subgraph with these rows."""
    async with AsyncExitStack() as stack:
        line = await stack.enter_async_context(tap(server_url))
        other, own = some_ports(2)
        at = stack.enter_context(place({OURS: line.address, THEIRS: str(other), GATEWAY: str(own)}))
        await stack.enter_async_context(migrations(rows, at, joins_by_id))
        await _compose(at)
        file, words, without = KINDS[kind]
        assert without in files()[file]
        at.put(file, files()[file].replace(without, ""))
        ready = f"http://127.0.0.1:{own}/graphql"
        await stack.enter_async_context(at.running(command(*words), lambda: answers(ready)))
        running = Gateway(ready, line)
        stack.push_async_callback(running.close)
        yield running


async def _compose(at: Place) -> None:
    at.schema()
    at.write("compose.mjs")
    assert await at.run(command("node", "compose.mjs")) == (0, "")
