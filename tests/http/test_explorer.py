import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from graph.http.explorer import explorer_response, explorer_routes, wants_explorer
from graph.http.explorer_assets import PINS
from graph.http.explorer_operations import prepared_operations

HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def client_over(cache: Path) -> TestClient:
    async def endpoint(request: Request) -> Response:
        return explorer_response(request, cache) if wants_explorer(request) else PlainTextResponse("api")

    return TestClient(
        Starlette(routes=[Route("/graphql", endpoint, methods=["GET", "POST"]), *explorer_routes(cache=cache)])
    )


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A cache in which every file is there, with its own name as content."""
    for pin in PINS:
        (tmp_path / pin.name).write_text(pin.name)
    return tmp_path


@pytest.fixture
def client(installed: Path) -> TestClient:
    return client_over(installed)


def addresses(page: str) -> list[str]:
    return re.findall(r'(?:src|href)="(?!data:)([^"]+)"', page)


def test_page_answers_browsers_and_leaves_the_api_alone(client: TestClient) -> None:
    assert client.get("/graphql", headers=HTML).headers["content-type"] == "text/html; charset=utf-8"
    assert client.get("/graphql", headers={"accept": "application/json"}).text == "api"
    assert client.get("/graphql", headers={"accept": "text/event-stream"}).text == "api"
    assert client.post("/graphql", headers=HTML).text == "api"


def test_page_loads_every_file_from_its_own_origin_with_integrity(client: TestClient) -> None:
    page = client.get("/graphql", headers=HTML).text
    found = addresses(page)
    assert len(found) == len(PINS) + 2
    assert page.count('integrity="sha384-') == len(found)
    assert all(address.startswith("graphql/assets/") for address in found)
    assert {client.get(f"/{address}").status_code for address in found} == {200}


def test_page_is_locked_down(client: TestClient) -> None:
    headers = client.get("/graphql", headers=HTML).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self' ws://testserver wss://testserver"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_strange_host_does_not_reach_the_policy(client: TestClient) -> None:
    headers = client.get("/graphql", headers={**HTML, "host": "a; script-src *"}).headers
    assert "connect-src 'self';" in headers["content-security-policy"]
    assert "*" not in headers["content-security-policy"]


def test_page_without_files_names_the_command(tmp_path: Path) -> None:
    page = client_over(tmp_path).get("/graphql", headers=HTML).text
    assert "<code>python -m graph.http.explorer_assets</code>" in page
    assert [address.split(".")[0] for address in addresses(page)] == ["graphql/assets/page"]


def test_page_finds_files_installed_after_the_start(tmp_path: Path) -> None:
    client = client_over(tmp_path)
    client.get("/graphql", headers=HTML)
    for pin in PINS:
        (tmp_path / pin.name).touch()
    assert len(addresses(client.get("/graphql", headers=HTML).text)) == len(PINS) + 2


def test_files_may_be_kept_for_ever(client: TestClient) -> None:
    script = client.get(f"/graphql/assets/{PINS[-1].name}")
    assert script.text == PINS[-1].name
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "name",
    [
        "unknown.js",
        "boot.js",
        "page.html",
        "../explorer.py",
        "..%2Fexplorer.py",
        "%2e%2e%2f%2e%2e%2fexplorer.py",
        "..%5Cexplorer.py",
        "%2Fetc%2Fpasswd",
        "operations%2F01-dashboard.graphql",
    ],
)
def test_other_files_are_not_there(client: TestClient, name: str) -> None:
    assert client.get(f"/graphql/assets/{name}").status_code == 404


def test_uninstalled_file_is_not_there(tmp_path: Path) -> None:
    assert client_over(tmp_path).get(f"/graphql/assets/{PINS[0].name}").status_code == 404


def test_prepared_operations_are_named_and_resolve_their_references() -> None:
    operations = prepared_operations()
    assert [operation.name for operation in operations] == [
        "01-dashboard",
        "02-by-vendor-ids",
        "03-one-precheck",
        "04-live-progress",
        "05-wait-for-all",
        "06-fail-fast",
        "07-providers",
        "08-entities",
    ]
    assert "DEMO_" not in str(operations)
    assert all(set(ref) == {"providerId", "externalId"} for ref in operations[4].variables["refs"])
