"""Requests on the wire: how many bytes, which heads, one behind the other."""

from collections.abc import AsyncIterator, Iterator

import orjson
import pytest
from prometheus_client import REGISTRY

from graph.http.bounds import MOST_HEADERS
from graph.settings import Settings
from tests.graph.raw import Wire, post, wire
from tests.graph.served import Served, served

SETTINGS = Settings(max_body_bytes=2000, max_header_bytes=3000, max_connections=5)
BODY = b'{"query": "{ __typename }"}'
TYPENAME = {"data": {"__typename": "Query"}}
CHUNKED = post(b"", "transfer-encoding: chunked").replace(b"content-length: 0\r\n", b"")


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served([], SETTINGS) as server:
        yield server


@pytest.fixture
async def client(server: Served) -> AsyncIterator[Wire]:
    async with wire(server.url) as client:
        yield client


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def refused(client: Wire, status: int, code: str = "BAD_REQUEST") -> str:
    """What is said of the refusal, after which the connection has ended."""
    answer = await client.answer()
    assert (answer.status, answer.error["extensions"]["code"]) == (status, code)
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["date"]
    assert await client.heard() == b""
    return str(answer.error["message"])


async def test_a_body_of_the_largest_size_is_read_and_of_one_byte_more_is_not(client: Wire) -> None:
    await client.say(post(BODY.ljust(SETTINGS.max_body_bytes)))
    assert orjson.loads((await client.answer()).body) == TYPENAME
    await client.say(post(BODY.ljust(SETTINGS.max_body_bytes + 1)))
    assert "2000 bytes" in await refused(client, 413, "LIMIT_EXCEEDED")


async def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(client: Wire) -> None:
    await client.say(post(b"").replace(b"content-length: 0", b"content-length: 2001"))
    await refused(client, 413, "LIMIT_EXCEEDED")


async def test_a_body_in_chunks_is_counted_while_it_comes(client: Wire) -> None:
    await client.say(
        CHUNKED + b"".join(chunk(BODY[place : place + 1]) for place in range(len(BODY))) + b"0\r\n\r\n"
    )
    assert orjson.loads((await client.answer()).body) == TYPENAME
    await client.say(CHUNKED)
    for _ in range(3):
        await client.say(chunk(b" " * 900))
    await refused(client, 413, "LIMIT_EXCEEDED")


async def test_what_stands_between_chunks_is_counted_too(client: Wire) -> None:
    most = SETTINGS.max_header_bytes + 8 * SETTINGS.max_body_bytes
    await client.say(CHUNKED + b"1;" + b"x" * most)
    await refused(client, 413, "LIMIT_EXCEEDED")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /graphql?" + b"x" * 3000 + b" HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET /graphql?" + b"x" * 3000,
        b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"x" * 3000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"x" * 3000,
        b"GET / HTTP/1.1\r\nhost: localhost\r\n" + b"a:\r\n" * (MOST_HEADERS + 1),
    ],
    ids=["address", "half-an-address", "header", "half-a-header", "headers"],
)
async def test_a_head_that_is_too_large_is_refused_whether_it_ends_or_not(client: Wire, sent: bytes) -> None:
    await client.say(sent)
    await refused(client, 431, "LIMIT_EXCEEDED")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n\r\n",
        b"GET /\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        CHUNKED + b"zz\r\n",
        CHUNKED + b"0\r\nlater: header\r\n\r\n",
        post(BODY, "transfer-encoding: chunked"),
        post(BODY, "content-length: 5"),
    ],
)
async def test_what_is_no_request_is_refused_in_json(client: Wire, sent: bytes) -> None:
    await client.say(sent)
    await refused(client, 400)


async def test_what_is_refused_is_counted(client: Wire) -> None:
    def counted() -> float:
        return REGISTRY.get_sample_value("precheck_requests_refused_total", {"status": "431"}) or 0.0

    before = counted()
    await client.say(b"GET /" + b"x" * 3000)
    await refused(client, 431, "LIMIT_EXCEEDED")
    assert counted() == before + 1


async def test_a_compressed_body_and_other_encodings_are_not_read(client: Wire) -> None:
    for header in ("content-encoding: gzip", "content-encoding: deflate, gzip"):
        await client.say(post(BODY, header))
        assert (await client.answer()).status == 415
    await client.say(post(BODY).replace(b"application/json", b"application/json; charset=utf-16"))
    assert (await client.answer()).status == 415


async def test_requests_behind_one_another_are_answered_in_their_order(client: Wire) -> None:
    await client.say(post(BODY) + b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n" + post(BODY))
    answers = [orjson.loads((await client.answer()).body) for _ in range(3)]
    assert answers == [TYPENAME, {"status": "alive"}, TYPENAME]


async def test_nonsense_behind_a_request_ends_the_connection_after_its_answer(client: Wire) -> None:
    await client.say(post(BODY) + post(BODY) + b"nonsense\r\n\r\n")
    assert orjson.loads((await client.answer()).body) == TYPENAME
    assert await client.heard() == b""


async def test_line_feeds_alone_do_not_keep_a_connection(client: Wire) -> None:
    with served([], Settings(receive_seconds=0.5)) as server:
        async with wire(server.url) as patient:
            await patient.say(post(BODY))
            await patient.answer()
            await patient.say(b"\r\n")
            assert b"408" in await patient.heard()


async def test_a_client_may_wait_to_be_told_to_go_on(client: Wire) -> None:
    head, _, body = post(BODY, "expect: 100-continue").partition(b"\r\n\r\n")
    await client.say(head + b"\r\n\r\n")
    assert (await client.answer()).status == 100
    await client.say(body)
    assert orjson.loads((await client.answer()).body) == TYPENAME


@pytest.mark.parametrize(
    "header", ["upgrade: h2c", "upgrade: websocket", "upgrade: websocket\r\nsec-websocket-key: x"]
)
async def test_a_request_that_only_looks_like_a_handshake_is_one_like_any_other(client: Wire, header: str) -> None:
    head = f"host: localhost\r\nconnection: upgrade\r\n{header}\r\n\r\n"
    await client.say(f"GET /graphql?query=%7B__typename%7D HTTP/1.1\r\n{head}".encode())
    answer = await client.answer()
    assert (orjson.loads(answer.body), answer.headers["connection"]) == (TYPENAME, "close")
    assert await client.heard() == b""


async def test_a_body_is_not_lost_without_a_word_where_another_protocol_is_asked_for(client: Wire) -> None:
    await client.say(post(BODY, "connection: upgrade", "upgrade: h2c"))
    assert "`upgrade`" in await refused(client, 400)


async def test_a_handshake_with_endless_lines_is_refused(server: Served) -> None:
    with served([], Settings()) as server:
        async with wire(server.url) as client:
            head = "GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            head += f"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nx: {'x' * 9000}"
            await client.say(f"{head}\r\n\r\n".encode())
            await refused(client, 400)


async def test_a_connection_too_many_is_told_so_and_the_others_go_on(server: Served) -> None:
    async with wire(server.url) as first:
        await first.say(post(BODY))
        assert (await first.answer()).status == 200
        others = [wire(server.url) for _ in range(SETTINGS.max_connections)]
        clients = [await other.__aenter__() for other in others]
        assert "places for 5" in await refused(clients[-1], 503, "TOO_MANY_CONNECTIONS")
        await first.say(post(BODY))
        assert (await first.answer()).status == 200
        for other in others:
            await other.__aexit__(None, None, None)
    await server.no_connection()
    assert await server.data("{ __typename }") == {"__typename": "Query"}
