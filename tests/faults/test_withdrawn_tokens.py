"""Tokens of a file end by their instant, or when the file is read again without them."""

import asyncio
from pathlib import Path

import httpx2 as httpx
import orjson
import pytest

from tests.emulator.process import Emulator
from tests.faults.issuer import HandClock
from tests.faults.serving import Serving, serving
from tests.faults.watching import polled
from tests.graph.documents import UPDATES, event_of, ref
from tests.graph.raw import post, wire
from tests.graph.served import Socket, served
from tests.graph.tokens import settings_for, table, token_of, tokens_file
from tests.graph.transports import codes_of

LONG = 80  # seconds of a run that nobody moves on
ASK = {"query": "{ __typename }"}


@pytest.fixture
def run(emulator: Emulator) -> str:
    """A run that goes on for as long as anybody watches."""
    return emulator.create_run("oms-ce", scenario="stuck", seconds=LONG)


async def ended_with(socket: Socket) -> list[str]:
    """The code that its stream ends with, and that of the socket."""
    said, completed = await socket.receive(), await socket.receive()
    assert completed["type"] == "complete"
    [code] = codes_of([said["payload"]])
    return [code, str((await socket.closed())[0])]


def status_of(server: Serving, name: str) -> int:
    headers = {"authorization": f"Bearer {token_of(name)}"}
    return httpx.post(f"{server.url}/graphql", json=ASK, headers=headers).status_code


@pytest.mark.row("C5")
async def test_a_listed_token_takes_its_stream_and_socket_along_at_its_instant(
    emulator: Emulator, provider_file: Path, tmp_path: Path, run: str
) -> None:
    clock = HandClock()
    settings = settings_for(tmp_path, table("alice", expires="2026-01-01T00:01:00Z"), table("bob"))
    with served(polled(provider_file, poll_seconds=0.02), settings, clock) as server:
        async with (
            Socket(server.url, token_of("alice")) as alice,
            Socket(server.url, token_of("bob")) as bob,
        ):
            for socket in (alice, bob):
                await socket.subscribe("1", UPDATES, refs=[ref("oms-ce", run)])
                assert event_of((await socket.receive())["payload"])["kind"] == "SNAPSHOT"
            clock.advance(60)
            assert await ended_with(alice) == ["AUTH_EXPIRED", "4401"]
            emulator.fault("oms-ce", "status", status=503)
            assert event_of((await bob.receive())["payload"])["kind"] == "PROBLEM", "it goes on"


@pytest.mark.row("C5")
async def test_a_token_that_is_taken_out_of_the_file_ends_what_it_has_opened(
    emulator: Emulator, provider_file: Path, tmp_path: Path, run: str
) -> None:
    file = tokens_file(tmp_path, table("alice"), table("bob"), table("carol"))
    with serving(provider_file, PRECHECK_TOKENS_FILE=str(file)) as server:
        async with (
            Socket(server.url, token_of("alice")) as gone,
            Socket(server.url, token_of("bob")) as narrowed,
            Socket(server.url, token_of("carol")) as same,
        ):
            for socket in (gone, narrowed, same):
                await socket.subscribe("1", UPDATES, refs=[ref("oms-ce", run)])
                assert event_of((await socket.receive())["payload"])["kind"] == "SNAPSHOT"
            tokens_file(tmp_path, table("bob", ["drs"]), table("carol"))
            assert await server.reloaded() == []
            async with asyncio.timeout(5):
                assert await ended_with(gone) == ["AUTH_EXPIRED", "4401"]
                assert await ended_with(narrowed) == ["AUTH_EXPIRED", "4401"]
            await same.subscribe("2", "{ __typename }")
            assert (await same.receive())["id"] == "2"
        assert [status_of(server, name) for name in ("alice", "bob", "carol")] == [401, 200, 200]


@pytest.mark.row("C4")
async def test_a_file_of_tokens_that_cannot_be_used_changes_nothing(
    emulator: Emulator, provider_file: Path, tmp_path: Path
) -> None:
    file = tokens_file(tmp_path, table("alice"))
    with serving(provider_file, PRECHECK_TOKENS_FILE=str(file)) as server:
        tokens_file(tmp_path, table("bob"), "[[token]]\nname = 'x'\n")
        server.hang_up()
        refused = await server.logged("configuration_refused")
        assert "token 2: Object missing required field `sha256`" in refused["message"]
        assert [status_of(server, name) for name in ("alice", "bob")] == [200, 401]


@pytest.mark.row("C4")
async def test_the_last_token_can_be_taken_out_and_what_cannot_be_read_is_told(
    emulator: Emulator, provider_file: Path, tmp_path: Path
) -> None:
    file = tokens_file(tmp_path, table("alice"))
    with serving(provider_file, PRECHECK_TOKENS_FILE=str(file)) as server:
        file.write_text(f"a = {'[' * 3000}", encoding="utf-8")
        server.hang_up()
        assert "is not TOML" in (await server.logged("configuration_refused"))["message"]
        assert status_of(server, "alice") == 200
        file.write_text("", encoding="utf-8")
        server.hang_up()
        assert (await server.logged("tokens_file_empty"))["why"] == "nobody is let in"
        await server.logged("configuration_reloaded")
        assert status_of(server, "alice") == 401


async def test_a_token_that_ends_while_its_request_arrives_is_not_answered(
    emulator: Emulator, provider_file: Path, tmp_path: Path
) -> None:
    clock = HandClock()
    settings = settings_for(tmp_path, table("alice", expires="2026-01-01T00:01:00Z"))
    with served(polled(provider_file, poll_seconds=0.02), settings, clock) as server:
        asked = post(orjson.dumps(ASK), f"authorization: Bearer {token_of('alice')}")
        async with wire(server.url) as client:
            before = await server.tasks()
            await client.say(asked[:-5])
            async with asyncio.timeout(10):
                while await server.tasks() == before:  # noqa: ASYNC110  # until it was let in, in another thread
                    await asyncio.sleep(0.005)
            clock.advance(60)
            await client.say(asked[-5:])
            assert (await client.answer()).status == 401
