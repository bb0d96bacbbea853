"""Answers in JSON: their status by the media type, and headers that keep them from caches and from guesses."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from starlette.responses import Response
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from graph.http.negotiation import GRAPHQL_JSON
from resolvers.errors import (
    KeysUnavailable,
    NotPermitted,
    OperationTimedOut,
    ServerRestarting,
    TokenRefused,
    TooManyStreams,
    TooMuchAtOnce,
)

# What an answer shows changes from second to second, and from caller to caller.
HEADERS = (
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"vary", b"Accept, Accept-Language"),
    (b"x-content-type-options", b"nosniff"),
)
STREAM_HEADERS = {name.decode().title(): value.decode() for name, value in HEADERS}  # a transport may have its own
STATUS_OF_CODE = {
    TokenRefused.code: 401,
    NotPermitted.code: 403,
    TooMuchAtOnce.code: 429,
    TooManyStreams.code: 429,
    KeysUnavailable.code: 503,
    ServerRestarting.code: 503,
    OperationTimedOut.code: 504,
    "INTERNAL": 500,
}
_CONTENT_TYPES = {GRAPHQL_JSON: b"application/graphql-response+json; charset=utf-8"}
_NOT_PARSED = "Syntax Error: "  # what graphql-core begins the message of every document with that it cannot parse


class Answer(Response):
    """A body of JSON."""

    def __init__(
        self, content: Any, media_type: str, status: int = 200, headers: Iterable[tuple[bytes, bytes]] = ()
    ) -> None:
        self.status_code = status
        self.body = orjson.dumps(content)
        self.background = None
        self.raw_headers = [
            (b"content-length", b"%d" % len(self.body)),
            (b"content-type", _CONTENT_TYPES.get(media_type, b"application/json")),
            *HEADERS,
            *headers,
        ]


def answered(result: ExecutionResult, media_type: str, *, by_draft: bool) -> Answer:
    """The answer to an operation. What was never executed has no `data`."""
    content: dict[str, Any] = {} if isinstance(result, PreExecutionError) else {"data": result.data}
    if result.errors:
        content["errors"] = [error.formatted for error in result.errors]
    if result.extensions:
        content["extensions"] = result.extensions
    status = 200
    if result.errors and media_type == GRAPHQL_JSON:
        status = _status("data" in content, content["errors"], by_draft=by_draft)
    return Answer(content, media_type, status)


def _status(has_data: bool, errors: Sequence[Any], *, by_draft: bool) -> int:
    if has_data:
        return 294 if by_draft else 200
    first = errors[0]
    status = STATUS_OF_CODE.get(first["extensions"]["code"], 400)
    is_unfit = status == 400 and not first["message"].startswith(_NOT_PARSED)
    return 422 if by_draft and is_unfit else status
