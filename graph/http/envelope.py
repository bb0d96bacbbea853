"""What a request asks for, read with care: from a posted body, or from the parameters of an address."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request

from graph.http.refusals import Refusal

STREAM_HEADER = "x-graphql-event-stream-token"
LONGEST_OPERATION_ID = 200
_NAMES = ("query", "operationName", "variables", "extensions", "documentId")
_TOKEN_HEADER = STREAM_HEADER.encode()
_MOST_PARAMETERS = 20


class Envelope(NamedTuple):
    """A GraphQL request as it came. The document is `query`, or named by `document_id` or in `extensions`."""

    query: str | None
    variables: dict[str, Any] | None
    operation_name: str | None
    extensions: dict[str, Any] | None
    document_id: str | None


async def posted(request: Request, headers: Mapping[bytes, bytes]) -> Envelope:
    """What a POST with these headers asks for. Raises Refusal for a body that is no GraphQL request in JSON."""
    content_type = headers.get(b"content-type", b"")
    if content_type != b"application/json" and not _is_json(content_type.decode("latin-1")):
        raise Refusal(415, "Send the request as JSON in UTF-8, with `content-type: application/json`.")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Refusal(415, "Send the request without a `content-encoding`: compressed bodies are not read.")
    return _envelope(object_of(await request.body()))


def in_address(query_string: bytes) -> Envelope:
    """What a GET asks for. Raises Refusal for parameters that are no GraphQL request."""
    given = _parameters(query_string, _NAMES)
    return _envelope({name: _read(name, value) for name, value in given.items()})


def stream_token(request: Request, headers: Mapping[bytes, bytes]) -> str | None:
    """The token of the reserved stream that a request with these headers is for. Raises Refusal for several."""
    if _TOKEN_HEADER in headers:
        given = request.headers.getlist(STREAM_HEADER)
        if len(given) > 1:
            raise Refusal(400, f"The request has several `{STREAM_HEADER}` headers: send one.")
        return given[0] or None
    query_string: bytes = request.scope["query_string"]
    return _parameters(query_string, ("token",)).get("token") if b"token=" in query_string else None


def operation_id_asked(extensions: Mapping[str, Any] | None) -> str:
    """The id of an operation on a reserved stream. Raises Refusal where there is none that will do."""
    return _operation_id((extensions or {}).get("operationId"), "`extensions.operationId`")


def operation_id_in_address(query_string: bytes) -> str:
    """The id of the operation that is to end. Raises Refusal where there is none that will do."""
    return _operation_id(
        _parameters(query_string, ("operationId",)).get("operationId"), "the parameter `operationId`"
    )


def object_of(body: bytes) -> dict[str, Any]:
    """The JSON object of a body, by the rules of JSON: no NaN. Raises Refusal for anything else."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refusal(400, "Unable to parse request body as JSON") from None
    if isinstance(value, list):
        raise Refusal(400, "Batching is not enabled", draft_status=422)
    if not isinstance(value, dict):
        raise Refusal(400, "The request body is no JSON object with a `query`.", draft_status=422)
    return value


def _is_json(content_type: str) -> bool:
    """Whether a content type that has parameters is that of JSON in UTF-8, the only encoding JSON has."""
    name, *parameters = content_type.lower().split(";")
    named = dict(parameter.strip().partition("=")[::2] for parameter in parameters)
    return name.strip() == "application/json" and named.get("charset", "utf-8").strip('"') in ("utf-8", "utf8")


def _parameters(query_string: bytes, names: Collection[str]) -> dict[str, str]:
    """What an address says under these names; one without a value is as good as absent."""
    try:
        pairs = parse_qsl(
            query_string.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except ValueError:
        said = f"The address takes at most {_MOST_PARAMETERS} parameters, percent-encoded as UTF-8."
        raise Refusal(400, said) from None
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given:
            raise Refusal(400, f"The parameter `{name}` is there twice.")
        if name in names and value:
            given[name] = value
    return given


def _operation_id(given: object, place: str) -> str:
    if not isinstance(given, str) or not 0 < len(given) <= LONGEST_OPERATION_ID:
        said = f"Name the operation in {place}: a text of 1 to {LONGEST_OPERATION_ID} characters."
        raise Refusal(400, said)
    return given


def _read(name: str, value: str) -> Any:
    if name not in ("variables", "extensions"):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        raise Refusal(400, f"The parameter `{name}` is not JSON.") from None


def _envelope(given: Mapping[str, Any]) -> Envelope:
    extensions = _object_in(given, "extensions")
    if extensions:
        _check_persisted(extensions)
    return Envelope(
        _text_in(given, "query"),
        _object_in(given, "variables"),
        _text_in(given, "operationName"),
        extensions,
        _text_in(given, "documentId"),
    )


def _check_persisted(extensions: Mapping[str, Any]) -> None:
    persisted = extensions.get("persistedQuery")
    if persisted is None:
        return
    if not isinstance(persisted, dict) or not isinstance(persisted.get("sha256Hash"), str):
        said = "`extensions.persistedQuery` must be an object with the text `sha256Hash`, if provided."
        raise Refusal(400, said, draft_status=422)


def _text_in(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if not isinstance(value, str | None):
        said = f"The GraphQL operation's `{name}` must be a string or null, if provided."
        raise Refusal(400, said, draft_status=422)
    return value


def _object_in(given: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    value = given.get(name)
    if not isinstance(value, dict | None):
        said = f"The GraphQL operation's `{name}` must be an object or null, if provided."
        raise Refusal(400, said, draft_status=422)
    return value
