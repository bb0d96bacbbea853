"""Execution for those who are served: answers for orjson, in an event loop in which others wait."""

import asyncio
import time
from collections.abc import Iterable, ValuesView
from typing import Any, NamedTuple

import structlog
from graphql import GraphQLOutputType, GraphQLResolveInfo
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.executor import collect_iterator_awaitables
from graphql.pyutils import Path, gather_with_cancel
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph.execution.executor import CompiledExecutor, Completed, Interpreter
from graph.execution.internals import Internals, unknown
from graph.execution.turns import Slices
from resolvers.turns import Seconds, Turn

_log = structlog.get_logger()


def executor_class(is_compiled: bool, internals: Internals | None = None) -> type[Executor[Any]]:
    """What executes: with plans if that is wanted, and nothing of ours where the libraries are others."""
    if (why := unknown(internals)) is not None:
        _log.warning("compiled_execution_off", why=why)
        return StrawberryGraphQLCoreExecutionContext
    return ServedExecutor if is_compiled else Interpreter


class _List(NamedTuple):
    """A list to complete, with all that graphql-core has said of it."""

    item_type: GraphQLOutputType
    details: list[FieldDetails]
    info: GraphQLResolveInfo[Any]
    path: Path
    items: list[Any] | tuple[Any, ...]


class ServedExecutor(CompiledExecutor):
    """Gives fragments of JSON for what it knows already, and pauses in lists of `many` entries and more."""

    is_encoded = True
    many = 16
    clock: Seconds = staticmethod(time.perf_counter)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_inside = False

    def complete_iterable_value(
        self,
        item_type: GraphQLOutputType,
        field_details_list: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Iterable[Any],
        position_context: Any,
    ) -> Completed:
        """A list; a long one in turns, but for one inside another, for the outer one pauses."""
        is_ours = self._plans is not None and position_context is None and not self._is_inside
        if is_ours and isinstance(items, ValuesView):
            items = list(items)  # as introspection has all types
        if is_ours and isinstance(items, list | tuple) and len(items) >= self.many:
            plan = self._plan("list", item_type, field_details_list)
            listed = _List(item_type, field_details_list, info, path, items)
            if plan is None:
                return self._item_by_item(listed)
            if type(items) is list or not plan.is_of_readings:
                return self._slice_by_slice(Slices(plan.run, items, self.clock), listed)
        return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)

    def _slice_by_slice(self, slices: Slices, listed: _List) -> Completed:
        """At once where one turn is enough."""
        is_done = self._run(slices.work)
        return slices.result if is_done else self._in_turns(slices, is_done, listed)

    async def _in_turns(self, slices: Slices, is_done: bool | None, listed: _List) -> Completed:
        while is_done is False:
            await slices.turn.give()
            is_done = self._run(slices.work)
        return slices.result if is_done else await self._item_by_item(listed)

    async def _item_by_item(self, listed: _List) -> list[Any]:
        """As graphql-core completes a list, and in turns."""
        completed: list[Any] = []
        waiting: dict[int, Any] = {}
        turn = Turn(self.clock)
        items = iter(tuple(listed.items))
        try:
            for index, item in enumerate(items):
                if turn.is_over():
                    await turn.give()
                if self._complete_item(item, listed, listed.path.add_key(index, None), completed):
                    waiting[index] = completed[index]
            if waiting:
                waiting = {index: asyncio.ensure_future(each) for index, each in waiting.items()}
                await asyncio.sleep(0)  # what is cancelled before it has begun leaves coroutines behind
        except BaseException:
            self.track_async_work([*waiting.values(), *collect_iterator_awaitables(items, self.is_awaitable)])
            raise
        found = await gather_with_cancel(*waiting.values())
        for index, each in zip(waiting, found, strict=True):
            completed[index] = each
        return completed

    def _complete_item(self, item: Any, listed: _List, path: Path, completed: list[Any]) -> bool:
        """Append the completed item, or what is to be awaited for it; whether it is."""
        self._is_inside = True
        try:
            if not self.is_awaitable(item):
                return self.complete_list_item_value(
                    item, completed, listed.item_type, listed.details, listed.info, path, None
                )
            completed.append(
                self.complete_awaitable_list_item_value(
                    item, listed.item_type, listed.details, listed.info, path, None
                )
            )
            return True
        finally:
            self._is_inside = False
