"""Which status and which headers an answer has, by what was asked and in what it is written."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx2 as httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from graph.app import build
from graph.http.negotiation import EVENT_STREAM, GRAPHQL_JSON, JSON, MULTIPART
from graph.http.refusals import needs_another_way, not_admitted, refused
from graph.settings import Settings
from resolvers.errors import (
    DocumentNotTrusted,
    DocumentUnknown,
    KeysUnavailable,
    NotPermitted,
    RequestError,
    TokenRefused,
    TooMuchAtOnce,
)
from tests.graph.served import served


class Case(NamedTuple):
    """What is posted, and the status as JSON, as GraphQL's own JSON, and as that by the newer draft."""

    body: dict[str, Any]
    as_json: int
    as_graphql: int
    by_draft: int


CASES = [
    Case({"query": "{ __typename }"}, 200, 200, 200),
    Case({"query": "{"}, 200, 400, 400),
    Case({"query": "{ nothing }"}, 200, 400, 422),
    Case({"query": "query ($n: Int!) { precheckProviders { id } }"}, 200, 400, 422),
    Case({"query": "query A { __typename } query B { __typename }"}, 200, 400, 422),
    Case({"query": "query A { __typename }", "operationName": "B"}, 200, 400, 422),
    Case({"query": ""}, 400, 400, 422),
    Case({"variables": {}}, 400, 400, 422),
    Case({"query": 5}, 400, 400, 422),
    Case({"query": "{ __typename }", "extensions": {"persistedQuery": {"sha256Hash": 5}}}, 400, 400, 422),
    Case({"query": "{ __typename }", "documentId": 5}, 400, 400, 422),
    Case({"query": 'subscription { precheckUpdates(ids: ["x"]) { kind } }'}, 400, 400, 422),
    Case({"query": '{ precheck(id: "pc1.x") { id } }'}, 200, 200, 294),
]


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with served([]) as server, httpx.Client(base_url=server.url) as client:
        yield client


@pytest.fixture(scope="module")
def by_draft() -> Iterator[httpx.Client]:
    with (
        served([], Settings(draft_status_codes=True)) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        yield client


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.body)[:60])
def test_the_status_follows_the_media_type_and_the_draft(
    http: httpx.Client, by_draft: httpx.Client, case: Case
) -> None:
    for client, media_type, status in (
        (http, JSON, case.as_json),
        (http, GRAPHQL_JSON, case.as_graphql),
        (by_draft, JSON, case.as_json),
        (by_draft, GRAPHQL_JSON, case.by_draft),
    ):
        answer = client.post("/graphql", json=case.body, headers={"accept": media_type})
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (status, media_type)
        told = answer.json()
        assert ("data" in told) is (case.as_graphql == 200), "what was not executed has no data"
        assert all(error["extensions"]["code"] and error["message"] for error in told.get("errors", ()))


STREAM = 'subscription { precheckUpdates(refs: [{providerId: "nobody", externalId: "1"}]) { kind } }'


