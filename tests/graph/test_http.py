"""The edges over HTTP: probes, origins, negotiation, refusals in JSON."""

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
import orjson
import pytest
from msgspec.structs import replace

from graph.http.negotiation import EVENT_STREAM, GRAPHQL_JSON, JSON, MULTIPART, media_type_of, ranked
from graph.settings import Settings
from resolvers.upstream.contract import ProviderSettings
from tests.attack.dialogue import handshake
from tests.emulator.process import Emulator
from tests.graph.documents import calls
from tests.graph.served import Served, Socket, served

TYPENAME = {"query": "{ __typename }"}


@pytest.fixture
def http(server: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url) as client:
        yield client


def test_the_probes_answer(http: httpx.Client) -> None:
    assert http.get("/healthz").json() == {"status": "alive"}
    assert http.get("/readyz").json() == {"status": "ready"}
    assert http.get("/").headers["location"] == "/graphql"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "JSON"),
        (b"null", "no JSON object"),
        (b"5", "no JSON object"),
        (b"{", "JSON"),
        (b"\xff", "JSON"),
        (b'{"query": NaN}', "JSON"),
        (b"[]", "Batching is not enabled"),
        (b"{}", "no `query`"),
        (b'{"query": 5}', "`query` must be a string"),
        (b'{"query": "{ a }", "variables": []}', "`variables` must be an object"),
        (b'{"query": "{ a }", "operationName": false}', "`operationName` must be a string"),
        (b'{"query": "subscription { precheckUpdates { kind } }"}', "text/event-stream"),
    ],
)
def test_a_bad_body_is_refused_in_json(http: httpx.Client, body: bytes, says: str) -> None:
    answer = http.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert error["extensions"] == {"code": "BAD_REQUEST"}
    assert says in error["message"]


def test_other_methods_and_media_types_are_refused_in_json(http: httpx.Client) -> None:
    wrong_method = http.patch("/graphql", json=TYPENAME)
    assert (wrong_method.status_code, wrong_method.headers["allow"]) == (405, "GET, POST, PUT, DELETE")
    wrong_type = http.post("/graphql", content=b"{}", headers={"content-type": "text/plain"})
    assert wrong_type.status_code == 415
    assert all(answer.json()["errors"][0]["message"] for answer in (wrong_method, wrong_type))


def test_a_media_type_is_what_stands_before_its_parameters(http: httpx.Client) -> None:
    for accepted in ("application/json", "Application/JSON; charset=utf-8"):
        answer = http.post("/graphql", content=orjson.dumps(TYPENAME), headers={"content-type": accepted})
        assert answer.json() == {"data": {"__typename": "Query"}}
    for refused in ("text/plain; x=application/json", "multipart/form-data; boundary=application/json"):
        answer = http.post("/graphql", content=orjson.dumps(TYPENAME), headers={"content-type": refused})
        assert answer.status_code == 415


def test_of_endless_languages_only_the_first_are_looked_at(http: httpx.Client) -> None:
    languages = ",".join(f"l{number}" for number in range(5000))
    answer = http.post("/graphql", json=TYPENAME, headers={"accept-language": f"{languages},zh"})
    assert answer.json() == {"data": {"__typename": "Query"}}
    assert ranked("de;q=0.1, fr, en;q=0, zh;q=0.5") == ["fr", "zh", "de"]


async def test_a_client_that_leaves_in_the_middle_of_its_request_is_no_fault_of_ours(
    server: Served, caplog: pytest.LogCaptureFixture
) -> None:
    target = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(target.hostname, target.port)
    head = f"POST /graphql HTTP/1.1\r\nhost: {target.netloc}\r\ncontent-type: application/json\r\n"
    writer.write(f"{head}content-length: 1000\r\n\r\n{{".encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    del reader
    for _ in range(3):
        await server.data("{ __typename }")
    assert not caplog.records


def test_queries_by_get_are_answered_and_nothing_else_is(http: httpx.Client) -> None:
    assert http.get("/graphql", params=TYPENAME).json() == {"data": {"__typename": "Query"}}
    streamed = {"query": "subscription { precheckUpdates { kind } }"}
    assert http.get("/graphql", params=streamed).status_code == 400


def test_only_browsers_get_the_explorer(http: httpx.Client) -> None:
    page = http.get("/graphql", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert http.get("/graphql").status_code == 400


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        (
            "application/graphql-response+json, application/json, text/event-stream, multipart/mixed",
            "application/graphql-response+json",
        ),
        ("text/event-stream", "text/event-stream"),
        ("text/event-stream;q=0.2, application/json;q=0.9", "application/json"),
        ("application/json;q=0.1, text/event-stream", "text/event-stream"),
    ],
)
def test_a_client_that_merely_lists_event_streams_gets_json(
    http: httpx.Client, accept: str, media_type: str
) -> None:
    answer = http.post("/graphql", json=TYPENAME, headers={"accept": accept})
    assert answer.headers["content-type"].partition(";")[0] == media_type
    assert "__typename" in answer.text
    assert "\r" not in answer.text


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", JSON),
        ("application/json, application/graphql-response+json", JSON),
        ("application/json;q=0.5, application/graphql-response+json", GRAPHQL_JSON),
        ("application/json;q=0, text/plain", None),
        ("application/json;q=x, application/graphql-response+json;q=0.1", GRAPHQL_JSON),
        ("APPLICATION/GraphQL-Response+JSON; charset=utf-8", GRAPHQL_JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json;q=0, */*", GRAPHQL_JSON),
        ("text/html, */*;q=0.1", JSON),
        ("text/*", None),
        ("multipart/mixed", None),
        ("multipart/mixed;deferSpec=20220824, application/json", JSON),
        ('multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json', MULTIPART),
        ("multipart/mixed;boundary=other;subscriptionSpec=1.0,*/*;q=0.1", JSON),
        ("application/json;q=nan, text/event-stream;q=0.1", EVENT_STREAM),
        (f"{'x/y,' * 1000}application/json", None),
    ],
)
def test_quality_decides_before_order(accept: str, media_type: str | None) -> None:
    assert media_type_of(accept) == media_type


