"""A trusted document is named by its id or its hash on every transport, and no other is executed there."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from graph.settings import Settings, TrustedDocuments
from resolvers.upstream.contract import ProviderSettings
from tests.graph.reserved import Reserved, Said
from tests.graph.served import Served, Socket, served

QUERY = "query Providers { precheckProviders { id } }"
STREAM = 'subscription Watch { precheckUpdates(refs: [{providerId: "nowhere", externalId: "1"}]) { kind } }'
OTHER = "query Others { precheckProviders { name } }"
STREAMED = ("text/event-stream", "multipart/mixed;subscriptionSpec=1.0, application/json")


def digest(document: str) -> str:
    return sha256(document.encode()).hexdigest()


def by_id(document: str) -> dict[str, Any]:
    return {"documentId": digest(document)}


def by_apollo(document: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(document)}}}


def by_text(document: str) -> dict[str, Any]:
    return {"query": document}


WAYS = pytest.mark.parametrize("named", [by_id, by_apollo, by_text])


@pytest.fixture
def trusting(providers: list[ProviderSettings], tmp_path: Path) -> Iterator[Served]:
    """A server that executes the two documents of its manifest only."""
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({digest(each): each for each in (QUERY, STREAM)}))
    settings = Settings(trusted_documents=TrustedDocuments.ONLY, trusted_documents_file=str(manifest))
    with served(providers, settings) as server:
        yield server


async def on_a_socket(server: Served, payload: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages of one operation."""
    async with Socket(server.url) as ws:
        await ws.send({"type": "subscribe", "id": "1", "payload": payload})
        messages = [await ws.receive()]
        while messages[-1]["type"] == "next":
            messages.append(await ws.receive())
        return messages


@WAYS
async def test_by_post_and_by_get(trusting: Served, named: Any) -> None:
    known, other = named(QUERY), named(OTHER)
    assert len((await trusting.post(known)).json()["data"]["precheckProviders"]) == 5
    assert (await trusting.post(other)).status_code == 400
    parameters = [
        "&".join(
            f"{name}={value if isinstance(value, str) else orjson.dumps(value).decode()}" for name, value in each
        )
        for each in (known.items(), other.items())
    ]
    assert len((await trusting.get(f"/graphql?{parameters[0]}")).json()["data"]["precheckProviders"]) == 5
    assert (await trusting.get(f"/graphql?{parameters[1]}")).status_code == 400


@WAYS
@pytest.mark.parametrize("accept", STREAMED)
async def test_by_a_stream_over_http(trusting: Served, named: Any, accept: str) -> None:
    answer = await trusting.post(named(STREAM), {"accept": accept})
    assert '"kind":"PROBLEM"' in answer.text
    refused = await trusting.post(named(STREAM.replace("nowhere", "elsewhere")), {"accept": accept})
    assert refused.status_code == 400


@WAYS
async def test_by_websocket(trusting: Served, named: Any) -> None:
    [event, end] = await on_a_socket(trusting, named(STREAM))
    assert (event["payload"]["data"]["precheckUpdates"]["kind"], end["type"]) == ("PROBLEM", "complete")
    [answer, end] = await on_a_socket(trusting, named(QUERY))
    assert len(answer["payload"]["data"]["precheckProviders"]) == 5
    [refused] = await on_a_socket(trusting, named(OTHER))
    code = "DOCUMENT_NOT_TRUSTED" if named is by_text else "PERSISTED_QUERY_NOT_FOUND"
    assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", code)


@WAYS
async def test_on_a_reserved_stream(trusting: Served, named: Any) -> None:
    said: list[Said] = []
    async with Reserved(trusting.url) as single:
        for name, document in (("known", QUERY), ("other", OTHER)):
            body: dict[str, Any] = named(document)
            body["extensions"] = {**body.get("extensions", {}), "operationId": name}
            assert (await single.post(body)).status_code == 202
            said += [await single.receive() for _ in range(2)]
    answered, known, refused, other = said
    assert len(answered.payload["data"]["precheckProviders"]) == 5
    code = "DOCUMENT_NOT_TRUSTED" if named is by_text else "PERSISTED_QUERY_NOT_FOUND"
    assert (refused.event, refused.payload["errors"][0]["extensions"]["code"]) == ("next", code)
    assert (known, other) == (Said("complete", "known"), Said("complete", "other"))


async def test_a_hash_and_a_text_have_to_agree(trusting: Served) -> None:
    for given in ({**by_apollo(QUERY), **by_text(STREAM)}, {**by_id(QUERY), **by_text(STREAM)}):
        answer = await trusting.post(given)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")
        [refused] = await on_a_socket(trusting, given)
        assert refused["payload"][0]["extensions"]["code"] == "BAD_REQUEST"
