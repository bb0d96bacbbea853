"""WebSockets: checked for a bearer when they begin, ended with it, and with a word when the server ends."""

import asyncio
from functools import partial
from typing import Any, cast

from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.schema.schema import StreamResult
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
    _OperationStreamClosed,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    Message,
    SubscribeMessage,
    SubscribeMessagePayload,
)

from graph.errors import formatted, tells_of_restart
from graph.http.frames import TextFrames
from graph.http.pulse import Pulse
from graph.operation import OperationSchema
from graph.results import Results
from resolvers.caller import Caller
from resolvers.context import Context, Services
from resolvers.errors import AuthExpired, KeysUnavailable, RequestError, TooManyStreams
from resolvers.loaders import Loaders
from resolvers.vocabulary import PrecheckLocale

_SERVICE_RESTART = (1012, "Server restarting")
_UNAUTHORIZED = 4401
_FORBIDDEN = 4403
_TRY_AGAIN_LATER = 1013
_LAST_WORDS_SECONDS = 0.5


class Sockets:
    """The open sockets of one endpoint."""

    def __init__(self, ping_seconds: float, most_streams: int) -> None:
        self.ping_seconds = ping_seconds
        self.most_streams = most_streams  # on each of them
        self._open: set[BearerSocket] = set()

    def add(self, socket: "BearerSocket") -> None:
        """Count a socket among the open ones."""
        self._open.add(socket)

    def remove(self, socket: "BearerSocket") -> None:
        """Forget a socket that has ended."""
        self._open.discard(socket)

    def restart(self) -> None:
        """Have every socket end as the server does."""
        for socket in list(self._open):
            socket.restart()


class SocketContext(Context):
    """The context of a socket; its operations get copies that hold the caller, not the token."""

    def __init__(
        self,
        services: Services,
        locale: PrecheckLocale,
        caller: Caller | None,
        client: str,
        authorization: str | None,
        sockets: Sockets,
    ) -> None:
        super().__init__(services, locale, caller, client)
        self.sockets = sockets
        self.connection_params: dict[str, object] = {}
        self._handshake = authorization

    def take_authorization(self) -> str | None:
        """What `connection_init` carries under `authorization`, in any case, or else the handshake; only once."""
        given = [value for name, value in self.connection_params.items() if name.lower() == "authorization"]
        taken = given[0] if given else self._handshake
        self.connection_params, self._handshake = {}, None
        return taken if isinstance(taken, str) else None

    def admit(self, caller: Caller | None) -> None:
        """Note whom the token names, where there is one: its streams are counted for it on whatever address."""
        self.caller = caller
        self.loaders = Loaders(self.services.snapshots, self.providers)
        if caller is not None:
            self.client = caller.subject


