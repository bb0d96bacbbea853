"""Documents known before the server started: found by a hash, and alone executed where that is wanted."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import structlog
from graphql import OperationDefinitionNode

from graph.recent import Recent
from resolvers.errors import BadRequest, DocumentNotTrusted, DocumentUnknown

_PREFIX = "sha256:"
_MOST_TOLD = 80
_MOST_REMEMBERED = 1_000
_log = structlog.get_logger()


class ManifestError(Exception):
    """The manifest cannot be used; the message says where and why."""


class _Operation(msgspec.Struct):
    id: str
    body: str


class _ApolloManifest(msgspec.Struct, tag_field="format", tag="apollo-persisted-query-manifest"):
    version: int
    operations: list[_Operation]


def read_manifest(path: Path) -> dict[str, str]:
    """The texts by their ids, from what Apollo's tools, GraphQL Code Generator or the Relay compiler write.

    Raises ManifestError.
    """
    try:
        written = path.read_bytes()
        entries = list(_entries(msgspec.json.decode(written)))
        json.loads(written, object_pairs_hook=_said_once, parse_int=str)
    except OSError as error:
        raise ManifestError(f"{path}: {error.strerror}.") from None
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise ManifestError(
            f"{path}: {error}. It takes a JSON object of texts by their hashes, or the manifest of Apollo's tools."
        ) from None
    except ManifestError as error:
        raise ManifestError(f"{path}: {error}") from None
    hashes = {_hash(text): text for _, text in entries}
    documents: dict[str, str] = {}
    for document_id, text in entries:
        name = document_id.removeprefix(_PREFIX)
        if documents.setdefault(name, text) != text:
            raise ManifestError(f"{path}: {document_id[:_MOST_TOLD]!r} names two documents.")
        if hashes.get(name.lower(), text) != text:
            raise ManifestError(f"{path}: {document_id[:_MOST_TOLD]!r} is the hash of another document.")
        if name != document_id and name.lower() not in hashes:
            raise ManifestError(f"{path}: {document_id[:_MOST_TOLD]!r} is not the hash of its document.")
    return documents


class Trusted:
    """The documents of a manifest by id. With `only` no other is executed, with `logs` every other is logged."""

    def __init__(
        self, documents: Mapping[str, str] | None = None, *, only: bool = False, logs: bool = False
    ) -> None:
        self._documents = documents or {}
        self._only = only
        self._logs = logs
        self._by_hash = {_hash(text): text for text in self._documents.values()}
        self._texts = frozenset(self._documents.values())
        self._told: Recent[str, bool] = Recent(most=_MOST_REMEMBERED)

    def check(self, trouble_with: Callable[[str], str | None]) -> None:
        """Raises ManifestError for the first document that there is trouble with."""
        for document_id, text in self._documents.items():
            trouble = trouble_with(text)
            if trouble is not None:
                raise ManifestError(
                    f"the trusted document {document_id[:_MOST_TOLD]!r} cannot be executed: {trouble}"
                )

    def text_of(
        self,
        query: str | None,
        document_id: str | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> str:
        """The document that a request means by its text, its `documentId` or Apollo's hash; empty where by none.

        Raises DocumentUnknown, DocumentNotTrusted, and BadRequest for a hash that is none or of another document.
        """
        asked = _asked_hash(extensions)
        texts = [query] if query else []
        if asked is not None:
            texts.append(_of_hash(query, asked) if query else self._known(asked, self._by_hash.get(asked)))
        if document_id is not None:
            texts.append(self._known(document_id, None))
        if len(set(texts)) > 1:
            raise BadRequest("The request names two documents: `query`, `documentId` and the hash have to agree.")
        text = texts[0] if texts else ""
        if text and self.refuses(text):
            raise not_trusted()
        return text

    def refuses(self, text: str) -> bool:
        """Whether a document may not be executed."""
        return self._only and text not in self._texts

    def note(self, text: str, operation: OperationDefinitionNode) -> None:
        """Log a document that is about to be executed and is none of these; once, where that is wanted."""
        if self._logs and text not in self._texts and self._told.get(digest := _hash(text)) is None:
            self._told.keep(digest, True, 1)
            name = operation.name and operation.name.value[:_MOST_TOLD]
            _log.warning("document_not_trusted", operation=name, sha256=digest)

    def _known(self, document_id: str, found: str | None) -> str:
        name = document_id.removeprefix(_PREFIX)
        text = found or self._documents.get(document_id) or self._documents.get(name)
        text = text or self._by_hash.get(name.lower())
        if text is None:
            raise DocumentUnknown(
                f"This server knows no document {document_id[:_MOST_TOLD]!r}. "
                + ("Have it added to the manifest." if self._only else "Send the document itself as `query`.")
            )
        return text


def not_trusted() -> DocumentNotTrusted:
    """Says that a document is not one of the manifest."""
    return DocumentNotTrusted(
        "This server executes only documents that were registered with it, and this is none of them. "
        "Have it added to the manifest."
    )


def _entries(content: object) -> Iterator[tuple[str, str]]:
    if isinstance(content, dict) and "format" in content:
        manifest = msgspec.convert(content, _ApolloManifest)
        if manifest.version != 1:
            raise msgspec.ValidationError(f"version {manifest.version} of the manifest is not known")
        return ((each.id, each.body) for each in manifest.operations)
    return iter(msgspec.convert(content, dict[str, str]).items())


def _said_once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """A JSON object. Raises ManifestError for a name that has several values, of which the last would be taken."""
    said: dict[str, object] = {}
    for name, value in pairs:
        if said.setdefault(name, value) != value:
            raise ManifestError(f"{name[:_MOST_TOLD]!r} is there twice, with different values.")
    return said


def _asked_hash(extensions: Mapping[str, Any] | None) -> str | None:
    """Apollo's hash. Raises BadRequest for one that cannot be read."""
    persisted = extensions.get("persistedQuery") if extensions else None
    if persisted is None:
        return None
    asked = persisted.get("sha256Hash") if isinstance(persisted, dict) and persisted.get("version") == 1 else None
    if not isinstance(asked, str):
        raise BadRequest("`extensions.persistedQuery` takes `version: 1` and `sha256Hash`, a text.")
    return asked.lower()


def _of_hash(query: str, asked: str) -> str:
    if _hash(query) != asked:
        raise BadRequest("`extensions.persistedQuery.sha256Hash` is not the SHA-256 hash of `query`.")
    return query


def _hash(text: str) -> str:
    # A lone surrogate is in no valid document.
    return sha256(text.encode(errors="surrogatepass")).hexdigest()
