"""A GraphQL request that was posted as JSON, read with care."""

from typing import Any

import orjson
from cross_web import HTTPException
from starlette.requests import Request
from strawberry.http import GraphQLRequestData


async def posted(request: Request) -> GraphQLRequestData:
    """What is asked. Raises HTTPException for a body that is no GraphQL request."""
    envelope = object_of(await request.body())
    return GraphQLRequestData(
        query=_text_in(envelope, "query"),
        variables=_object_in(envelope, "variables"),
        operation_name=_text_in(envelope, "operationName"),
        extensions=_object_in(envelope, "extensions"),
        protocol="http",
    )


def object_of(body: str | bytes) -> dict[str, Any]:
    """The JSON object of a body, by the rules of JSON: no NaN. Raises HTTPException for anything else."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise HTTPException(400, "Unable to parse request body as JSON") from None
    if isinstance(value, list):
        raise HTTPException(400, "Batching is not enabled")
    if not isinstance(value, dict):
        raise HTTPException(400, "The request body is no JSON object with a `query`.")
    return value


def _text_in(envelope: dict[str, Any], name: str) -> str | None:
    value = envelope.get(name)
    if not isinstance(value, str | None):
        raise HTTPException(400, f"The GraphQL operation's `{name}` must be a string or null, if provided.")
    return value


def _object_in(envelope: dict[str, Any], name: str) -> dict[str, Any] | None:
    value = envelope.get(name)
    if not isinstance(value, dict | None):
        raise HTTPException(400, f"The GraphQL operation's `{name}` must be an object or null, if provided.")
    return value
