"""A WebSocket and its bearer: checked when the connection begins, and the socket lasts no longer."""

import asyncio

from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.subscriptions.protocols.graphql_transport_ws.types import ConnectionInitMessage, SubscribeMessage

from graph.errors import formatted
from resolvers.caller import Caller
from resolvers.context import Context, Services
from resolvers.errors import AuthExpired
from resolvers.vocabulary import PrecheckLocale

_UNAUTHORIZED = 4401
_LAST_WORDS_SECONDS = 0.5


class SocketContext(Context):
    """The context of a socket; its operations get copies that hold the caller, not the token."""

    def __init__(self, services: Services, locale: PrecheckLocale, authorization: str | None) -> None:
        super().__init__(services, locale)
        self.connection_params: dict[str, object] = {}
        self._handshake = authorization

    def take_authorization(self) -> str | None:
        """What `connection_init` carries under `authorization`, in any case, or else the handshake; only once."""
        given = [value for name, value in self.connection_params.items() if name.lower() == "authorization"]
        taken = given[0] if given else self._handshake
        self.connection_params, self._handshake = {}, None
        return taken if isinstance(taken, str) else None


class BearerSocket(BaseGraphQLTransportWSHandler[Context, None]):
    """The protocol of a socket that ends with its bearer."""

    _expiry: asyncio.Task[None] | None = None

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Acknowledge, and see to the end."""
        await super().handle_connection_init(message)
        if self.context.caller is not None and self._expiry is None:
            self._expiry = asyncio.create_task(self._close_after(self.context.caller))
            self._expiry.add_done_callback(self._task_done)

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Begin an operation, or refuse it in the moment between the bearer's end and the socket's."""
        caller = self.context.caller
        if caller is None or not caller.is_expired(self.context.services.clock):
            await super().handle_subscribe(message)
            return
        error = AuthExpired("The bearer token of this connection has expired. Connect again with a new one.")
        await self.send_message({"id": message["id"], "type": "error", "payload": [formatted(error)]})

    async def shutdown(self) -> None:
        """End what the socket has begun."""
        if self._expiry is not None:
            self._expiry.cancel()
        await super().shutdown()

    async def _close_after(self, caller: Caller) -> None:
        await caller.expiry(self.context.services.clock)
        ending = [operation.task for operation in self.operations.values() if operation.task]
        if ending:  # each stream says AUTH_EXPIRED first
            await asyncio.wait(ending, timeout=_LAST_WORDS_SECONDS)
        await self.websocket.close(code=_UNAUTHORIZED, reason="Unauthorized")
