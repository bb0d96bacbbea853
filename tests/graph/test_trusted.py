"""Documents of a manifest are found by their hashes, and executed alone where that is wanted."""

import json
from collections.abc import Mapping
from hashlib import md5, sha256
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from graph.app import build
from graph.guard.trusted import ManifestError, Trusted, read_manifest
from graph.settings import ConfigurationError, Settings, TrustedDocuments, read_settings
from resolvers.errors import BadRequest, DocumentNotTrusted, DocumentUnknown
from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.graph.documents import MYSQL, calls, precheck_id
from tests.graph.served import Socket, served

KNOWN = "query Providers { precheckProviders { id } }"
OTHER = "query Others { precheckProviders { name } }"
HASH = sha256(KNOWN.encode()).hexdigest()
BY_MD5 = {md5(KNOWN.encode(), usedforsecurity=False).hexdigest(): KNOWN}
TWO_BODIES = json.dumps(
    {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id": "a", "body": KNOWN}]}
).replace('"id": "a"', '"id": "a", "body": "{ b }"')
APOLLO = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [{"id": HASH, "name": "Providers", "type": "query", "body": KNOWN}],
}


def apollo(asked: str, version: object = 1) -> dict[str, Any]:
    return {"persistedQuery": {"version": version, "sha256Hash": asked}}


