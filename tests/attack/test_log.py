"""Whatever strangers send, however often: the log of a server at the level info has not one line more."""

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from tests.attack.bombs import FAMILIES
from tests.attack.dialogue import INIT, Sent, handshake, held, raw
from tests.attack.dialogues import CLOSED, FRAMES, HANDSHAKES, HARMLESS, REFUSED, generated
from tests.attack.malformed import kept
from tests.attack.mutated import generated as generated_requests
from tests.emulator.process import Emulator
from tests.faults.serving import Serving, serving
from tests.graph.raw import wire
from tests.graph.served import Served
from tests.graph.tokens import table, token_of, tokens_file

pytestmark = pytest.mark.attack("log")

AT_ONCE = 20
KNOWN = "{ precheckProviders { id } }"
ORIGINS = ("https://evil.example", "null", "file://", "x" * 2_000)
SUBPROTOCOLS = ("graphql-ws", "nonsense", "mqtt")
PATHS = ("/graphql", "/", "/metrics", "/healthz", "/nothing", "/graphql/x", "/graphql/assets/x", "/%00%ff")
STRANGE: tuple[dict[str, str], ...] = (
    {},
    {"authorization": "Bearer unknown"},
    {"authorization": "Bearer a.b.c"},
    {"authorization": "Basic x"},
    {"authorization": "Bearer " + "x" * 5_000},
    {"host": "evil.example"},
    {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    {"accept": "x/y"},
)
UNKNOWN: tuple[dict[str, object], ...] = (
    {"documentId": "unknown"},
    {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}},
    {"query": KNOWN, "documentId": "unknown"},
    {"query": "{ a: precheckProviders { id } }"},
    {"query": KNOWN, "operationName": "nobody"},
    {"query": "query ($a: Int!) { __typename @skip(if: false) }", "variables": {"a": "x"}},
    {"query": '{ precheck(id: "nonsense") { id } }'},
    {"query": '{ precheck(id: "pc1.nonsense") { id } }'},
    {"query": "{ prechecks(first: -1) { totalCount } }"},
    {"query": '{ prechecks(after: "nonsense") { totalCount } }'},
    {"query": '{ _entities(representations: [5, {}, {__typename: "x"}]) { __typename } }'},
)
UPGRADE = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13"
KEY = "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=="
ELSEWHERE = {
    "a socket where nothing is": f"GET /nothing HTTP/1.1\r\nhost: localhost\r\n{UPGRADE}\r\n{KEY}\r\n\r\n",
    "a socket under a strange name": f"GET /graphql HTTP/1.1\r\nhost: evil.example\r\n{UPGRADE}\r\n{KEY}\r\n\r\n",
}


@pytest.fixture(params=["open", "tokens", "trusted"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """Of a server that lets everyone in, one that asks for a token, and one with a manifest."""
    least = {"PRECHECK_RECEIVE_SECONDS": "0.5", "PRECHECK_LOG_LEVEL": "info"}
    if request.param == "tokens":
        return {**least, "PRECHECK_TOKENS_FILE": str(tokens_file(tmp_path, table("somebody")))}
    if request.param == "trusted":
        manifest = tmp_path / "manifest.json"
        manifest.write_text(json.dumps({sha256(KNOWN.encode()).hexdigest(): KNOWN}), encoding="utf-8")
        return {
            **least,
            "PRECHECK_TRUSTED_DOCUMENTS": "only",
            "PRECHECK_TRUSTED_DOCUMENTS_FILE": str(manifest),
        }
    return least


async def over_http(server: Serving) -> int:
    """Every malformed request, each on a connection of its own."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(request: bytes) -> None:
        async with turns, wire(server.url) as client:
            if await client.say(request):
                with suppress(asyncio.IncompleteReadError, ConnectionError):
                    await client.answer()

    requests = [*kept(), *generated_requests()[::4]]
    await asyncio.gather(*map(one, requests))
    return len(requests)


async def over_websockets(server: Serving) -> int:
    """Every odd dialogue, frame and handshake."""
    dialogues: list[Sequence[Sent]] = [sent for _, sent in CLOSED.values()]
    dialogues += HARMLESS.values()
    dialogues += [[INIT, each] for each in REFUSED.values()]
    dialogues += [generated(seed) for seed in range(100)]
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(dialogue: Sequence[Sent]) -> None:
        async with turns:
            await held(server.url, dialogue)

    await asyncio.gather(*map(one, dialogues))
    frames = [frame for _, frame in FRAMES.values()]
    for frame in frames:
        await raw(server.url, frame)
    for subprotocol in SUBPROTOCOLS:
        await raw(server.url, b"", subprotocol)
    for _, given in HANDSHAKES.values():
        await handshake(server.url, **given)
    for origin in ORIGINS:
        await handshake(server.url, f"Origin: {origin}\r\n")
    for opening in ELSEWHERE.values():
        async with wire(server.url) as client:
            await client.say(opening.encode())
            await client.answer()
    return len(dialogues) + len(frames) + len(SUBPROTOCOLS) + len(HANDSHAKES) + len(ORIGINS) + len(ELSEWHERE)


async def over_good_http(server: Serving) -> int:
    """Well-formed requests that are refused: unknown tokens and hosts, bombs, paths where nothing is."""
    sent = 0
    async with httpx.AsyncClient(base_url=server.url, timeout=20) as client:
        for headers in STRANGE:
            for path in PATHS:
                await client.get(path, headers=headers)
                await client.post(path, headers=headers, json={"query": "{ nothing }"})
                sent += 2
        for family in FAMILIES.values():
            for accept in ("application/json", "text/event-stream"):
                await client.post("/graphql", json={"query": family(2_000)}, headers={"accept": accept})
                sent += 1
        for body in UNKNOWN:
            await client.post("/graphql", json=body)
            sent += 1
    return sent


async def test_no_stranger_can_fill_it(
    module_emulator: Emulator,
    provider_file: Path,
    tmp_path: Path,
    settings: dict[str, Any],
    record_property: Callable[[str, object], None],
) -> None:
    log = tmp_path / "log"
    with log.open("w") as stderr, serving(provider_file, stderr=stderr, **settings) as server:
        served = Served(server.url, token_of("somebody"))
        assert (await served.post({"query": KNOWN})).status_code == 200
        before = log.read_text(encoding="utf-8")
        sent = await over_http(server) + await over_websockets(server) + await over_good_http(server)
        assert (await served.post({"query": KNOWN})).status_code == 200
        assert log.read_text(encoding="utf-8").removeprefix(before) == ""
    record_property("figure", f"{sent:,} sent, 0 lines")
