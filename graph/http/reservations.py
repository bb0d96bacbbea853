"""Streams that clients have reserved: who may use which, and how many wait to be opened."""

import asyncio
import secrets
from collections.abc import Hashable
from functools import partial
from typing import NamedTuple

from strawberry.http.streaming import JSONEncoder

from graph.http.refusals import Refusal
from graph.http.single_connection import SingleConnection
from resolvers.context import Context
from resolvers.errors import StreamConflict, StreamNotFound, TooManyStreams

MOST_UNOPENED = 1_000
MOST_UNOPENED_PER_CLIENT = 100
_TOKEN_BYTES = 32


class _Reserved(NamedTuple):
    owner: Hashable
    connection: SingleConnection


class _Unopened(NamedTuple):
    client: str
    timer: asyncio.TimerHandle


class Reservations:
    """The reserved streams of one endpoint, by their tokens; one that is not opened in time is forgotten."""

    def __init__(self, encode_json: JSONEncoder, open_seconds: float, most_operations: int) -> None:
        self._encode_json = encode_json
        self._open_seconds = open_seconds
        self._most_operations = most_operations  # on each stream
        self._reserved: dict[str, _Reserved] = {}
        self._unopened: dict[str, _Unopened] = {}

    def reserve(self, context: Context) -> str:
        """The token of a new stream of this caller. Raises TooManyStreams where too many wait to be opened."""
        self._check_room(context.client)
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        connection = SingleConnection(self._encode_json, self._most_operations, partial(self._forget, token))
        self._reserved[token] = _Reserved(_owner(context), connection)
        timer = asyncio.get_running_loop().call_later(self._open_seconds, connection.end)
        self._unopened[token] = _Unopened(context.client, timer)
        return token

    def find(self, token: str | None, context: Context) -> SingleConnection:
        """The stream of this token. Raises Refusal where there is none that this caller has reserved."""
        reserved = self._reserved.get(token or "")
        if reserved is None or reserved.owner != _owner(context):
            said = "There is no such stream: it has ended, or was never reserved. Reserve one by PUT."
            raise Refusal(404, said, error=StreamNotFound)
        return reserved.connection

    def open(self, token: str, context: Context) -> SingleConnection:
        """The stream of this token, to be written now. Raises Refusal where there is none, or it is open."""
        connection = self.find(token, context)
        if connection.is_open:
            said = "This stream is open already: a reservation is good for one connection."
            raise Refusal(409, said, error=StreamConflict)
        self._unopened.pop(token).timer.cancel()
        connection.open(context.caller, context.services.clock)
        return connection

    def restart(self) -> None:
        """Have every stream end as the server does."""
        for reserved in list(self._reserved.values()):
            reserved.connection.restart()

    def _check_room(self, client: str) -> None:
        own = sum(each.client == client for each in self._unopened.values())
        if own >= MOST_UNOPENED_PER_CLIENT:
            raise TooManyStreams(f"One client may have {own} streams reserved that it has not opened: open them.")
        if len(self._unopened) >= MOST_UNOPENED:
            raise TooManyStreams("Too many streams are reserved and not opened yet. Ask again in a moment.")

    def _forget(self, token: str) -> None:
        self._reserved.pop(token, None)
        unopened = self._unopened.pop(token, None)
        if unopened is not None:
            unopened.timer.cancel()


def _owner(context: Context) -> Hashable:
    """Equal for tokens that name the same one and allow the same; whoever renews a token keeps its streams."""
    caller = context.caller
    return caller and (caller.subject, caller.providers, caller.rights)