@pytest.mark.parametrize("accept", [EVENT_STREAM, f"{MULTIPART};subscriptionSpec=1.0"])
def test_a_stream_comes_by_get_as_it_does_by_post(http: httpx.Client, accept: str) -> None:
    """A browser's EventSource asks so, and gateways do."""
    headers = {"accept": accept}
    by_get = http.get("/graphql", params={"query": STREAM}, headers=headers)
    by_post = http.post("/graphql", json={"query": STREAM}, headers=headers)
    assert (by_get.status_code, by_get.text) == (200, by_post.text)
    assert "PROBLEM" in by_get.text


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("query", [STREAM, "{ __typename }"])
def test_a_page_of_another_site_gets_no_stream_by_get(http: httpx.Client, site: str, query: str) -> None:
    headers = {"accept": EVENT_STREAM, "sec-fetch-site": site}
    answer = http.get("/graphql", params={"query": query}, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (403, "BAD_REQUEST")


def test_a_page_of_an_older_browser_is_known_by_its_origin(http: httpx.Client) -> None:
    for origin, status in ((str(http.base_url), 200), ("https://b.example", 403), ("null", 403)):
        headers = {"accept": EVENT_STREAM, "origin": origin}
        assert http.get("/graphql", params={"query": STREAM}, headers=headers).status_code == status


def test_a_mutation_by_get_is_told_to_come_by_post() -> None:
    answer = refused(needs_another_way(InvalidOperationTypeError(OperationType.MUTATION)))
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_other_methods_are_told_which_ones_there_are(http: httpx.Client) -> None:
    for method in ("PATCH", "OPTIONS", "HEAD", "TRACE"):
        answer = http.request(method, "/graphql")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST, PUT, DELETE")


def test_what_cannot_be_written_is_not_acceptable(http: httpx.Client) -> None:
    for accept in ("text/html", "image/png, text/*", "application/json;q=0", "nonsense"):
        answer = http.post("/graphql", json={"query": "{ __typename }"}, headers={"accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (406, JSON)
        assert GRAPHQL_JSON in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("error", "status", "headers"),
    [
        (TokenRefused("x"), 401, {"www-authenticate": "Bearer"}),
        (KeysUnavailable("x"), 503, {"retry-after": "5"}),
        (TooMuchAtOnce("x", 2.2), 429, {"retry-after": "3"}),
        (NotPermitted("x"), 403, {}),
        (DocumentUnknown("x"), 400, {}),
        (DocumentNotTrusted("x"), 400, {}),
    ],
)
def test_each_error_of_a_request_has_its_status_and_headers(
    error: RequestError, status: int, headers: dict[str, str]
) -> None:
    for asked, written in ((JSON, JSON), (EVENT_STREAM, JSON), (GRAPHQL_JSON, f"{GRAPHQL_JSON}; charset=utf-8")):
        answer = not_admitted(error, asked)
        assert answer.status_code == status
        assert dict(answer.headers).items() >= {**headers, "content-type": written}.items()


@pytest.mark.parametrize("path", ["/graphql", "/healthz", "/readyz", "/metrics", "/nothing", "/graphql/"])
@pytest.mark.parametrize("accept", [JSON, "text/html"])
def test_every_answer_keeps_browsers_from_guessing(http: httpx.Client, path: str, accept: str) -> None:
    answer = http.get(path, headers={"accept": accept})
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    assert answer.headers.get_list("referrer-policy") == ["no-referrer"]
    assert answer.headers["cache-control"] in ("no-store", "no-cache")
    assert "server" not in answer.headers


def test_what_is_not_there_is_said_in_json(http: httpx.Client) -> None:
    for method, path, status in (("GET", "/nothing", 404), ("GET", "/graphql/", 404), ("POST", "/healthz", 405)):
        answer = http.request(method, path)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, "BAD_REQUEST")


def test_a_page_of_another_site_cannot_have_a_browser_ask(http: httpx.Client) -> None:
    params = {"query": "{ __typename }"}
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)):
        assert http.get("/graphql", params=params, headers={"sec-fetch-site": site}).status_code == status
    page = http.get("/graphql", headers={"sec-fetch-site": "cross-site", "accept": "text/html"})
    assert page.status_code == 200, "a link to the explorer may stand anywhere"


def test_a_page_of_a_listed_origin_may_ask_by_get() -> None:
    headers = {"sec-fetch-site": "cross-site", "origin": "https://a.example"}
    for origins, status in (("https://a.example", 200), ("*", 200), ("https://b.example", 403)):
        with served([], Settings(cors_origins=origins)) as server:
            answer = httpx.get(f"{server.url}/graphql", params={"query": "{ __typename }"}, headers=headers)
        assert answer.status_code == status


def test_a_server_without_an_explorer_has_no_page_and_no_files() -> None:
    with served([], Settings(explorer=False)) as server, httpx.Client(base_url=server.url) as client:
        html = {"accept": "text/html,*/*;q=0.8"}
        assert client.get("/graphql", headers=html).json()["errors"][0]["message"] == "The request has no `query`."
        asked = client.get("/graphql", params={"query": "{ __typename }"}, headers=html)
        assert asked.json() == {"data": {"__typename": "Query"}}
        assert {client.get(path).status_code for path in ("/", "/graphql/assets/boot.js")} == {404}


async def test_a_fault_of_this_server_is_told_without_its_words() -> None:
    async def broken(_: Request) -> Response:
        raise KeyError("canary")

    app = build(Settings(), []).app
    app.router.routes.append(Route("/broken", broken))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/broken")
    assert (answer.status_code, answer.headers["content-type"]) == (500, JSON)
    extensions = answer.json()["errors"][0]["extensions"]
    assert (extensions["code"], len(extensions["faultId"])) == ("INTERNAL", 16)
    assert "canary" not in answer.text
