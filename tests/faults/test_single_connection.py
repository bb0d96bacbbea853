"""A reserved stream at its ends: its bearer's, the server's, and that of a client's patience."""

import asyncio
import signal
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest

from graph.http.bounds import MOST_STREAMS_PER_SOCKET
from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.faults.deafness import LONG_ANSWER, counted, until_counted
from tests.faults.issuer import Issuer
from tests.faults.serving import serving
from tests.faults.watching import LONG, until
from tests.graph.documents import LOOKUP, UPDATES, event_of, ref
from tests.graph.reserved import ANSWERED, HEADER, TYPENAME, Reserved, Said, asked
from tests.graph.served import Served, served


@pytest.fixture
def run(emulator: Emulator) -> str:
    return emulator.create_run("oms-ce", scenario="stuck", seconds=LONG)


def codes(said: Said) -> list[str]:
    return [error["extensions"]["code"] for error in said.payload["errors"]]


async def watch(single: Reserved, name: str, run: str) -> None:
    assert (await single.begin(name, UPDATES, refs=[ref("oms-ce", run)], until="NEVER")).status_code == 202
    assert event_of((await single.receive()).payload)["kind"] == "SNAPSHOT"


async def test_a_stream_ends_with_the_bearer_that_opened_it_after_all_have_said_why(
    authorized: Served, issuer: Issuer, run: str
) -> None:
    async with Reserved(authorized.url, issuer.token(lasts=60)) as single:
        for name in ("a", "b"):
            await watch(single, name, run)
        issuer.clock.advance(60)
        last = await single.rest()
        for name in ("a", "b"):
            said, completed = (each for each in last if each.id == name)
            assert codes(said) == ["AUTH_EXPIRED"]
            assert completed == Said("complete", name)
        assert (await single.begin("c", TYPENAME)).status_code == 401


async def test_an_idle_stream_ends_with_its_bearer(authorized: Served, issuer: Issuer) -> None:
    async with Reserved(authorized.url, issuer.token(lasts=60)) as single:
        issuer.clock.advance(60)
        assert await single.rest() == []


async def test_whoever_renews_a_token_keeps_the_reservation(authorized: Served, issuer: Issuer) -> None:
    async with Reserved(authorized.url, issuer.token(lasts=60)) as single:
        renewed = {"authorization": f"Bearer {issuer.token(lasts=600)}"}
        assert (await single.post(asked("a"), **renewed)).status_code == 202
        assert (await single.receive()).payload == ANSWERED


async def test_at_the_end_of_the_server_each_is_told_to_come_back_and_the_stream_is_cut(
    server: Served, run: str
) -> None:
    async with Reserved(server.url) as single, Reserved(server.url) as idle:
        for name in ("a", "b"):
            await watch(single, name, run)
        await server.end_streams()
        last = await single.rest()
        assert sorted((said.event, said.id, *codes(said)) for said in last) == [
            ("next", "a", "SERVER_RESTARTING"),
            ("next", "b", "SERVER_RESTARTING"),
        ]
        assert await idle.rest() == []
        for refused in (await idle.begin("c", TYPENAME), await single.begin("c", TYPENAME)):
            assert refused.status_code == 503


async def test_a_query_under_way_is_finished_before_its_stream_is_cut(
    server: Served, emulator: Emulator, run: str
) -> None:
    emulator.fault("dts", "delay", seconds=0.3)
    async with Reserved(server.url) as single:
        await watch(single, "a", run)
        await single.begin("q", LOOKUP, refs=[ref("dts", "dts-1ewjspuw")], maxAgeSeconds=0)
        await until(lambda: emulator.calls("dts")["DescribeMigrationCheckJob"]["count"])
        await server.end_streams()
        last = await single.rest()
    assert [(said.id, said.event) for said in last] == [("a", "next"), ("q", "next"), ("q", "complete")]
    assert codes(last[0]) == ["SERVER_RESTARTING"]
    assert "errors" not in last[1].payload


async def test_the_server_waits_for_no_query_that_takes_too_long(
    provider_file: Path, emulator: Emulator, run: str
) -> None:
    emulator.fault("dts", "delay", seconds=20)
    with serving(provider_file) as server:
        async with Reserved(server.url) as single:
            await watch(single, "a", run)
            await single.begin("q", LOOKUP, refs=[ref("dts", "dts-1ewjspuw")], maxAgeSeconds=0)
            await until(lambda: emulator.calls("dts")["DescribeMigrationCheckJob"]["count"])
            server.process.send_signal(signal.SIGTERM)
            last = await single.rest()
            assert [(said.event, said.id, *codes(said)) for said in last] == [
                ("next", "a", "SERVER_RESTARTING"),
                ("next", "q", "SERVER_RESTARTING"),
            ]
        assert await asyncio.to_thread(server.process.wait, 10) == 0
        assert server.process.stderr is not None
        assert server.process.stderr.read() == ""


async def test_who_stops_reading_has_no_more_made_for_it_and_is_cut(
    providers: list[ProviderSettings], run: str
) -> None:
    with served(providers, stuck_seconds=1.0, send_buffer=4096) as server:
        cuts = await counted(server.url, "precheck_connections_cut")
        async with httpx.AsyncClient(timeout=20) as client:
            single = Reserved(server.url, client=client)
            await single.reserve()
            with opened_by_a_deaf_one(server.url, single.stream_token):
                taken = await _all_that_are_taken(single)
                assert len(taken) < 1000, "what is not read is not answered"
                refused = await single.begin("watching", UPDATES, refs=[ref("oms-ce", run)])
                assert refused.status_code == 429
                await until_counted(server.url, "precheck_connections_cut", cuts + 1)
                await _gone(single)
        await server.no_connection()


def opened_by_a_deaf_one(url: str, token: str) -> socket.socket:
    """A client that opens the stream and never reads it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    target = urlsplit(url)
    client.connect((target.hostname, target.port))
    head = f"GET /graphql HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n{HEADER}: {token}\r\n\r\n"
    client.sendall(head.encode())
    return client


async def _all_that_are_taken(single: Reserved) -> list[Any]:
    """Ask for long answers until there is room for no more operations."""
    taken: list[Any] = []
    async with asyncio.timeout(20):
        while (answer := await single.begin(str(len(taken)), LONG_ANSWER)).status_code == 202:
            taken.append(answer)
    assert answer.json()["errors"][0]["extensions"]["code"] == "TOO_MANY_STREAMS"
    assert len(taken) >= MOST_STREAMS_PER_SOCKET
    return taken


async def _gone(single: Reserved) -> None:
    async with asyncio.timeout(20):
        while (await single.stop("0")).status_code != 404:
            pass
