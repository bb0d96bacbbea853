"""Gateways whose server restarts, is down, is hidden by a proxy, or trusts documents alone: what clients see."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.followed import some_ports
from tests.e2e.gateway import HIVES, Gateway, Watcher, gateway
from tests.emulator.process import Emulator
from tests.faults.serving import Serving, serving
from tests.faults.watching import LONG
from tests.graph.documents import ref

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

FOLLOW = """
subscription Follow($refs: [PrecheckRefInput!], $after: String) {
  precheckUpdates(refs: $refs, after: $after) { kind cursor precheck { externalId } }
}"""
PROVIDERS = "{ precheckProviders { id } }"
HTML = "<html><body>secret words of a proxy</body></html>"
UNAVAILABLE = {"message": "A subgraph cannot be reached.", "extensions": {"code": "SUBGRAPH_UNAVAILABLE"}}
through_apollo = pytest.mark.parametrize("through", ["Apollo"], indirect=True)


@pytest.fixture(scope="module")
def port() -> int:
    """Where the server is, whenever it is there."""
    return some_ports(1)[0]


@pytest.fixture(scope="module", params=(*HIVES, "Apollo"))
async def through(request: pytest.FixtureRequest, port: int) -> AsyncIterator[Gateway]:
    async with gateway(request.param, f"http://127.0.0.1:{port}") as through:
        yield through


async def stopped(server: Serving) -> None:
    """Stop the server as a rollout does."""
    server.process.send_signal(signal.SIGTERM)
    await asyncio.to_thread(server.process.wait, 30)


@asynccontextmanager
async def watched(through: Gateway, run: str, after: str | None = None) -> AsyncIterator[list[Watcher]]:
    """Have a client of each kind follow a run."""
    refs = [ref("oms-ce", run)]
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(through.watched(client, FOLLOW, refs=refs, after=after))
            for client in ("graphql-ws", "graphql-sse")
        ]


async def last_of(watcher: Watcher) -> dict[str, Any]:
    """The only error that a client is told before its stream ends."""
    line = await watcher.line()
    assert await watcher.line() == {"complete": True}
    [error] = line["next"]["errors"]
    return dict(error)


@pytest.mark.parametrize(
    ("through", "message", "code"),
    [
        ("Hive-WS", "connect ECONNREFUSED 127.0.0.1:", None),
        ("Hive-Rust", "connect ECONNREFUSED 127.0.0.1:", "DOWNSTREAM_SERVICE_ERROR"),
        ("Hive-SSE", "This server is about to end.", "SERVER_RESTARTING"),
        ("Hive-Rust-SSE", "This server is about to end.", "SERVER_RESTARTING"),
    ],
    ids=["Hive-WS", "Hive-Rust", "Hive-SSE", "Hive-Rust-SSE"],
    indirect=["through"],
)
async def test_a_restart_ends_streams_and_new_ones_come_through_the_same_gateway(
    through: Gateway, emulator: Emulator, provider_file: Path, port: int, message: str, code: str | None
) -> None:
    run = emulator.create_run("oms-ce", scenario="stuck", seconds=LONG)
    with serving(provider_file, port=port) as server:
        async with watched(through, run) as watchers:
            cursors = [(await watcher.event())["cursor"] for watcher in watchers]
            async with through.line.deserted():
                await stopped(server)
                errors = [await last_of(watcher) for watcher in watchers]
    for error in errors:
        assert error["message"].startswith(message)
        assert error.get("extensions", {}).get("code") == code
    with serving(provider_file, port=port):
        async with watched(through, run, after=cursors[0]) as watchers:
            again = [await watcher.event() for watcher in watchers]
    assert [(event["kind"], event["precheck"]) for event in again] == [("SNAPSHOT", {"externalId": run})] * 2


@through_apollo
async def test_apollo_tells_nothing_of_a_server_that_is_down(through: Gateway) -> None:
    async with through.line.deserted():
        assert (await through.ask(PROVIDERS))["errors"] == [UNAVAILABLE]


@through_apollo
async def test_apollo_tells_nothing_of_a_page_that_a_proxy_answers(
    through: Gateway, module_emulator: Emulator, provider_file: Path, port: int
) -> None:
    assert module_emulator is not None
    with serving(provider_file, port=port):
        for status in ("502 Bad Gateway", "503 Service Unavailable", "200 OK"):
            with through.line.answering(status, HTML):
                answer = await through.ask(PROVIDERS)
            assert (status, answer["errors"]) == (status, [UNAVAILABLE])
        assert "errors" not in await through.ask(PROVIDERS)


@pytest.mark.parametrize("through", ["Hive-WS", "Hive-Rust", "Apollo"], indirect=True)
async def test_what_a_gateway_writes_is_no_trusted_document(
    through: Gateway, module_emulator: Emulator, provider_file: Path, port: int, tmp_path: Path
) -> None:
    assert module_emulator is not None
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({sha256(PROVIDERS.encode()).hexdigest(): PROVIDERS}))
    with serving(
        provider_file,
        port=port,
        PRECHECK_TRUSTED_DOCUMENTS="only",
        PRECHECK_TRUSTED_DOCUMENTS_FILE=str(manifest),
    ) as server:
        assert "errors" not in await server.ask(PROVIDERS)
        [error] = (await through.ask(PROVIDERS))["errors"]
    assert error["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"
