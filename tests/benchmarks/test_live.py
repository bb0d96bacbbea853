"""What `make bench-live` and `make soak` measure with; measuring takes minutes and is not for here."""

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from graphql import GraphQLSchema, parse, validate

from benchmarks.emulated import ROOT
from benchmarks.figure import Spread
from benchmarks.live.__main__ import RESULTS, ROWS
from benchmarks.live.churn import SELECTIONS, WITHOUT_LISTS
from benchmarks.live.crowd import Crowd, Delivery, first_event
from benchmarks.live.fanout import FIVE, FORTY, Crossing, Turn
from benchmarks.live.held import PRECHECKS
from benchmarks.live.raw import Socket, frame
from benchmarks.live.relay import relay
from benchmarks.live.short import ManyAtOnce
from benchmarks.live.soak import COLLECTED, Slope
from benchmarks.live.stage import ITEMS, asked, body, references
from benchmarks.live.textbook import Endpoint, Topics
from benchmarks.live.viewers import EventStreamViewer, SocketViewer, Viewer
from benchmarks.sides import OURS, TEXTBOOK
from graph.schema import schema
from resolvers.registry import vendors

NEXT = b'{"id":"1","type":"next","payload":{"data":"%s"}}'
SMALL, LARGE, HUGE = (frame(NEXT % (b"x" * size)) for size in (10, 1000, 70_000))


class Told:
    """A listener that counts."""

    def __init__(self) -> None:
        self.arrivals = 0

    def arrived(self, viewer: Viewer, at: float) -> None:
        self.arrivals += 1

    def ended(self, viewer: Viewer) -> None:
        pass


