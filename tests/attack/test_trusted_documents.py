"""Ways around trusted documents over every transport: nothing is executed but what the manifest has."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2 as httpx
import orjson
import pytest
import pytest_asyncio

from graph.settings import Settings, TrustedDocuments
from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.graph.documents import MYSQL, calls, precheck_id
from tests.graph.reserved import Reserved
from tests.graph.served import Served, Socket, served

pytestmark = pytest.mark.attack("trusted documents")

KNOWN = "query Providers { precheckProviders { id } }"
STREAM = 'subscription Watch { precheckUpdates(refs: [{providerId: "nowhere", externalId: "1"}]) { kind } }'
OTHER = f'query Other {{ precheck(id: "{precheck_id("drs", MYSQL)}") {{ id }} }}'
CODES = {"DOCUMENT_NOT_TRUSTED", "PERSISTED_QUERY_NOT_FOUND", "BAD_REQUEST"}
TRANSPORTS = (
    "post",
    "get",
    "text/event-stream",
    "multipart/mixed;subscriptionSpec=1.0",
    "websocket",
    "single connection",
)


def digest(document: str) -> str:
    return sha256(document.encode()).hexdigest()


def apollo(document: str, version: object = 1) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": version, "sha256Hash": digest(document)}}}


def nearly() -> Iterator[str]:
    """Texts that mean what the known ones do, or more."""
    for known in (KNOWN, STREAM):
        yield from (f" {known}", f"{known}\n", f"\ufeff{known}", f"{known}#", f"# {OTHER}\n{known}", f"{known},")
        yield from (known.replace(" ", "  "), known.replace(" {", "{", 1), known.replace("{ ", "{\t", 1))
        yield from (f"{known} {OTHER}", f"{OTHER} {known}", known.replace("{ ", "{ x: __typename ", 1))
        yield from (known.replace(" ", "\u00a0", 1), known.upper(), known.replace(" {", " @skip(if: false) {", 1))


def ways() -> Iterator[dict[str, Any]]:
    """What a client may try in the place of a known document."""
    for text in (OTHER, *nearly()):
        yield {"query": text}
        yield {"query": text, "operationName": "Providers"}
        yield {"query": text, "operationName": "Other"}
        yield {"query": text, **apollo(text)}  # as Apollo's clients register a document
        yield apollo(text)
        yield {"documentId": digest(text)}
        yield {"documentId": f"sha256:{digest(text)}"}
        yield {"documentId": digest(text), **apollo(text), "query": text}
    yield {"query": OTHER, "documentId": digest(KNOWN)}
    yield {"query": OTHER, **apollo(KNOWN)}
    yield {"query": OTHER, **apollo(KNOWN), "documentId": digest(KNOWN)}
    yield {"query": KNOWN, **apollo(OTHER)}
    yield {"documentId": digest(KNOWN), **apollo(STREAM)}
    yield {"documentId": digest(KNOWN), **apollo(OTHER)}
    yield {"documentId": "", "query": OTHER}
    yield {"documentId": OTHER}
    yield {"documentId": KNOWN}
    yield {"documentId": "Providers"}
    yield {**apollo(KNOWN, 2), "query": OTHER}
    yield {"extensions": {"persistedQuery": None}, "query": OTHER}
    yield {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": ""}}, "query": OTHER}


@pytest.fixture(scope="module")
def trusting(providers: list[ProviderSettings], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that executes the two documents of its manifest only."""
    manifest: Path = tmp_path_factory.mktemp("trusted") / "manifest.json"
    manifest.write_text(json.dumps({digest(each): each for each in (KNOWN, STREAM)}), encoding="utf-8")
    settings = Settings(trusted_documents=TrustedDocuments.ONLY, trusted_documents_file=str(manifest))
    with served(providers, settings) as server:
        yield server


@pytest_asyncio.fixture(scope="module")
async def client(trusting: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=trusting.url, timeout=20) as client:
        yield client


