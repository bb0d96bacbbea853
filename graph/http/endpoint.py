"""The GraphQL endpoint: HTTP, event streams and WebSockets on one path, the explorer for browsers."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import NamedTuple, cast

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.schema.base import BaseSchema
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType
from strawberry.types.unset import UnsetType

from graph.guard.authorization import EXPIRED, Authority
from graph.http.answers import STREAM_HEADERS, answered
from graph.http.asker import address_of, authorization_of, is_from_another_site, locale_of
from graph.http.bounds import MOST_STREAMS_PER_SOCKET
from graph.http.envelope import (
    Envelope,
    in_address,
    operation_id_asked,
    operation_id_in_address,
    posted,
    stream_token,
)
from graph.http.explorer import explorer_response
from graph.http.frames import TextFrames
from graph.http.negotiation import (
    EVENT_STREAM,
    JSON,
    STREAMED,
    accepts,
    media_type_of,
)
from graph.http.probes import Readiness
from graph.http.pulse import Heartbeats
from graph.http.refusals import (
    Refusal,
    about_to_end,
    as_result,
    needs_another_way,
    not_admitted,
    refused,
    restarting,
)
from graph.http.reservations import Reservations
from graph.http.sockets import BearerSocket, SocketContext, Sockets
from graph.http.streams import LiveResponse, Pieces, encoded
from graph.http.transports import EVENTS, TRANSPORTS, ApolloMultipart, LineFeedSSE
from graph.operation import OperationSchema, unexecuted
from graph.results import Stream
from resolvers.caller import NOBODY, Caller
from resolvers.context import Context, Services
from resolvers.errors import RequestError, TokenRefused

_ALLOWED = {
    "GET": frozenset({OperationType.QUERY}),
    "POST": frozenset({OperationType.QUERY, OperationType.MUTATION}),
}
_STREAMED = {
    "GET": frozenset({OperationType.QUERY, OperationType.SUBSCRIPTION}),
    "POST": frozenset(OperationType),
}
_ALLOW = {"Allow": "GET, POST, PUT, DELETE"}
_TEXT = "text/plain"


class Protocol(NamedTuple):
    """What of the protocols is a matter of choice."""

    origins: Sequence[str] = ()
    has_explorer: bool = True
    by_draft: bool = False
    init_seconds: float = 3.0
    streams_per_socket: int = MOST_STREAMS_PER_SOCKET


class Endpoint(GraphQL[Context, None]):
    """Strawberry's ASGI view for sockets, and our own for HTTP; `authority` None lets everyone in."""

    websocket_adapter_class = TextFrames
    graphql_transport_ws_handler_class = BearerSocket

    def __init__(
        self,
        services: Services,
        schema: BaseSchema,
        authority: Authority | None,
        readiness: Readiness,
        heartbeats: Heartbeats,
        protocol: Protocol,
    ) -> None:
        super().__init__(
            schema,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=protocol.init_seconds),
            max_subscriptions_per_connection=None,  # counted by the socket itself
            allowed_origins=protocol.origins,
        )
        self._protocol = protocol
        self._services = services
        self._authority = authority
        self._readiness = readiness
        self._heartbeats = heartbeats
        self._sockets = Sockets(heartbeats.socket_seconds, protocol.streams_per_socket)
        self._reservations = Reservations(
            self.encode_json_string, protocol.init_seconds, protocol.streams_per_socket
        )

    def restart(self) -> None:
        """Have every connection of several operations end as the server does."""
        self._sockets.restart()
        self._reservations.restart()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket; a refused request is answered in JSON like every other."""
        if self._readiness.is_ending:
            await restarting()(scope, receive, send)
        elif scope["type"] == "http":
            response = await self._response(Request(scope, receive))
            if response is not None:
                await response(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def _response(self, request: Request) -> Response | None:
        """The answer to one request, None where nobody is there to be answered."""
        headers = dict(request.scope["headers"])  # to look into it is quicker than into Starlette's
        accept = headers.get(b"accept", b"").decode("latin-1")
        media_type = media_type_of(accept)
        try:
            if "text/html" in accept and self._protocol.has_explorer and _is_page_view(request):
                return explorer_response(request)
            return await self._answer(request, headers, media_type)
        except ClientDisconnect:
            return None  # in the middle of its request
        except Refusal as refusal:
            return refused(refusal, media_type or JSON, by_draft=self._protocol.by_draft)
        except RequestError as refusal:
            return not_admitted(refusal, media_type or JSON)
        except asyncio.CancelledError:
            if not self._readiness.is_ending:
                raise
            return restarting()  # it took longer than the server had left

    async def _answer(self, request: Request, headers: Mapping[bytes, bytes], media_type: str | None) -> Response:
        if request.method not in _ALLOWED:
            return await self._reservation(request, headers)
        context = await self._context(request)
        if media_type is None:
            said = "Nothing in `accept` can be written here: application/graphql-response+json, application/json, "
            raise Refusal(406, f"{said}text/event-stream, or multipart/mixed;subscriptionSpec=1.0.")
        token = stream_token(request, headers)
        if request.method == "POST":
            asked = await posted(request, headers)
        elif token is not None and media_type == EVENT_STREAM:
            return self._opened(request, token, context)
        else:
            self._check_site(request)
            asked = in_address(request.scope["query_string"])
        if context.caller is not None and context.caller.is_expired(self._services.clock):
            raise TokenRefused(EXPIRED)  # while the request was on its way
        if token is not None and media_type not in STREAMED:
            return self._begun(token, asked, context, request.method)
        document = self._document(asked)
        if media_type in STREAMED:
            return await self._stream(document, asked, context, media_type, _STREAMED[request.method])
        result = await self._result(document, asked, context, request.method)
        return answered(result, media_type, by_draft=self._protocol.by_draft)

    def _check_site(self, request: Request) -> None:
        """Raises Refusal where a page of another site has a browser ask by GET."""
        if is_from_another_site(request.headers, self._protocol.origins):
            raise Refusal(403, "A page of another origin asks by POST, and from an origin that is listed here.")

    def _document(self, asked: Envelope) -> str:
        """The document that is to be executed. Raises Refusal, and RequestError where none can be had."""
        trusted = cast("OperationSchema", self.schema).policy.trusted
        document = trusted.text_of(asked.query, asked.document_id, asked.extensions)
        if not document:
            raise Refusal(400, "The request has no `query`.", draft_status=422)
        return document

    async def _result(self, document: str, asked: Envelope, context: Context, method: str) -> ExecutionResult:
        try:
            return await self.schema.execute(
                document,
                variable_values=asked.variables,
                context_value=context,
                operation_name=asked.operation_name,
                allowed_operation_types=_ALLOWED[method],
            )
        except CannotGetOperationTypeError as error:
            return unexecuted(error)
        except InvalidOperationTypeError as error:
            raise needs_another_way(error) from None

    async def _stream(
        self, document: str, asked: Envelope, context: Context, media_type: str, allowed: Collection[OperationType]
    ) -> Response:
        transport = TRANSPORTS[media_type]
        results = await self._results(document, asked, context, transport.allowed_operation_types(set(allowed)))
        cut = partial(transport.encode_cut, as_result(about_to_end()), self.encode_json_string)
        return self._live(encoded(results, transport, self.encode_json_string), cut, transport)

    async def _results(
        self, document: str, asked: Envelope, context: Context, allowed: Iterable[OperationType]
    ) -> Stream:
        results = await self.schema.stream(
            document,
            variable_values=asked.variables,
            context_value=context,
            operation_name=asked.operation_name,
            allowed_operation_types=allowed,
        )
        return cast("Stream", results)

    def _live(
        self, pieces: Pieces, last_words: Callable[[], str], transport: LineFeedSSE | ApolloMultipart
    ) -> Response:
        seconds = self._heartbeats.of_stream(transport.protocol)
        return LiveResponse(pieces, last_words, transport, self.encode_json_string, seconds)

    async def _reservation(self, request: Request, headers: Mapping[bytes, bytes]) -> Response:
        """Reserve a stream, or end an operation on one."""
        if request.method not in ("PUT", "DELETE"):
            raise Refusal(405, "GraphQL is asked for by GET and POST, and streams are reserved by PUT.", _ALLOW)
        context = await self._context(request)
        if request.method == "DELETE":
            connection = self._reservations.find(stream_token(request, headers), context)
            connection.stop(operation_id_in_address(request.scope["query_string"]))
            return Response(status_code=200, headers=STREAM_HEADERS)
        if not accepts(headers.get(b"accept", b"").decode("latin-1"), _TEXT):
            raise Refusal(406, f"A stream is reserved with a token as {_TEXT}.")
        return Response(self._reservations.reserve(context), 201, STREAM_HEADERS, _TEXT)

    def _opened(self, request: Request, token: str, context: Context) -> Response:
        self._check_site(request)
        connection = self._reservations.open(token, context)
        return self._live(connection, connection.last_words, EVENTS)

    def _begun(self, token: str, asked: Envelope, context: Context, method: str) -> Response:
        """Have an operation executed whose results, or what is wrong with it, go to a reserved stream."""
        connection = self._reservations.find(token, context)
        if method == "GET" and not any(asked):
            raise Refusal(400, f"Open the stream with `accept: {EVENT_STREAM}`, and ask on it by POST.")
        operation_id = operation_id_asked(asked.extensions)
        connection.begin(operation_id, partial(self._results_of, asked, context, _STREAMED[method]))
        return Response(status_code=202, headers=STREAM_HEADERS)

    async def _results_of(self, asked: Envelope, context: Context, allowed: Iterable[OperationType]) -> Stream:
        if self._readiness.is_ending:  # by now: what was begun before it has taken its time
            raise about_to_end()
        return await self._results(self._document(asked), asked, context, allowed)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """The context that each operation of this socket gets a copy of; the socket may still bring its token."""
        headers = request.headers
        given, client = headers.getlist("authorization"), address_of(request)
        authorization = given[0] if len(given) == 1 else None  # of several none is believed
        nobody = NOBODY if self._authority else None
        return SocketContext(self._services, locale_of(headers), nobody, client, authorization, self._sockets)

    async def _context(self, request: Request) -> Context:
        """The context of a request. Raises TokenRefused or KeysUnavailable."""
        caller = await self._caller(authorization_of(request)) if self._authority else None
        client = caller.subject if caller else address_of(request)
        return Context(self._services, locale_of(request.headers), caller, client)

    async def on_ws_connect(self, context: Context) -> UnsetType | dict[str, object] | None:
        """Check the bearer of a socket. Raises TokenRefused or KeysUnavailable."""
        if isinstance(context, SocketContext):
            context.admit(await self._caller(context.take_authorization()))
        return await super().on_ws_connect(context)

    async def _caller(self, authorization: str | None) -> Caller | None:
        return await self._authority.caller(authorization) if self._authority else None

    def decode_json(self, data: str | bytes) -> object:
        """JSON in, by the rules of JSON: no NaN."""
        return orjson.loads(data)

    def encode_json(self, data: object) -> str | bytes:
        """JSON out."""
        return orjson.dumps(data)


def _is_page_view(request: Request) -> bool:
    """Whether whoever accepts HTML opens the page, and asks for nothing."""
    return request.method == "GET" and not {"query", "documentId", "extensions"} & request.query_params.keys()
