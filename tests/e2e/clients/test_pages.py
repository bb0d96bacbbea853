"""The programs of docs/clients.md do what the page says, with a token, over a connection that is cut once."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from emulator.runs import PHASES
from tests.docs.pages import CLIENTS as PAGE
from tests.docs.pages import blocks
from tests.e2e.cable import cable
from tests.e2e.clients.conftest import logged_server
from tests.e2e.clients.snippets import (
    BY_WEBSOCKET,
    FOLLOWING,
    WITHOUT_WEBSOCKET,
    Watched,
    as_json,
    compile_artifacts,
    programs,
    running,
    shell,
    written,
)
from tests.e2e.told import PHASE_SECONDS, RUN_SECONDS
from tests.emulator.process import Emulator
from tests.faults.serving import Serving
from tests.graph.transports import codes_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

TOKEN = "a-token-that-nobody-can-guess"


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of one token."""
    tokens = tmp_path_factory.mktemp("tokens") / "tokens.toml"
    tokens.write_text(f'[[token]]\nname = "team-a"\nsha256 = "{sha256(TOKEN.encode()).hexdigest()}"\n')
    return tokens


@pytest.fixture(scope="module")
def guarded(emulator: Emulator, provider_file: Path, tokens: Path) -> Iterator[Serving]:
    """A server that lets nobody in without it."""
    assert emulator.providers()
    with logged_server(provider_file, PRECHECK_TOKENS_FILE=str(tokens)) as server:
        yield server


def begun(emulator: Emulator, name: str) -> str:
    """The reference of a run that is moved on by hand."""
    reference = f"cd-{name.replace('-', '')}/pcte-1"
    emulator.create_run("ninedata", reference=reference, scenario="blocked", seconds=RUN_SECONDS)
    emulator.advance(PHASE_SECONDS / 2)
    return reference


@pytest.mark.parametrize("name", FOLLOWING)
async def test_a_program_of_the_page_asks_and_follows_and_comes_back(
    name: str, emulator: Emulator, guarded: Serving
) -> None:
    program, others = FOLLOWING[name]
    async with cable(guarded.url) as line:
        watched = Watched(line.url, begun(emulator, name))
        with ExitStack() as stack:
            folder = stack.enter_context(written(watched, others))
            if program == "relay.js":
                await asyncio.to_thread(compile_artifacts, folder)
            printed = []
            async with running(folder, program, token=TOKEN) as printing:
                while said := await printing.line():
                    printed.append(said)
                    if said == "CHANGED 25":
                        line.cut()
                    if said.startswith(("SNAPSHOT", "CHANGED")):
                        emulator.advance(PHASE_SECONDS)
                    line.mend()
    changes = [f"CHANGED {100 * phase / PHASES:g}" for phase in range(1, PHASES)]
    assert printed == ["WAITING", "INVALID_REFERENCE", "SNAPSHOT 0", *changes, "COMPLETED 100"]
    assert line.connections > 1


def test_the_page_shows_what_its_programs_print() -> None:
    [shown] = blocks(PAGE, "text")
    changes = [f"CHANGED {100 * phase / PHASES:g}" for phase in range(1, 3)]
    assert shown.text.splitlines() == ["WAITING", "INVALID_REFERENCE", "SNAPSHOT 0", *changes]


async def test_the_commands_of_the_page_ask_and_follow(emulator: Emulator, guarded: Serving) -> None:
    begins, asks, follows = (block.text for block in blocks(PAGE, "sh") if block.text.startswith("curl "))
    at_emulator = begins.replace("http://127.0.0.1:8100", str(emulator.http.base_url).rstrip("/"))
    watched = Watched(guarded.url, token=TOKEN)
    shell(at_emulator, watched)
    [answer] = shell(asks, watched)
    assert as_json(answer) == {"data": {"precheck": {"verdict": "WAITING", "progress": {"percent": 0.0}}}}
    emulator.advance(40)
    told = [as_json(line) for line in shell(follows, watched) if line.startswith("data: {")]
    events: list[Any] = [each["data"]["precheckUpdates"] for each in told]  # type: ignore[index]
    assert events[-1]["kind"] == "COMPLETED"
    assert events[-1]["precheck"] == {"verdict": "BLOCKED"}
    after = follows.replace('"after": null', f'"after": "{events[-1]["cursor"]}"')
    assert [line for line in shell(after, watched) if line.startswith("data: {")] == []


async def test_a_package_stands_in_for_the_websocket_that_older_node_does_not_have(
    emulator: Emulator, guarded: Serving
) -> None:
    given = programs()["ws.js"].replace("createClient({\n", "createClient({\n  webSocketImpl: WebSocket,\n")
    reference = begun(emulator, "older-node")
    with written(Watched(guarded.url, reference), {"ws.js": f"import WebSocket from 'ws';\n{given}"}) as folder:
        async with running(folder, "ws.js", token=TOKEN, websocket=WITHOUT_WEBSOCKET) as printing:
            assert [await printing.line() for _ in range(3)] == ["WAITING", "INVALID_REFERENCE", "SNAPSHOT 0"]


def test_the_commands_of_the_page_show_why_they_are_refused(emulator: Emulator, guarded: Serving) -> None:
    _, asks, follows = (block.text for block in blocks(PAGE, "sh") if block.text.startswith("curl "))
    nothing = re.sub(r'"ids": \[.*?\]', '"ids": []', follows)
    [last] = [line for line in shell(nothing, Watched(guarded.url, token=TOKEN)) if line.startswith("data: {")]
    assert codes_of([json.loads(last.removeprefix("data: "))]) == {"BAD_REQUEST"}
    assert '"data":null' in last
    for each in (asks, follows):
        [answer] = shell(each, Watched(guarded.url, token="wrong"))
        assert codes_of([json.loads(answer)]) == {"UNAUTHENTICATED"}


def test_every_program_of_the_page_is_run() -> None:
    run = {program for program, _ in FOLLOWING.values()} | {"persisted.js"}
    imported = {"cache.js", "link.js", BY_WEBSOCKET, "prechecks.js", "Prechecks.js", "relay.config.json"}
    assert set(programs()) == run | imported
    assert len(blocks(PAGE)) == len(programs()) + len(blocks(PAGE, "sh")) + len(blocks(PAGE, "text"))