def written(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("manifest", [{HASH: KNOWN}, {f"sha256:{HASH}": KNOWN}, BY_MD5, APOLLO])
def test_every_form_of_a_manifest_is_read(tmp_path: Path, manifest: Mapping[str, object]) -> None:
    trusted = Trusted(read_manifest(written(tmp_path / "manifest.json", manifest)), only=True)
    known_id = next(iter(manifest)) if manifest is not APOLLO else HASH
    assert trusted.text_of(None, known_id) == KNOWN
    assert trusted.text_of(None, f"sha256:{HASH}") == trusted.text_of(None, HASH) == KNOWN
    assert trusted.text_of(None, extensions=apollo(HASH)) == KNOWN
    assert trusted.text_of(KNOWN) == KNOWN
    assert trusted.text_of(KNOWN, known_id, apollo(HASH.upper())) == KNOWN


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[]", "Expected `object`"),
        ("{", "truncated"),
        ('{"a": 1}', "Expected `str`"),
        ('{"format": "other", "operations": []}', "Invalid value"),
        ('{"format": "apollo-persisted-query-manifest", "version": 2, "operations": []}', "version 2"),
        ('{"a": "{ b }", "sha256:a": "{ c }"}', "'sha256:a' names two documents"),
        ('{"sha256:a": "{ b }"}', "'sha256:a' is not the hash of its document"),
        ('{"a": "{ b }", "a": "{ c }"}', "'a' is there twice, with different values"),
        (TWO_BODIES, "'body' is there twice, with different values"),
        (json.dumps({"a": KNOWN, HASH: OTHER}), f"'{HASH}' is the hash of another document"),
        (json.dumps({HASH.upper(): OTHER, "a": KNOWN}), f"'{HASH.upper()}' is the hash of another document"),
        (None, "No such file or directory"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused_in_one_line(
    tmp_path: Path, content: str | None, says: str
) -> None:
    path = tmp_path / "manifest.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ManifestError, match=says) as refused:
        read_manifest(path)
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith(str(path))


@pytest.mark.parametrize(
    ("query", "document_id", "extensions"),
    [
        (None, None, {"persistedQuery": {"version": 1}}),
        (None, None, {"persistedQuery": [HASH]}),
        (None, None, apollo(HASH, 2)),
        (None, None, {"persistedQuery": {"version": 1, "sha256Hash": 7}}),
        (OTHER, None, apollo(HASH)),
        (OTHER, HASH, None),
    ],
)
def test_hashes_that_are_none_or_do_not_agree_are_bad_requests(
    query: str | None, document_id: str | None, extensions: dict[str, Any] | None
) -> None:
    with pytest.raises(BadRequest):
        Trusted({HASH: KNOWN}).text_of(query, document_id, extensions)


@pytest.mark.parametrize("documents", [{}, {HASH: KNOWN}])
def test_what_the_manifest_does_not_have_is_unknown(documents: dict[str, str]) -> None:
    for document_id, extensions in (("a" * 1000, None), (None, apollo("b" * 64))):
        with pytest.raises(DocumentUnknown) as refused:
            Trusted(documents).text_of(None, document_id, extensions)
        assert len(str(refused.value)) < 200


def test_a_text_and_its_own_hash_need_no_manifest() -> None:
    assert Trusted().text_of(KNOWN, None, apollo(HASH)) == KNOWN
    assert Trusted().text_of(KNOWN, None, {"other": 1}) == KNOWN
    assert Trusted().text_of(None) == ""


def test_only_documents_of_the_manifest_are_let_through() -> None:
    only = Trusted({HASH: KNOWN}, only=True)
    for query in (OTHER, f"{KNOWN} ", "\ud800"):
        with pytest.raises(DocumentNotTrusted):
            only.text_of(query)
        assert only.refuses(query)
    assert not only.refuses(KNOWN)
    assert not Trusted({HASH: KNOWN}).refuses(OTHER)


def test_a_hash_in_capitals_is_the_hash() -> None:
    trusted = Trusted({HASH: KNOWN, "Own": OTHER}, only=True)
    for document_id in (HASH.upper(), f"sha256:{HASH.upper()}"):
        assert trusted.text_of(None, document_id) == KNOWN
    assert trusted.text_of(None, "Own") == OTHER
    with pytest.raises(DocumentUnknown):
        trusted.text_of(None, "own")


def test_a_manifest_may_say_a_thing_twice(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(
        f'{{"{HASH.upper()}": "{KNOWN}", "sha256:{HASH.upper()}": "{KNOWN}", "a": "{OTHER}", "a": "{OTHER}"}}'
    )
    assert set(read_manifest(path).values()) == {KNOWN, OTHER}


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream", None])
async def test_what_is_executed_and_not_in_the_manifest_is_logged_once_by_its_hash(
    tmp_path: Path, providers: list[ProviderSettings], accept: str | None
) -> None:
    path = written(tmp_path / "manifest.json", APOLLO)
    settings = Settings(trusted_documents=TrustedDocuments.LOG, trusted_documents_file=str(path))
    refused = ["{", "{ nothing }", f"{OTHER} {OTHER}", "{" + " __typename" * 3_000 + "}"]
    with served(providers, settings) as server, capture_logs() as logs:
        for document in [*refused, KNOWN, OTHER, OTHER]:
            if accept is not None:
                await server.post({"query": document}, {"accept": accept})
                continue
            async with Socket(server.url) as ws:
                await ws.subscribe("1", document)
                assert (await ws.receive())["type"] == ("error" if document in refused else "next")
    expected = {"operation": "Others", "sha256": sha256(OTHER.encode()).hexdigest()}
    assert logs == [{"event": "document_not_trusted", "log_level": "warning", **expected}]


async def test_a_server_executes_only_what_it_trusts(
    tmp_path: Path, providers: list[ProviderSettings], emulator: Emulator
) -> None:
    path = written(tmp_path / "manifest.json", APOLLO)
    settings = Settings(trusted_documents=TrustedDocuments.ONLY, trusted_documents_file=str(path))
    with served(providers, settings) as server:
        assert len((await server.data(KNOWN))["precheckProviders"]) == len(providers)
        for document in (
            f'{{ precheck(id: "{precheck_id("drs", MYSQL)}") {{ id }} }}',
            "{ __schema { types { name } } }",
        ):
            for accept in ("application/json", "text/event-stream"):
                answer = await server.post({"query": document}, {"accept": accept})
                [error] = answer.json()["errors"]
                assert (answer.status_code, error["extensions"]) == (400, {"code": "DOCUMENT_NOT_TRUSTED"})
    assert calls(emulator) == {}


@pytest.mark.parametrize(
    ("documents", "says"),
    [
        ({"a": "{ nothing }"}, "Cannot query field 'nothing'"),
        (
            {"a": "{ b: __typename " + "c: __typename " * 30 + "}"},
            "The operation has 31 aliases",
        ),
    ],
)
async def test_a_server_does_not_start_with_a_document_that_it_would_refuse(
    tmp_path: Path, providers: list[ProviderSettings], documents: dict[str, str], says: str
) -> None:
    path = written(tmp_path / "manifest.json", documents)
    with pytest.raises(ConfigurationError) as refused:
        build(Settings(trusted_documents_file=str(path)), providers)
    where = "PRECHECK_TRUSTED_DOCUMENTS_FILE: the trusted document 'a' cannot be executed: "
    assert str(refused.value).startswith(where + says)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("mode", ["log", "only"])
def test_a_mode_without_a_manifest_is_refused(mode: str) -> None:
    with pytest.raises(
        ConfigurationError, match=f"TRUSTED_DOCUMENTS={mode} needs a manifest: set PRECHECK_TRUSTED_DOCUMENTS_FILE"
    ):
        read_settings({"PRECHECK_TRUSTED_DOCUMENTS": mode})
