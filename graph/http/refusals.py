"""Requests that are refused before anything is executed, answered in JSON like every other."""

from cross_web import HTTPException
from starlette.responses import JSONResponse, Response

from graph.errors import formatted
from graph.guard.keys import SECONDS_BETWEEN_FIRST_FETCHES
from resolvers.errors import KeysUnavailable, RequestError, ServerRestarting

_SECONDS_UNTIL_ANOTHER_SERVES = 1


def refused(refusal: HTTPException) -> Response:
    """The answer to a request that is wrong as HTTP or as a GraphQL request."""
    errors = [{"message": refusal.reason, "extensions": {"code": "BAD_REQUEST"}}]
    headers = {"Allow": "GET, POST"} if refusal.status_code == 405 else None
    return JSONResponse({"errors": errors}, refusal.status_code, headers)


def not_admitted(refusal: RequestError) -> Response:
    """The answer to a client whose token does not hold, or cannot be checked."""
    errors = [formatted(refusal)]
    if isinstance(refusal, KeysUnavailable):
        return JSONResponse({"errors": errors}, 503, {"Retry-After": f"{SECONDS_BETWEEN_FIRST_FETCHES:.0f}"})
    return JSONResponse({"errors": errors}, 401, {"WWW-Authenticate": "Bearer"})


def restarting() -> Response:
    """The answer to whatever comes, or is not done, when the server ends; the connection goes with it."""
    error = ServerRestarting("This server is about to end. Ask again in a moment.")
    headers = {"Retry-After": f"{_SECONDS_UNTIL_ANOTHER_SERVES}", "Connection": "close"}
    return JSONResponse({"errors": [formatted(error)]}, 503, headers)
