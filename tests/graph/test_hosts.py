"""By which names a server may be called."""

import httpx2 as httpx
import pytest

from graph.http.hosts import Hosts
from graph.settings import Settings
from tests.faults.issuer import issuing
from tests.graph.raw import wire
from tests.graph.served import Served, served

HOSTS = Hosts(["prechecks.example", "gateway.example:8443"])
HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nhost: evil.example\r\norigin: http://evil.example\r\nconnection: upgrade\r\n"
    b"upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@pytest.mark.parametrize(
    "host",
    [
        "prechecks.example", "PRECHECKS.example:80", "prechecks.example.", "gateway.example", "localhost:8000",
        "api.localhost", "127.0.0.1", "127.8.9.10:1", "10.0.0.5:8000", "[::1]:8000", "[::1]", "[2001:db8::1]",
    ],
)  # fmt: skip
def test_its_own_names_and_every_address_are_its_hosts(host: str) -> None:
    assert HOSTS.refusal([(b"host", host.encode())]) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "prechecks.example.evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
        "evil.example:8000", "evillocalhost", "", ":80", "a b", "[evil.example]", "prechecks.example:80:80",
        "prechecks.example:x", "\x00", "ÿ", "0x7f000001", "127.1", "2130706433",
    ],
)  # fmt: skip
def test_any_other_name_is_not(host: str) -> None:
    refusal = HOSTS.refusal([(b"accept", b"*/*"), (b"host", host.encode("latin-1"))])
    assert refusal is not None
    assert refusal.status == 421


def called(server: Served, host: str, path: str = "/graphql?query={__typename}") -> int:
    return httpx.get(f"{server.url}{path}", headers={"host": host}).status_code


async def test_a_page_under_a_name_of_its_own_reaches_nothing() -> None:
    with served([], Settings(hosts="prechecks.example")) as server:
        assert (called(server, "evil.example"), called(server, "prechecks.example")) == (421, 200)
        assert {called(server, "evil.example", path) for path in ("/metrics", "/", "/healthz")} == {421}
        answer = httpx.get(server.url, headers={"host": "evil.example"})
        assert answer.json()["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}
        async with wire(server.url) as socket:
            await socket.say(HANDSHAKE)
            assert (await socket.answer()).status == 421


def test_who_brings_a_token_may_call_by_any_name() -> None:
    with issuing() as issuer, served([], issuer.settings()) as server:
        assert called(server, "evil.example") == 401
