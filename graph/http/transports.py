"""What differs from Strawberry's own transports, each with the client that needs it."""

from collections.abc import Container

from strawberry.http import GraphQLHTTPResponse
from strawberry.http.streaming import (
    JSONEncoder,
    MultipartSubscriptionTransport,
    SSETransport,
)


class LineFeedSSE(SSETransport):
    """Events end in LF LF: some gateways split on nothing else and show an empty stream for CRLF."""

    def encode_event(self, event: str, data: str | None = None) -> str:
        """One event; data is a single line of JSON."""
        return f"event: {event}\ndata: {data or ''}\n\n"

    def encode_comment(self, comment: str) -> str:
        """A line that clients ignore and proxies count as life."""
        return f": {comment}\n\n"

    def encode_cut(self, response: GraphQLHTTPResponse, encode_json: JSONEncoder) -> str:
        """The last words of a stream that is cut."""
        return self.encode_next(response, encode_json)


class ApolloMultipart(MultipartSubscriptionTransport):
    """Parts as Apollo's clients and routers read them."""

    def encode_cut(self, response: GraphQLHTTPResponse, encode_json: JSONEncoder) -> str:
        """The last words of a stream that is cut: `errors` beside the payload is fatal to Apollo's clients."""
        return self.encode_multipart_data({"payload": response, "errors": response.get("errors")}, encode_json)


def preferred(accept: str, offered: Container[str]) -> str | None:
    """Which of the offered media types an Accept header likes best, None if it names none of them.

    By quality, then by the order in which the client lists them: a client that merely lists an event
    stream last does not get one.
    """
    return next((name for name in ranked(accept) if name in offered), None)


def ranked(accept: str) -> list[str]:
    """What an Accept header or one of its kin names, the best first, without what it refuses."""
    found = []
    for place, part in enumerate(accept.split(",")):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = _quality(parameters)
        if quality > 0:
            found.append((-quality, place, name))
    return [name for _, _, name in sorted(found)]


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