class BearerSocket(BaseGraphQLTransportWSHandler[Context, None]):
    """The protocol of a socket that ends with its bearer, or with the server."""

    _expiry: asyncio.Task[None] | None = None
    _closing: asyncio.Task[None] | None = None
    _is_restarting = False
    _streams = 0
    _pulse: Pulse | None = None

    def on_request_accepted(self) -> None:
        """Be one of the open sockets."""
        super().on_request_accepted()
        self._sockets.add(self)

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Acknowledge, show life from then on, and see to the end."""
        try:
            await super().handle_connection_init(message)
        except RequestError as refusal:
            await self.websocket.close(_close_code(refusal), str(refusal))
        self.connection_init_timeout_task = None  # it was cancelled, and would be held with its traceback
        if self.connection_acknowledged and self._pulse is None:
            self._pulse = Pulse(self._sockets.ping_seconds, cast("TextFrames", self.websocket).ping)
            self._pulse.start()
        caller = self.context.caller
        if caller is not None and caller.may_end and self._expiry is None:
            self._expiry = asyncio.create_task(self._close_after(caller))
            self._expiry.add_done_callback(self._task_done)

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Begin an operation, or say why not."""
        if self._is_restarting:
            return  # the close that is near has clients ask again elsewhere; an error would not
        operation_id = message["id"]
        refusal = self._refusal(operation_id) or self._find_document(message["payload"])
        if refusal is None:
            await super().handle_subscribe(message)
        elif isinstance(refusal, TooManyStreams):  # gateways share sockets, and lose what an `error` says
            errors = {"data": None, "errors": [formatted(refusal)]}
            await self.send_message({"id": operation_id, "type": "next", "payload": cast("Any", errors)})
            await self.send_message({"id": operation_id, "type": "complete"})
        else:
            await self.send_message({"id": operation_id, "type": "error", "payload": [formatted(refusal)]})

    def _find_document(self, payload: SubscribeMessagePayload) -> RequestError | None:
        """Put the document into the message that may only name it; why not, where there is none to be had."""
        asked = cast("dict[str, Any]", payload)
        trusted = cast("OperationSchema", self.schema).policy.trusted
        query = asked.get("query")
        try:
            payload["query"] = trusted.text_of(query, asked.get("documentId"), asked.get("extensions"))
        except RequestError as refusal:
            return refusal
        return None

    def _refusal(self, operation_id: str) -> RequestError | None:
        caller = self.context.caller
        # There is a moment between the bearer's end and the socket's.
        if caller is not None and caller.is_expired(self.context.services.clock):
            return AuthExpired("The bearer token of this connection has ended. Connect again with a new one.")
        most = self._sockets.most_streams
        if len(self.operations) >= most and operation_id not in self.operations:
            return TooManyStreams(
                f"One WebSocket may have {most} operations open at a time. Complete one, open "
                "another WebSocket, or watch several prechecks in one stream: `ids` and `refs` are lists."
            )
        return None

    async def send_message(self, message: Message) -> None:
        """Send a message, but for the server's end: clients try again after 1012, not after an error."""
        stopped = _stopped_by_restart(message)
        if stopped is not None:
            self._is_restarting = True
            self.operations.pop(stopped, None)
            raise _OperationStreamClosed
        await super().send_message(message)

    async def _send_result_stream(self, operation: Operation[Context, None], result_source: StreamResult) -> None:
        operation.query, operation.variables = "", None  # a stream lasts long, and there may be thousands
        if not isinstance(result_source, Results):
            await super()._send_result_stream(operation, result_source)
            return
        result_source.push_to(partial(cast("TextFrames", self.websocket).write, operation.id))
        self._streams += 1
        try:
            await super()._send_result_stream(operation, result_source)
        finally:
            self._streams -= 1

    async def handle_task_exception(self, error: Exception) -> None:
        """Log a fault; that a client has gone is none."""
        if not isinstance(error, WebSocketDisconnected):
            await super().handle_task_exception(error)

    def restart(self) -> None:
        """Begin no operation any more, and close as soon as no query is under way."""
        self._is_restarting = True
        if len(self.operations) == self._streams:
            self._end_for_restart()

    async def shutdown(self) -> None:
        """End what the socket has begun."""
        self._sockets.remove(self)
        if self._pulse is not None:
            self._pulse.stop()
        if self._expiry is not None:
            self._expiry.cancel()
        await super().shutdown()

    @property
    def _sockets(self) -> Sockets:
        return cast("SocketContext", self.context).sockets

    def _task_done(self, task: asyncio.Task[None]) -> None:
        super()._task_done(task)
        if self._is_restarting and not self.operations and self._closing is None:
            self._end_for_restart()

    def _end_for_restart(self) -> None:
        if not cast("TextFrames", self.websocket).close_at_once(*_SERVICE_RESTART):
            self._closing = asyncio.create_task(self.websocket.close(*_SERVICE_RESTART))

    async def _close_after(self, caller: Caller) -> None:
        await caller.expiry(self.context.services.clock)
        ending = [operation.task for operation in self.operations.values() if operation.task]
        if ending:  # each stream says AUTH_EXPIRED first
            await asyncio.wait(ending, timeout=_LAST_WORDS_SECONDS)
        await self.websocket.close(code=_UNAUTHORIZED, reason="Unauthorized")


def _close_code(refusal: RequestError) -> int:
    """Clients come back after the one code, and not after the other."""
    return _TRY_AGAIN_LATER if isinstance(refusal, KeysUnavailable) else _FORBIDDEN


def _stopped_by_restart(message: Message) -> str | None:
    """The operation that this message ends because the server does."""
    if message["type"] == "next" and tells_of_restart(message["payload"].get("errors")):
        return message["id"]
    return message["id"] if message["type"] == "error" and tells_of_restart(message["payload"]) else None
