"""Clients that do not read: cut off after a while, and nothing of their streams stays."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from graph.http.unread import Unread
from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.faults.deafness import LONG_ANSWER, ask, counted, deaf, until_counted
from tests.faults.watching import LONG, until
from tests.graph.documents import UPDATES, event_of, ref
from tests.graph.served import Socket, served


@pytest.mark.row("K1")
@pytest.mark.parametrize(("stuck_seconds", "ping_seconds"), [(0.3, 60.0), (60.0, 0.5)], ids=["stuck", "no pong"])
async def test_a_viewer_that_never_reads_is_cut_and_leaves_nothing(
    providers: list[ProviderSettings], emulator: Emulator, stuck_seconds: float, ping_seconds: float
) -> None:
    runs = [emulator.create_run("oms-ce", scenario="stuck", seconds=LONG) for _ in range(2)]
    with served(providers, stuck_seconds=stuck_seconds, ping_seconds=ping_seconds, send_buffer=4096) as server:
        cuts = await counted(server.url, "precheck_connections_cut")
        async with Socket(server.url) as ws:
            await ws.subscribe("1", UPDATES, refs=[ref("oms-ce", runs[1])])
            assert event_of((await ws.receive())["payload"])["kind"] == "SNAPSHOT"
            with deaf(server.url) as silent:
                ask(silent, UPDATES, refs=[ref("oms-ce", runs[0])])
                for _ in range(10):
                    ask(silent, LONG_ANSWER)
                await until(lambda: was_watched(emulator, runs[0]))
                await until_counted(server.url, "precheck_watched", 1)
            assert await counted(server.url, "precheck_connections_cut") == cuts + 1
            emulator.fault("oms-ce", "status", status=503)
            assert event_of((await ws.receive())["payload"])["kind"] == "PROBLEM", "who reads is served on"


def was_watched(emulator: Emulator, run: str) -> bool:
    """Whether the vendor was asked; by nobody but for a viewer."""
    asked = emulator.calls("oms-ce").get("GetPreCheckResult", {"ids": []})["ids"]
    return any(run in ids for ids in asked)


@pytest.mark.row("K2")
async def test_a_viewer_that_has_vanished_is_gone_after_a_ping_and_leaves_nothing(
    providers: list[ProviderSettings], emulator: Emulator
) -> None:
    run = emulator.create_run("oms-ce", scenario="stuck", seconds=LONG)
    with served(providers, ping_seconds=0.3) as server, deaf(server.url) as vanished:
        cuts = await counted(server.url, "precheck_connections_cut")
        ask(vanished, UPDATES, refs=[ref("oms-ce", run)])
        await until(lambda: was_watched(emulator, run))
        await until_counted(server.url, "precheck_viewers", 0)
        assert await counted(server.url, "precheck_watched") == 0
        assert await counted(server.url, "precheck_connections_cut") == cuts, "nothing was left to be read"


@dataclass(eq=False)
class Line:
    """A connection with so many bytes that its client has not taken."""

    size: int
    cuts: int = 0
    transport: Any = field(init=False)

    def __post_init__(self) -> None:
        self.transport = self

    def get_write_buffer_size(self) -> int:
        return self.size

    def abort(self) -> None:
        self.cuts += 1


def test_only_who_takes_nothing_for_the_whole_time_is_cut() -> None:
    silent, growing, slow, idle = Line(100), Line(100), Line(100), Line(0)
    lines = [silent, growing, slow, idle]
    unread = Unread(stuck_seconds=60.0)
    for now in range(0, 60, 5):
        unread.look(lines, now)
        growing.size += 10
        slow.size += -99 if now == 30 else 10
    assert [each.cuts for each in lines] == [0, 0, 0, 0]
    unread.look(lines, 60.0)
    assert [each.cuts for each in lines] == [1, 1, 0, 0]


def test_nothing_is_kept_of_a_connection_that_is_gone_or_was_read() -> None:
    line = Line(100)
    unread = Unread(stuck_seconds=60.0)
    for now, lines in ((0.0, [line]), (50.0, []), (70.0, [line]), (120.0, [line])):
        unread.look(lines, now)
    assert line.cuts == 0
    unread.look([line], 130.0)
    assert line.cuts == 1