def test_pages_of_listed_origins_may_use_it_and_others_may_not(providers: list[ProviderSettings]) -> None:
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    with served(providers, Settings(cors_origins="https://a.example")) as server, httpx.Client() as client:
        for origin, allowed in (("https://a.example", True), ("https://b.example", False)):
            headers = {"origin": origin, **preflight}
            answer = client.options(f"{server.url}/graphql", headers=headers)
            assert (answer.headers.get("access-control-allow-origin") == origin) is allowed
            answer = client.post(f"{server.url}/graphql", json=TYPENAME, headers={"origin": origin})
            assert (answer.headers.get("access-control-allow-origin") == origin) is allowed


async def test_sockets_of_other_origins_are_refused(providers: list[ProviderSettings]) -> None:
    with served(providers, Settings(cors_origins="https://a.example")) as server:
        for origin in ("https://a.example", server.url, None):
            async with Socket(server.url, origin=origin):
                pass
        for origin in ("https://b.example", "https://a.example.b.example", "http://a.example", "null"):
            with pytest.raises(Exception, match="403"):
                async with Socket(server.url, origin=origin):
                    pass


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("text/event-stream, multipart/mixed", "text/event-stream"),  # urql's
        (
            "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/graphql-response+json,application/json;q=0.9",
            'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
        ),  # Apollo Client's
    ],
)
def test_a_stream_says_in_one_media_type_what_it_is(http: httpx.Client, accept: str, content_type: str) -> None:
    stream = {
        "query": 'subscription { precheckUpdates(refs: [{providerId: "nowhere", externalId: "1"}]) { kind } }'
    }
    answer = http.post("/graphql", json=stream, headers={"accept": accept})
    assert answer.headers["content-type"] == content_type
    assert "PROBLEM" in answer.text


def test_a_query_is_answered_by_each_kind_of_stream(http: httpx.Client) -> None:
    said = {}
    for accept in (EVENT_STREAM, "multipart/mixed;subscriptionSpec=1.0"):
        lines = http.post("/graphql", json=TYPENAME, headers={"accept": accept}).text.splitlines()
        said[accept] = [line for line in lines if "__typename" in line]
    assert list(said.values()) == [
        ['data: {"data":{"__typename":"Query"}}'],
        ['{"payload":{"data":{"__typename":"Query"}}}'],
    ]


@pytest.mark.parametrize("accept", ["text/event-stream", "multipart/mixed;subscriptionSpec=1.0"])
def test_a_page_of_another_origin_opens_no_stream_before_its_browser_has_asked(
    http: httpx.Client, accept: str
) -> None:
    """Browsers send these without asking first: GET, and POST of the types that a form has."""
    page = {"origin": "https://b.example", "accept": accept}
    stream = {"query": 'subscription { precheckUpdates(ids: ["x"]) { kind } }'}
    simple = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "")
    answers = [http.get("/graphql", params=stream, headers=page)]
    for content_type in simple:
        headers = {**page, "content-type": content_type}
        answers.append(http.post("/graphql", content=orjson.dumps(stream), headers=headers))
    for answer in answers:
        refused = 403 if answer.request.method == "GET" else 415
        assert (answer.status_code, answer.headers["content-type"]) == (refused, "application/json")
        assert "access-control-allow-origin" not in answer.headers
    asked = http.options("/graphql", headers={**page, "access-control-request-method": "POST"})
    assert "access-control-allow-origin" not in asked.headers


async def test_unfinished_tracked_prechecks_are_re_read_where_asked_for(
    providers: list[ProviderSettings], emulator: Emulator
) -> None:
    running = emulator.create_run("oms-ce", scenario="stuck", seconds=8)
    oms = next(each for each in providers if each.id == "oms-ce")
    refreshed = replace(oms, refresh_seconds=0.05, track=(*oms.track, running))
    with served([refreshed]) as server:
        made: list[Any] = []
        while made.count([running]) < 3:
            await server.data("{ __typename }")
            made = emulator.calls("oms-ce")["GetPreCheckResult"]["ids"]
    assert made.count(["t_7di1uvmxd340"]) == 1
    assert set(calls(emulator)) == {"oms-ce/GetPreCheckResult"}


async def test_an_origin_means_the_same_by_http_and_by_websocket(providers: list[ProviderSettings]) -> None:
    settings = Settings(cors_origins="https://A.example/,https://b.example")
    with served(providers, settings) as server:
        for origin, status in (("https://a.example", 101), ("https://c.example", 403)):
            answer = await server.post(TYPENAME, {"origin": origin})
            assert answer.headers.get("access-control-allow-origin") == (origin if status == 101 else None)
            assert await handshake(server.url, f"Origin: {origin}\r\n") == status
