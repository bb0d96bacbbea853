"""The GraphQL endpoint: HTTP, event streams and WebSockets on one path, the explorer for browsers."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

import orjson
from cross_web import AsyncHTTPRequestAdapter, HTTPException
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError, MissingQueryError
from strawberry.http import GraphQLRequestData, GraphQLRequestProtocol, process_result
from strawberry.http.base import BaseRequestProtocol
from strawberry.http.streaming import HTTPStreamTransport
from strawberry.http.types import HTTPMethod
from strawberry.schema.base import BaseSchema
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import (
    GRAPHQL_SSE_PROTOCOL,
    GRAPHQL_TRANSPORT_WS_PROTOCOL,
    MULTIPART_SUBSCRIPTION_PROTOCOL,
)
from strawberry.types import ExecutionResult, SubscriptionExecutionResult
from strawberry.types.graphql import OperationType
from strawberry.types.unset import UnsetType

from graph.guard.authorization import Authority
from graph.http.explorer import explorer_response
from graph.http.frames import TextFrames
from graph.http.posted import object_of, posted
from graph.http.probes import Readiness
from graph.http.pulse import Heartbeats
from graph.http.refusals import not_admitted, refused, restarting
from graph.http.sockets import BearerSocket, SocketContext, Sockets
from graph.http.streams import LiveResponse
from graph.http.transports import ApolloMultipart, LineFeedSSE, preferred, ranked
from graph.recent import Recent
from resolvers.caller import NOBODY, Caller
from resolvers.context import Context, Services
from resolvers.errors import RequestError
from resolvers.vocabulary import PrecheckLocale

_PROTOCOL_OF_MEDIA_TYPE = {
    "application/json": "http",
    "application/graphql-response+json": "http",
    "*/*": "http",
    "text/event-stream": "sse",
    "multipart/mixed": "multipart-subscription",
}
_LOCALE_OF_LANGUAGE = {"en": PrecheckLocale.EN, "zh": PrecheckLocale.ZH_CN}
_ALLOWED: dict[HTTPMethod, frozenset[OperationType]] = {
    "GET": frozenset({OperationType.QUERY}),
    "POST": frozenset({OperationType.QUERY, OperationType.MUTATION}),
}
# Clients say the same in every request, and reading it takes as long as executing a small operation.
_MEDIA_TYPES: Recent[str, str] = Recent(largest=500, room=20_000)
_LOCALES: Recent[str, PrecheckLocale] = Recent(largest=500, room=20_000)
_MOST_SIGNS_LOOKED_AT = 500
_INIT_SECONDS = 3


class Endpoint(GraphQL[Context, None]):
    """Strawberry's ASGI view with our context, JSON, negotiation, explorer; `authority` None lets everyone in."""

    websocket_adapter_class = TextFrames
    graphql_transport_ws_handler_class = BearerSocket
    stream_transport_classes_by_protocol: Mapping[str, type[HTTPStreamTransport]] = {
        MULTIPART_SUBSCRIPTION_PROTOCOL: ApolloMultipart,
        GRAPHQL_SSE_PROTOCOL: LineFeedSSE,
    }

    def __init__(
        self,
        services: Services,
        schema: BaseSchema,
        origins: Sequence[str],
        authority: Authority | None,
        readiness: Readiness,
        heartbeats: Heartbeats,
    ) -> None:
        super().__init__(
            schema,
            subscription_protocols=(
                GRAPHQL_TRANSPORT_WS_PROTOCOL,
                GRAPHQL_SSE_PROTOCOL,
                MULTIPART_SUBSCRIPTION_PROTOCOL,
            ),
            connection_init_wait_timeout=timedelta(seconds=_INIT_SECONDS),
            max_subscriptions_per_connection=None,  # counted by the socket itself
            allowed_origins=origins,
        )
        self._services = services
        self._authority = authority
        self._readiness = readiness
        self._heartbeats = heartbeats
        self.sockets = Sockets(heartbeats.socket_seconds)

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
        try:
            return await (self._answer(request) if _is_posted_json(request) else self.run(request))
        except ClientDisconnect:
            return None  # in the middle of its request
        except HTTPException as refusal:
            return refused(refusal)
        except RequestError as refusal:
            return not_admitted(refusal)
        except asyncio.CancelledError:
            if not self._readiness.is_ending:
                raise
            return restarting()  # it took longer than the server had left

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """The context that each operation of this request or socket gets a copy of.

        Raises TokenRefused or KeysUnavailable for a request; a socket may still bring its token.
        """
        if isinstance(request, WebSocket):
            headers = request.headers
            authorization, client = headers.get("authorization"), _address_of(request)
            return SocketContext(self._services, _locale_of(headers), client, authorization, self.sockets)
        if self.should_render_graphql_ide(self.request_adapter_class(request)):
            # Whoever opens the page has shown no token, and is answered nothing but the page.
            nobody = NOBODY if self._authority else None
            return Context(self._services, _locale_of(request.headers), nobody)
        return await self._context(request)

    async def _context(self, request: Request) -> Context:
        caller = await self._caller(request.headers.get("authorization"))
        client = caller.subject if caller else _address_of(request)
        return Context(self._services, _locale_of(request.headers), caller, client)

    async def on_ws_connect(self, context: Context) -> UnsetType | dict[str, object] | None:
        """Check the bearer of a socket. Raises ConnectionRejectionError, which closes it with 4403."""
        if isinstance(context, SocketContext):
            try:
                context.admit(await self._caller(context.take_authorization()))
            except RequestError:
                raise ConnectionRejectionError from None
        return await super().on_ws_connect(context)

    async def _caller(self, authorization: str | None) -> Caller | None:
        return await self._authority.caller(authorization) if self._authority else None

    def should_render_graphql_ide(self, request: BaseRequestProtocol) -> bool:
        """Only to browsers that open the page, not to every client that accepts anything."""
        is_page_view = request.method == "GET" and request.query_params.get("query") is None
        return is_page_view and "text/html" in request.headers.get("accept", "")

    async def render_graphql_ide(self, request: Request) -> Response:
        """The explorer."""
        return explorer_response(request)

    def parse_json(self, data: str | bytes) -> Any:
        """A request body: an object. Raises HTTPException for anything else."""
        return object_of(data)

    def decode_json(self, data: str | bytes) -> object:
        """JSON in, by the rules of JSON: no NaN."""
        return orjson.loads(data)

    def encode_json(self, data: object) -> str | bytes:
        """JSON out."""
        return orjson.dumps(data)

    async def parse_http_body(
        self, request: AsyncHTTPRequestAdapter
    ) -> GraphQLRequestData | list[GraphQLRequestData]:
        """What is asked. Raises HTTPException, also for a stream by GET: any page can have a browser send that."""
        if request.method == "GET" and self._get_stream_transport_from_headers(request.headers) is not None:
            raise HTTPException(400, "A stream is asked for by POST, with `content-type: application/json`.")
        return await super().parse_http_body(request)

    async def execute_single(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,
        sub_response: Response,
        context: Context,
        root_value: None,
        request_data: GraphQLRequestData,
    ) -> ExecutionResult:
        """One operation with one answer. Raises HTTPException for one that needs another transport or method."""
        return await self._result(request_adapter.method, context, request_data)

    async def _answer(self, request: Request) -> Response:
        """What Strawberry's view does for every request, without what a posted query has no need of."""
        context = await self._context(request)
        result = await self._result("POST", context, await posted(request))
        return Response(orjson.dumps(process_result(result)), media_type="application/json")

    async def _result(self, method: HTTPMethod, context: Context, data: GraphQLRequestData) -> ExecutionResult:
        try:
            return await self.schema.execute(
                data.query,
                variable_values=data.variables,
                context_value=context,
                operation_name=data.operation_name,
                allowed_operation_types=_ALLOWED[method],
            )
        except CannotGetOperationTypeError as error:
            raise HTTPException(400, error.as_http_error_reason()) from None
        except InvalidOperationTypeError as error:
            raise HTTPException(400, _needs_a_stream(error, method)) from None
        except MissingQueryError:
            raise HTTPException(400, "The request has no `query`.") from None

    async def _create_streaming_response(
        self,
        request: Request,
        result: SubscriptionExecutionResult,
        protocol: GraphQLRequestProtocol,
        sub_response: Response,
    ) -> Response:
        results = cast("AsyncGenerator[ExecutionResult, None]", result)
        transport = cast("LineFeedSSE | ApolloMultipart", self._get_stream_transport(protocol))
        seconds = self._heartbeats.of_stream(protocol)
        return LiveResponse(results, transport, self.encode_json_string, seconds)

    def _get_stream_transport_from_headers(self, headers: Mapping[str, str]) -> HTTPStreamTransport | None:
        accept = next((value for name, value in headers.items() if name.lower() == "accept"), "")
        media_type = _media_type(accept)
        if _PROTOCOL_OF_MEDIA_TYPE[media_type] == "http":
            return None
        return super()._get_stream_transport_from_headers({"accept": _only(media_type, accept)})


