"""How errors leave: ours with their code, the client's as BAD_REQUEST, all else masked as INTERNAL and logged."""

import secrets
from collections.abc import Iterable
from typing import Any

import structlog
from graphql import GraphQLError, GraphQLFormattedError

from resolvers.errors import ProblemShown, RequestError, ServerRestarting

_log = structlog.get_logger()
_LONGEST_MESSAGE = 1_000
_MOST_PLACES = 10


def presented(error: GraphQLError) -> GraphQLError:
    """The error as clients see it; `extensions.code` is always there."""
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if isinstance(cause, ProblemShown | RequestError):
        return _with(error, str(cause), cause.extensions)
    is_refused_value = error.path is None and isinstance(cause, ValueError | TypeError)
    if cause is None or isinstance(cause, GraphQLError) or is_refused_value:
        return _with(error, error.message, {"code": "BAD_REQUEST", **(error.extensions or {})})
    masked = of_fault("resolver_fault", cause, path=error.path)
    return _with(error, masked["message"], masked["extensions"])


def of_fault(event: str, fault: Exception | None, **where: Any) -> GraphQLFormattedError:
    """What a client sees of a fault of this server: an id, beside which the log has all the rest."""
    fault_id = secrets.token_hex(8)
    _log.error(event, fault_id=fault_id, exc_info=fault, **where)
    message = f"This server failed to answer; its log says why, beside {fault_id}."
    return {"message": message, "extensions": {"code": "INTERNAL", "faultId": fault_id}}


def formatted(error: RequestError) -> GraphQLFormattedError:
    """The error as an entry of `errors`, for a request that never became an operation."""
    return {"message": str(error), "extensions": error.extensions}


def tells_of_restart(errors: Iterable[Any] | None) -> bool:
    """Whether these entries of `errors` end a stream because the server ends."""
    return any(error.get("extensions", {}).get("code") == ServerRestarting.code for error in errors or ())


def _with(error: GraphQLError, message: str, extensions: dict[str, Any]) -> GraphQLError:
    shown = GraphQLError(_shortened(message), path=error.path, extensions=extensions)
    # Given to the error as it is made, the nodes would have it look for its place in the text again.
    shown.nodes, shown.source, shown.positions = error.nodes, error.source, error.positions
    shown.locations = error.locations and error.locations[:_MOST_PLACES]
    return shown


def _shortened(message: str) -> str:
    """Without end are only messages that repeat what a client sent."""
    return message if len(message) <= _LONGEST_MESSAGE else f"{message[: _LONGEST_MESSAGE - 1]}…"
