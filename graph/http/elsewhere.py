"""What is answered away from the endpoint: where nothing is, what went wrong, and with which headers."""

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Send

from graph.errors import of_fault
from graph.http.answers import Answer
from graph.http.negotiation import JSON
from graph.http.refusals import Refusal, refused

_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}


async def not_served(_: Request, error: Exception) -> Response:
    """The answer to a path or a method that nothing is served under."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    headers = error.headers if isinstance(error, HTTPException) else None
    said = "The method is not one that is served here." if status == 405 else "There is nothing here."
    return refused(Refusal(status, said, headers))


async def failed(_: Request, fault: Exception) -> Response:
    """The answer to a request that a fault of this server ended."""
    return Answer({"errors": [of_fault("request_fault", fault)]}, JSON, 500)


def guarded(send: Send) -> Send:
    """The same, with headers that keep browsers from guessing, where an answer has none of its own."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sent