def _is_posted_json(request: Request) -> bool:
    """Whether this is a query as nearly all come: posted as JSON, and to be answered at once."""
    return (
        request.method == "POST"
        and request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"
        and _PROTOCOL_OF_MEDIA_TYPE[_media_type(request.headers.get("accept", ""))] == "http"
    )


def _media_type(accept: str) -> str:
    """Which media type to answer in."""
    accept = accept[:_MOST_SIGNS_LOOKED_AT]
    known = _MEDIA_TYPES.get(accept)
    if known is None:
        known = preferred(accept, _PROTOCOL_OF_MEDIA_TYPE) or "application/json"
        _MEDIA_TYPES.keep(accept, known, len(accept))
    return known


def _needs_a_stream(error: InvalidOperationTypeError, method: HTTPMethod) -> str:
    if error.operation_type is OperationType.SUBSCRIPTION:
        return (
            "A subscription needs a stream: connect by WebSocket (graphql-transport-ws), "
            "or POST with `Accept: text/event-stream`."
        )
    return error.as_http_error_reason(method)


def _only(media_type: str, accept: str) -> str:
    return next(part.strip() for part in accept.split(",") if part.strip().lower().startswith(media_type))


def _address_of(request: Request | WebSocket) -> str:
    return request.client.host if request.client else ""


def _locale_of(headers: Headers) -> PrecheckLocale:
    accept_language = headers.get("accept-language", "")[:_MOST_SIGNS_LOOKED_AT]
    known = _LOCALES.get(accept_language)
    if known is None:
        ranges = (each.partition("-")[0] for each in ranked(accept_language))
        known = next(
            (_LOCALE_OF_LANGUAGE[each] for each in ranges if each in _LOCALE_OF_LANGUAGE), PrecheckLocale.EN
        )
        _LOCALES.keep(accept_language, known, len(accept_language))
    return known
