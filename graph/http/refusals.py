"""Requests that are refused before anything is executed, answered in JSON like every other."""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from strawberry.http import GraphQLHTTPResponse
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from graph.errors import formatted
from graph.guard.keys import SECONDS_BETWEEN_FIRST_FETCHES
from graph.http.answers import HEADERS, STATUS_OF_CODE, Answer
from graph.http.negotiation import GRAPHQL_JSON, JSON
from resolvers.errors import (
    BadRequest,
    KeysUnavailable,
    RequestError,
    ServerRestarting,
    TokenRefused,
    TooManyConnections,
    TooMuchAtOnce,
)

_SECONDS_UNTIL_ANOTHER_SERVES = 1
_RESTARTING = "This server is about to end. Ask again in a moment."
Headers = Sequence[tuple[bytes, bytes]]


class Refusal(Exception):
    """A request that is wrong as HTTP or as a GraphQL request, and the status that says so.

    `draft_status` is that of the newer draft, for the media type that came with it.
    """

    def __init__(
        self,
        status: int,
        message: str,
        headers: Mapping[str, str] | None = None,
        draft_status: int | None = None,
        error: type[RequestError] = BadRequest,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.draft_status = draft_status or status
        self.error = error(message)
        self.headers = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]


def refused(refusal: Refusal, media_type: str = JSON, *, by_draft: bool = False) -> Answer:
    """The answer to a request that is wrong as HTTP or as a GraphQL request."""
    status = refusal.draft_status if by_draft and media_type == GRAPHQL_JSON else refusal.status
    return Answer(_told(refusal.error), _in_one_piece(media_type), status, refusal.headers)


def not_admitted(error: RequestError, media_type: str = JSON) -> Answer:
    """The answer to a request that is not executed; each kind of error has its status and its headers."""
    status = STATUS_OF_CODE.get(error.code, 400)
    return Answer(_told(error), _in_one_piece(media_type), status, _headers_of(error))


def restarting() -> Answer:
    """The answer to whatever comes, or is not done, when the server ends; the connection goes with it."""
    error = about_to_end()
    return Answer(_told(error), JSON, 503, [*_headers_of(error), (b"connection", b"close")])


def about_to_end() -> ServerRestarting:
    """What whoever asks is told from the first moment of the server's end on."""
    return ServerRestarting(_RESTARTING)


def as_result(error: RequestError) -> GraphQLHTTPResponse:
    """The refusal as the one result of an operation, for a stream that others go on with, or that has begun."""
    return {"data": None, "errors": [formatted(error)]}


def needs_another_way(error: InvalidOperationTypeError) -> Refusal:
    """Says how an operation of this type is asked for instead."""
    if error.operation_type is OperationType.SUBSCRIPTION:
        return Refusal(
            400,
            "A subscription needs a stream: connect by WebSocket (graphql-transport-ws), "
            "or POST with `Accept: text/event-stream`.",
            draft_status=422,
        )
    return Refusal(405, "A mutation is asked for by POST.", {"Allow": "POST"})


def in_bytes(refusal: Refusal, headers: Headers) -> bytes:
    """The whole answer, body included, where there is no app to write it; the connection ends with it."""
    body = orjson.dumps(_told(refusal.error))
    phrase = HTTPStatus(refusal.status).phrase.encode()
    head = [b"HTTP/1.1 %d %s" % (refusal.status, phrase), b"content-type: application/json", b"connection: close"]
    head += [
        b"%s: %s" % header
        for header in (*headers, *HEADERS, *refusal.headers, (b"content-length", b"%d" % len(body)))
    ]
    return b"\r\n".join([*head, b"", body])


def too_many_connections(most: int) -> Refusal:
    """To a connection above what this server has places for."""
    said = f"This server has places for {most} connections, and all are taken. Ask again in a moment."
    headers = {"Retry-After": f"{_SECONDS_UNTIL_ANOTHER_SERVES}"}
    return Refusal(503, said, headers, error=TooManyConnections)


def _headers_of(error: RequestError) -> Headers:
    if isinstance(error, TokenRefused):
        return [(b"www-authenticate", b"Bearer")]
    seconds = _seconds_to_wait(error)
    return [] if seconds is None else [(b"retry-after", b"%d" % math.ceil(seconds))]


def _seconds_to_wait(error: RequestError) -> float | None:
    if isinstance(error, TooMuchAtOnce):
        return error.retry_after_seconds
    if isinstance(error, KeysUnavailable):
        return SECONDS_BETWEEN_FIRST_FETCHES
    return _SECONDS_UNTIL_ANOTHER_SERVES if isinstance(error, ServerRestarting) else None


def _told(error: RequestError) -> dict[str, Any]:
    return {"errors": [formatted(error)]}


def _in_one_piece(media_type: str) -> str:
    """The media type for a client that may have asked for a stream: what is refused is no stream."""
    return GRAPHQL_JSON if media_type == GRAPHQL_JSON else JSON
