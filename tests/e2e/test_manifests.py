"""What other people's compilers register as trusted documents is served by its ids, and nothing else is."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from graphql import OperationDefinitionNode, OperationType, parse

from graph.provider_file import read_providers
from graph.settings import Settings, TrustedDocuments
from resolvers.upstream.contract import ProviderSettings
from tests.e2e.project import Project, for_relay, project, shown_operations, snippet
from tests.emulator.process import started
from tests.graph.served import Served, Socket, served

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

OTHER = "query Others { precheckProviders { name } }"
VARIABLES = {shown.name: shown.variables for shown in shown_operations()}
VARIABLES |= {"listQuery": {}, "PrecheckListPageQuery": {}, "listSubscription": VARIABLES["LiveProgress"]}


def by_codegen(made: Project) -> dict[str, str]:
    told = made.generate()
    assert told.returncode == 0, told.stdout
    texts: dict[str, str] = made.json("src/gql/persisted-documents.json")
    assert all(document_id.startswith("sha256:") for document_id in texts)
    return texts


def by_relay(made: Project, algorithm: str) -> dict[str, str]:
    told = made.compile_for_relay(for_relay(), algorithm)
    assert told.returncode == 0, told.stdout
    texts: dict[str, str] = made.json("relay.json")
    assert {len(document_id) for document_id in texts} == {{"MD5": 32, "SHA256": 64}[algorithm]}
    return texts


def by_apollo(made: Project) -> dict[str, str]:
    made.write("persisted-query-manifest.config.json", snippet("json", "persisted-query-manifest"))
    told = made.run_as_shown("generate-persisted-query-manifest")
    assert told.returncode == 0, told.stdout
    return {each["id"]: each["body"] for each in made.json("persisted-query-manifest.json")["operations"]}


def by_id(document_id: str) -> dict[str, Any]:
    return {"documentId": document_id}


def by_hash(document_id: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": document_id.removeprefix("sha256:")}}}


MADE: dict[str, tuple[Callable[[Project], dict[str, str]], str, Callable[[str], dict[str, Any]], int]] = {
    "codegen": (by_codegen, "src/gql/persisted-documents.json", by_id, len(shown_operations())),
    "Relay-MD5": (lambda made: by_relay(made, "MD5"), "relay.json", by_id, 3),
    "Relay-SHA256": (lambda made: by_relay(made, "SHA256"), "relay.json", by_id, 3),
    "Apollo": (by_apollo, "persisted-query-manifest.json", by_hash, len(shown_operations())),
}


@pytest.fixture(scope="module")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ProviderSettings]]:
    """The demo's, with its runs."""
    file = tmp_path_factory.mktemp("manifests") / "providers.toml"
    with started("--providers-file", str(file)):
        yield read_providers(file)


@pytest.mark.parametrize(("make", "file", "named", "documents"), MADE.values(), ids=MADE)
async def test_every_document_is_served_by_its_id_and_no_other_at_all(
    providers: list[ProviderSettings],
    make: Callable[[Project], dict[str, str]],
    file: str,
    named: Callable[[str], dict[str, Any]],
    documents: int,
    record_property: Any,
) -> None:
    with project() as made:
        texts = make(made)
        assert len(texts) == documents
        with served(providers, trusting(made.folder / file)) as server:
            for document_id, text in texts.items():
                operation = operation_of(text)
                body = {**named(document_id), "variables": VARIABLES[name_of(operation)]}
                for answer in await answers(server, body, operation):
                    assert "errors" not in answer, answer
                    assert None not in answer["data"].values()
            refused = await server.post({"query": OTHER})
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (
        400,
        "DOCUMENT_NOT_TRUSTED",
    )
    streams = sum(operation_of(text).operation is OperationType.SUBSCRIPTION for text in texts.values())
    record_property(
        "figure", f"{len(texts) - streams} queries over HTTP, {streams} streams over SSE and WebSocket"
    )


def trusting(manifest: Path) -> Settings:
    return Settings(trusted_documents=TrustedDocuments.ONLY, trusted_documents_file=str(manifest))


def operation_of(text: str) -> OperationDefinitionNode:
    [operation] = [each for each in parse(text).definitions if isinstance(each, OperationDefinitionNode)]
    return operation


def name_of(operation: OperationDefinitionNode) -> str:
    assert operation.name
    return operation.name.value


async def answers(
    server: Served, body: dict[str, Any], operation: OperationDefinitionNode
) -> list[dict[str, Any]]:
    """The answer to a query; of a stream the first event over each transport."""
    if operation.operation is OperationType.SUBSCRIPTION:
        return [await over_sse(server, body), await over_websocket(server, body)]
    answer = await server.post(body)
    assert answer.status_code == 200, answer.text
    return [answer.json()]


async def over_sse(server: Served, body: dict[str, Any]) -> dict[str, Any]:
    async with (
        httpx.AsyncClient(timeout=20) as client,
        client.stream(
            "POST", f"{server.url}/graphql", json=body, headers={"accept": "text/event-stream"}
        ) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream"), await answer.aread()
        async for line in answer.aiter_lines():
            if line.startswith("data: {"):
                event: dict[str, Any] = json.loads(line.removeprefix("data: "))
                return event
    raise AssertionError("the stream ended without an event")


async def over_websocket(server: Served, body: dict[str, Any]) -> dict[str, Any]:
    async with Socket(server.url) as ws:
        await ws.send({"type": "subscribe", "id": "1", "payload": body})
        message = await ws.receive()
    assert message["type"] == "next", message
    event: dict[str, Any] = message["payload"]
    return event