def viewer() -> SocketViewer:
    """One that has been let in."""
    made = SocketViewer(Told(), "http://127.0.0.1:1/graphql", b"{}")
    made.data_received(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    return made


@pytest.mark.parametrize("piece", [1, 7, 1460, 10**6])
def test_frames_are_counted_in_whatever_pieces_they_come(piece: int) -> None:
    stream = SMALL + LARGE + frame(b'{"type":"ping"}') + HUGE + SMALL + frame(b'{"id":"1","type":"complete"}')
    reading = viewer()
    for start in range(0, len(stream), piece):
        reading.data_received(stream[start : start + piece])
    assert reading.events == 4
    assert reading.has_completed
    assert reading.rest == b""


def test_an_event_stream_is_counted_in_whatever_pieces_it_comes() -> None:
    stream = b": \n\nevent: next\ndata: {}\n\nevent: next\ndata: {}\n\nevent: complete\ndata: \n\n"
    reading = EventStreamViewer(Told(), "http://127.0.0.1:1/graphql", b"{}")
    for start in range(len(stream)):
        reading.data_received(stream[start : start + 1])
    assert (reading.events, reading.has_completed) == (2, True)


@asynccontextmanager
async def raw_sockets() -> AsyncIterator[tuple[str, dict[Socket, asyncio.Transport]]]:
    """A server of raw sockets in this process."""
    sockets: dict[Socket, asyncio.Transport] = {}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Socket(sockets, SMALL), "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql", sockets


async def test_a_crowd_knows_when_the_last_of_it_was_told() -> None:
    crowd = Crowd()
    async with raw_sockets() as (url, sockets):
        await crowd.open(url, [b"{}"], 20)
        crowd.expect()
        began = time.monotonic()
        for transport in sockets.values():
            transport.write(HUGE)
        told = await crowd.delivered()
        assert crowd.counts(1) == [2]
        assert crowd.state() == {"open": 20, "completed": 0}
        await crowd.leave()
        assert await first_event(url, b"{}") == SMALL[2:]
    assert told.viewers == 20
    assert began <= told.first <= told.middle <= told.late <= told.last <= time.monotonic()


async def test_who_is_sent_away_while_coming_is_not_counted_as_there() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        writer.close()

    crowd = Crowd()
    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql"
        with pytest.RaisesGroup(ConnectionError):
            await crowd.open(url, [b"{}"], 1)
    assert crowd.state() == {"open": 0, "completed": 0, "HTTP/1.1 403 Forbidden": 1}


async def test_the_relay_notes_a_word_that_comes_in_two_pieces() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in (b"no change 1 yet, chan", b"ge 12;"):
            await reader.readexactly(1)
            writer.write(piece)
        writer.close()

    vendor = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with vendor, relay(f"http://127.0.0.1:{vendor.sockets[0].getsockname()[1]}") as between:
        passed = between.expect("change 12;")
        port = int(between.url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"1")
        first = await reader.readuntil(b"chan")
        assert not passed.done()
        writer.write(b"2")
        assert first + await reader.read() == b"no change 1 yet, change 12;"
        assert await passed <= time.monotonic()
        writer.close()


def test_a_delivery_is_late_when_99_percent_have_it() -> None:
    assert Delivery.of([float(number) for number in range(1000, 0, -1)]) == (1000, 1, 500, 990, 1000)


def test_sides_are_compared_round_by_round() -> None:
    def turns(*late: float) -> list[Turn]:
        return [Turn(each / 2, each, 1.0) for each in late]

    busy_in_the_second = Crossing({OURS: turns(1, 9, 1), TEXTBOOK: turns(10, 90, 10)}, 1.0)
    assert busy_in_the_second.over(TEXTBOOK) == Spread(0.1, 0.1, 0.1, rounds=3)


def samples(minutes: float, megabytes_in_ten_minutes: float, seed: int) -> list[tuple[float, float]]:
    """Memory as it is seen: a slope, garbage that comes and goes, and a level that wavers."""
    chance, times = random.Random(seed), [0.5 * number for number in range(int(120 * minutes))]
    wavering, level = [], 0.0
    for _ in times:
        level = 0.95 * level + chance.gauss(0, 0.03)
        wavering.append(level)
    grown = megabytes_in_ten_minutes / 600
    sizes = (100 + grown * time + wave + chance.uniform(0, 5) for time, wave in zip(times, wavering, strict=True))
    return [(time, 1e6 * size) for time, size in zip(times, sizes, strict=True)]


@pytest.mark.parametrize("minutes", [2, 24])
def test_memory_that_does_not_grow_is_not_found_to_grow(minutes: int) -> None:
    found = [Slope.of(samples(minutes, 0, seed)).figure(minutes).is_met for seed in range(100)]
    assert sum(not each for each in found) <= 3


@pytest.mark.parametrize(("minutes", "megabytes"), [(2, 15), (24, 2)])
def test_memory_that_grows_is_found_to_grow(minutes: int, megabytes: float) -> None:
    found = [Slope.of(samples(minutes, megabytes, seed)).figure(minutes).is_met for seed in range(100)]
    assert sum(not each for each in found) >= 97


def documents(selections: tuple[str, ...]) -> list[str]:
    return [json.loads(asked("t_1", each))["query"] for each in selections]


@pytest.mark.parametrize("document", documents((FIVE, FORTY, *SELECTIONS)))
def test_every_question_is_one_to_the_product(document: str) -> None:
    assert validate(schema._schema, parse(document)) == []


@pytest.mark.parametrize("document", documents((FIVE, FORTY)))
def test_the_textbook_is_asked_the_same(document: str) -> None:
    served: GraphQLSchema = Endpoint(Topics({}), []).schema._schema  # type: ignore[attr-defined]  # the type is wider
    assert validate(served, parse(document)) == []


def test_a_short_soak_asks_for_no_lists() -> None:
    assert not any("items {" in each or "changes" in each or "blockers" in each for each in WITHOUT_LISTS)


def test_a_change_is_one_of_words_and_the_end_is_an_end() -> None:
    one, other = (body(word)["data"] for word in ("change 1;", "change 2;"))
    assert len(one["preCheckResults"]) == ITEMS
    assert one != other
    assert one == json.loads(json.dumps(other).replace("change 2;", "change 1;"))
    assert (one["preCheckStatus"], body("over", is_over=True)["data"]["preCheckStatus"]) == ("RUNNING", "FINISHED")


def test_every_reference_is_one_of_the_vendor() -> None:
    kind = vendors()["oceanbase-oms"]
    made = references(PRECHECKS)
    assert len(set(made)) == PRECHECKS
    assert all(kind.validate(kind, each) is None for each in made)  # type: ignore[arg-type]  # it reads no state


def test_what_is_soaked_is_the_product() -> None:
    words = [sys.executable, "-m", COLLECTED, "schema"]
    printed = subprocess.run(words, capture_output=True, check=True, cwd=ROOT, text=True).stdout
    assert printed == (ROOT / "schema.graphql").read_text(encoding="utf-8")


async def test_a_subscription_that_is_refused_is_no_first_event() -> None:
    socket = ManyAtOnce("http://127.0.0.1:1/graphql", b"{}")
    socket.data_received(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    waiting = asyncio.ensure_future(socket.subscribe())
    await asyncio.sleep(0)
    socket.data_received(frame(b'{"id":"2","type":"error","payload":[]}'))
    with pytest.raises(ConnectionError, match="error"):
        await waiting


def test_the_last_run_has_every_row() -> None:
    rows = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert list(rows) == list(ROWS)
    assert all(goal["is_met"] is not None for row in rows.values() for goal in row["goals"])
