"""The seam to graphql-core: where a plan fits it runs, and graphql-core goes on wherever it is surprised."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeAlias, cast

from graphql import GraphQLObjectType, GraphQLOutputType, GraphQLResolveInfo
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph.execution.plans import Plan, list_plan, object_plan, place_of, plans_of
from resolvers.metrics import EXECUTIONS

Completed: TypeAlias = Any
_Details: TypeAlias = list[FieldDetails]

COMPILED, INTERPRETED, FELL_BACK = "compiled", "interpreted", "fell_back"
_COUNTED = {path: EXECUTIONS.labels(path) for path in (COMPILED, INTERPRETED, FELL_BACK)}


class Interpreter(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's way, counted, and without what its version 3.3.2 keeps of every event of a stream."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._path = INTERPRETED

    def build_per_event_executor(self, payload: Any) -> Executor[Any]:
        """An executor that shares no memory of fields: each event has fields of its own, and adds them to it."""
        executor = super().build_per_event_executor(payload)
        cast("Interpreter", executor).begin()
        return executor

    def begin(self) -> None:
        """Forget the event before."""
        self._relevant_sub_fields = {}
        self._path = INTERPRETED

    def build_response(self, data: dict[str, Any] | None) -> Any:
        """The result; an operation, or an event of a stream, ends here."""
        _COUNTED[self._path].inc()
        return super().build_response(data)


class CompiledExecutor(Interpreter):
    """Runs plans where graphql-core completes lists and objects; not where an extension hooks every field."""

    is_encoded = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        middleware = self.middleware_manager
        is_hooked = middleware is not None and bool(middleware.middlewares)
        self._plans = (
            None if is_hooked or self.abort_signal is not None else plans_of(self, is_encoded=self.is_encoded)
        )
        self._conditions = self._plans.conditions(self) if self._plans is not None else ()
        self._found: dict[tuple[str, object, int], tuple[Plan | None, _Details]] = {}

    def begin(self) -> None:
        """Forget the event before."""
        super().begin()
        self._found = {}

    def complete_iterable_value(
        self,
        item_type: GraphQLOutputType,
        field_details_list: _Details,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Iterable[Any],
        position_context: Any,
    ) -> Completed:
        """A list at once, or item by item."""
        plan = self._plan("list", item_type, field_details_list) if position_context is None else None
        if plan is not None and (completed := self._run(plan.run, items)) is not None:
            return completed
        return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)

    def collect_and_execute_subfields(
        self,
        return_type: GraphQLObjectType,
        field_details_list: _Details,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Completed:
        """An object at once, but for the fields with resolvers, or field by field."""
        plan = self._plan("object", return_type, field_details_list) if position_context is None else None
        if plan is not None and (completed := self._run(plan.run, result)) is not None:
            return self._complete(completed, plan, return_type, field_details_list, path, result)
        return super().collect_and_execute_subfields(
            return_type, field_details_list, path, result, position_context
        )

    def _run(self, run: Callable[..., Completed], *given: Any) -> Completed | None:
        """What is completed; None, and nothing done, where the plan was surprised."""
        try:
            completed = run(*given)
        except Exception:
            self._path = FELL_BACK
            return None
        if self._path is INTERPRETED:
            self._path = COMPILED
        return completed

    def _complete(
        self,
        completed: dict[str, Any],
        plan: Plan,
        type_: GraphQLObjectType,
        details: _Details,
        path: Path,
        result: Any,
    ) -> Completed:
        """The object with the fields that were left, each at its place in the order."""
        if not plan.left:
            return completed
        grouped = self.collect_subfields(type_, details).grouped_field_set
        rest = self.execute_fields(type_, result, path, {key: grouped[key] for key in plan.left}, None)
        if self.is_awaitable(rest):
            return _updated(completed, rest)
        completed.update(cast("dict[str, Any]", rest))
        return completed

    def _plan(self, kind: str, type_: Any, details: _Details) -> Plan | None:
        found = self._found.get((kind, type_, id(details)))
        if found is None:
            plan = self._find(kind, type_, details)
            # The details stay alive with the entry, so that their id is not used again.
            found = self._found[kind, type_, id(details)] = (plan, details)
        return found[0]

    def _find(self, kind: str, type_: Any, details: _Details) -> Plan | None:
        if self._plans is None:
            return None
        make = list_plan if kind == "list" else object_plan
        place = place_of(kind, type_, details, self._conditions)
        is_encoded = self.is_encoded
        return self._plans.find(place, lambda survey: make(survey, type_, details, is_encoded=is_encoded), self)


async def _updated(completed: dict[str, Any], rest: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    completed.update(await rest)
    return completed
