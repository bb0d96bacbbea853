"""Streams that ask alike: each event is executed and encoded once for all of them."""

import asyncio
import itertools
import weakref
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Any, TypeAlias, TypeVar, cast

import orjson
from graphql import GraphQLError
from msgspec.structs import replace
from strawberry.types import ExecutionResult

from graph.recent import Recent
from resolvers.domain import PrecheckEvent

Execute: TypeAlias = Callable[[PrecheckEvent], ExecutionResult | Awaitable[ExecutionResult]]
_Made = TypeVar("_Made")

# Stands in an encoded event where its gap belongs. No text of an answer holds it: JSON escapes its second sign.
_HOLE = b'"\x00gap"'
_ROOM = 32 * 1024 * 1024
_MOST_FORMS = 4  # viewers on sockets of their own mostly name their operations alike
_LONGEST_NAME = 64
_TIMES_HELD = 2 + _MOST_FORMS  # the text, with the gap filled in, and those forms
_ITEM_BYTES = 768
_OVERHEAD_BYTES = 2048


class Shared(ExecutionResult):
    """A result that goes to many; its data is JSON already, and what a transport makes of it is kept beside it."""

    def __init__(self, data: orjson.Fragment, errors: list[GraphQLError] | None) -> None:
        super().__init__(cast("Any", data), errors)
        self._made: dict[Hashable, Any] = {}

    def made(self, name: Hashable, make: Callable[["Shared"], _Made]) -> _Made:
        """What `make` makes of it, under a name of its own; made once where viewers name it alike."""
        made = self._made.get(name)
        if made is None:
            made = make(self)
            if len(self._made) < _MOST_FORMS and (not isinstance(name, str) or len(name) <= _LONGEST_NAME):
                self._made[name] = made
        return cast("_Made", made)


class Encoded:
    """An event as equal viewers see it; whether one of them has missed some before it is left open."""

    def __init__(self, event: PrecheckEvent, result: ExecutionResult, gap_names: Iterable[str]) -> None:
        self.event = event
        self._errors: list[GraphQLError] | None = result.errors
        for shown in result.data.values() if isinstance(result.data, dict) else ():
            for name in gap_names if isinstance(shown, dict) else ():
                if name in shown:
                    shown[name] = orjson.Fragment(_HOLE)
        self._text = orjson.dumps(result.data)
        self._shared: dict[bool, Shared] = {}

    @property
    def size(self) -> int:
        """Bytes, with those of the usual forms of it, and of what the event keeps alive."""
        items = len(self.event.precheck.items) if self.event.precheck else 0
        return _TIMES_HELD * len(self._text) + _ITEM_BYTES * items + _OVERHEAD_BYTES

    def result(self, *, gap: bool) -> Shared:
        """The event's result."""
        result = self._shared.get(gap)
        if result is None:
            data = orjson.Fragment(self._text.replace(_HOLE, b"true" if gap else b"false"))
            result = self._shared[gap] = Shared(data, self._errors)
        return result


class Audience:
    """The viewers who ask alike, while there are any. `execute` makes the result of an event for all of them."""

    def __init__(
        self,
        question: Hashable,
        number: int,
        execute: Execute,
        gap_names: Iterable[str],
        kept: Recent[Hashable, Encoded],
    ) -> None:
        self.question = question
        self.members = 0
        self._number = number
        self._execute = execute
        self._gap_names = gap_names
        self._kept = kept
        self._newest: weakref.ref[Encoded] | None = None
        self._under_way: dict[Hashable, asyncio.Task[Encoded]] = {}

    def now(self, event: PrecheckEvent) -> Shared | None:
        """The result of an event, executed for whoever comes first; None where that takes waiting."""
        newest = self._newest() if self._newest is not None else None
        if newest is not None and newest.event is event:
            return newest.result(gap=event.gap)
        key = self._key(event)
        encoded = self._kept.get(key) or self._begun(key, event)
        if encoded is None:
            return None
        self._newest = weakref.ref(encoded)
        return encoded.result(gap=event.gap)

    async def result(self, event: PrecheckEvent) -> ExecutionResult:
        """The result of an event, be it that one has to wait for it."""
        if self.members == 1 and not self._under_way:
            made = self._execute(event)
            return made if isinstance(made, ExecutionResult) else await made
        result = self.now(event)
        if result is not None:
            return result
        encoded = await asyncio.shield(self._under_way[self._key(event)])
        return encoded.result(gap=event.gap)

    def _key(self, event: PrecheckEvent) -> Hashable:
        return self._number, event.kind, event.cursor, event.remaining, id(event.precheck), id(event.problem)

    def _begun(self, key: Hashable, event: PrecheckEvent) -> Encoded | None:
        if key in self._under_way:
            return None
        made = self._execute(replace(event, gap=False))
        if isinstance(made, ExecutionResult):
            return self._encoded(key, event, made)
        # A task of its own: the viewer who came first may leave while the others wait.
        self._under_way[key] = asyncio.create_task(self._awaited(key, event, made))
        return None

    async def _awaited(self, key: Hashable, event: PrecheckEvent, made: Awaitable[ExecutionResult]) -> Encoded:
        try:
            return self._encoded(key, event, await made)
        finally:
            del self._under_way[key]

    def _encoded(self, key: Hashable, event: PrecheckEvent, result: ExecutionResult) -> Encoded:
        encoded = Encoded(event, result, self._gap_names)
        # Kept with its event, so that no other one is given the identities of what that shows.
        if self.members > 1:
            self._kept.keep(key, encoded, encoded.size)
        return encoded


class Audiences:
    """All streams of this process by what they ask; the newest events are kept encoded, 32 MiB of them at most."""

    def __init__(self) -> None:
        self._audiences: dict[Hashable, Audience] = {}
        self._kept: Recent[Hashable, Encoded] = Recent(most=4096, largest=_ROOM, room=_ROOM)
        self._numbers = itertools.count()

    def join(self, question: Hashable, execute: Execute, gap_names: Iterable[str]) -> Audience:
        """The audience of a question, which has one member more now; nobody else joins that of None."""
        audience = self._audiences.get(question)
        if audience is None:
            audience = Audience(question, next(self._numbers), execute, gap_names, self._kept)
            if question is not None:
                self._audiences[question] = audience
        audience.members += 1
        return audience

    def leave(self, audience: Audience) -> None:
        """It has one member less."""
        audience.members -= 1
        if not audience.members:
            self._audiences.pop(audience.question, None)
