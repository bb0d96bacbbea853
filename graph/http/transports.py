"""What differs from Strawberry's own transports, each with the client that needs it."""

from collections.abc import Iterable, Mapping

from strawberry.http import GraphQLHTTPResponse
from strawberry.http.streaming import (
    JSONEncoder,
    MultipartSubscriptionTransport,
    SSETransport,
)
from strawberry.types.graphql import OperationType

from graph.http.negotiation import EVENT_STREAM, MULTIPART


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

    def encode_next_of(self, operation_id: str, response: GraphQLHTTPResponse, encode_json: JSONEncoder) -> str:
        """A result on a stream of several operations."""
        return self.encode_event("next", encode_json({"id": operation_id, "payload": response}))

    def encode_complete_of(self, operation_id: str, encode_json: JSONEncoder) -> str:
        """The end of one of several operations."""
        return self.encode_event("complete", encode_json({"id": operation_id}))


class ApolloMultipart(MultipartSubscriptionTransport):
    """Parts as Apollo's clients and routers read them."""

    @property
    def headers(self) -> Mapping[str, str]:
        """One media type: Strawberry has `,application/json` behind it, as if this were an Accept header."""
        return {"Content-Type": f'{MULTIPART};boundary="{self.separator}";subscriptionSpec=1.0'}

    def allowed_operation_types(self, allowed_operation_types: set[OperationType]) -> Iterable[OperationType]:
        """All of them: there are clients that ask for everything in the same way."""
        return allowed_operation_types

    def encode_cut(self, response: GraphQLHTTPResponse, encode_json: JSONEncoder) -> str:
        """The last words of a stream that is cut: `errors` beside the payload is fatal to Apollo's clients."""
        return self.encode_multipart_data({"payload": response, "errors": response.get("errors")}, encode_json)


EVENTS = LineFeedSSE()
TRANSPORTS: dict[str, LineFeedSSE | ApolloMultipart] = {EVENT_STREAM: EVENTS, MULTIPART: ApolloMultipart()}