async def told(client: httpx.AsyncClient, transport: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """The errors of a request that is refused before anything is executed."""
    if transport == "websocket":
        return await told_on_a_socket(str(client.base_url).rstrip("/"), asked)
    if transport == "single connection":
        return await told_on_a_stream(client, asked)
    if transport == "get":
        given = {name: each if isinstance(each, str) else json.dumps(each) for name, each in asked.items()}
        answer = await client.get("/graphql", params=given)
    else:
        accept = "application/json" if transport == "post" else transport
        answer = await client.post("/graphql", json=asked, headers={"accept": accept})
    return errors_in(asked, answer)


def errors_in(asked: dict[str, Any], answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 400, (asked, answer.text)
    assert set(answer.json()) == {"errors"}
    return list(answer.json()["errors"])


async def told_on_a_stream(client: httpx.AsyncClient, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """The errors of an operation on a reserved stream; what names no document at all does not get that far."""
    body = {**asked, "extensions": {**(asked.get("extensions") or {}), "operationId": "1"}}
    async with Reserved(str(client.base_url).rstrip("/"), client=client) as single:
        answer = await single.post(body)
        if answer.status_code != 202:
            return errors_in(asked, answer)
        payload = (await single.receive()).payload
        assert payload["data"] is None, (asked, payload)
        return list(payload["errors"])


async def told_on_a_socket(url: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
    async with Socket(url) as ws:
        await ws.send({"type": "subscribe", "id": "1", "payload": asked})
        message = await ws.receive()
        assert message["type"] == "error", (asked, message)
        return list(message["payload"])


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_no_way_leads_around_the_manifest(
    client: httpx.AsyncClient,
    emulator: Emulator,
    transport: str,
    record_property: Callable[[str, object], None],
) -> None:
    tried = list(ways())
    for asked in tried:
        [error] = await told(client, transport, asked)
        assert error["extensions"]["code"] in CODES, (asked, error)
    assert calls(emulator) == {}
    record_property("figure", f"{len(tried)} ways by {transport}")


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_what_was_refused_has_not_been_registered(client: httpx.AsyncClient, transport: str) -> None:
    for first in TRANSPORTS:
        await told(client, first, {"query": OTHER, **apollo(OTHER)})
    [error] = await told(client, transport, apollo(OTHER))
    assert error["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_batch_is_no_way_either(trusting: Served, emulator: Emulator) -> None:
    for batch in ([{"documentId": digest(KNOWN)}, {"query": OTHER}], [{"query": OTHER}], [[{"query": OTHER}]]):
        answer = await trusting.post(batch)
        assert (answer.status_code, "data" in answer.json()) == (400, False)
    assert calls(emulator) == {}


async def test_what_stands_beside_a_known_document_changes_nothing_of_it(
    trusting: Served, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    known = {"documentId": digest(KNOWN)}
    for more in (
        {"variables": {"query": OTHER, "documentId": digest(OTHER)}},
        {"operationName": "Providers"},
        {"extensions": {"query": OTHER, "persistedQuery": None}},
        {"Query": OTHER, "queries": [OTHER], "document": OTHER, "doc_id": digest(OTHER), "id": digest(OTHER)},
    ):
        answer = (await trusting.post({**known, **more})).json()
        assert len(answer["data"]["precheckProviders"]) == 5, (more, answer)
    both = await client.post("/graphql", params={"query": OTHER}, json=known)
    body = await client.request("GET", "/graphql", params=known, content=orjson.dumps({"query": OTHER}))
    assert [set(each.json()["data"]) for each in (both, body)] == [{"precheckProviders"}] * 2
    assert calls(emulator) == {}


async def test_the_name_of_another_operation_finds_none(trusting: Served) -> None:
    for name in ("Other", "Watch", "__schema"):
        answer = (await trusting.post({"documentId": digest(KNOWN), "operationName": name})).json()
        assert not answer.get("data")
        assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
