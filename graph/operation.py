"""One operation on its way: admitted, executed within its time, presented."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Iterable
from contextlib import aclosing
from copy import copy
from functools import partial
from typing import Any, Self, TypeVar, cast

import orjson
import strawberry
from graphql import GraphQLError
from graphql.execution import ExecutionResult as Executed
from graphql.execution import Executor, create_source_event_stream
from strawberry.exceptions import MissingQueryError
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from graph.admission import Admission, Asked, Policy, Sent
from graph.deadline import in_time
from graph.documents import MOST_ERRORS, Refused
from graph.errors import presented
from graph.results import Pushed, Results, Stream
from graph.sharing import Audience, Audiences, Shared
from graph.types.views import hand_over
from graph.variables import in_turns
from resolvers.context import Context
from resolvers.domain import PrecheckEvent
from resolvers.errors import OperationTimedOut, TooMuchAtOnce
from resolvers.subscription import Events

_Result = TypeVar("_Result", bound=ExecutionResult)
_ALL = frozenset(OperationType)


class OperationSchema(strawberry.federation.Schema):
    """Strawberry's federated schema with a way of its own from a text to a result.

    Strawberry runs its extensions around every step of every operation, which takes longer than a small operation
    itself. What extensions would do here is done in place, and none can be added.
    """

    policy = Policy()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("extensions"):
            raise ValueError("this schema runs no extensions")
        super().__init__(*args, **kwargs)
        hand_over(self.schema_converter)
        self._admission = Admission(self._schema, self.policy)
        self._audiences = Audiences()

    def executed_by(self, executor: type[Executor[Any]], policy: Policy = Policy()) -> Self:  # noqa: B008
        """The same schema, with another way to execute and a policy of its own.

        Raises ManifestError for a trusted document that it would not execute.
        """
        other = copy(self)
        other.execution_context_class = executor
        other.policy = policy
        other._admission = Admission(self._schema, policy)
        other._audiences = Audiences()
        return other

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any = None,
        root_value: Any = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,  # noqa: ARG002 - Strawberry's parameter
    ) -> ExecutionResult:
        """The one result of a query.

        Raises MissingQueryError, CannotGetOperationTypeError for an unknown operation,
        InvalidOperationTypeError for one of another type than is allowed, and TooMuchAtOnce.
        """
        allowed = _ALL if allowed_operation_types is None else frozenset(allowed_operation_types)
        sent = Sent(query, variable_values, context_value, root_value, operation_name, allowed)
        try:
            asked = self._admission.admit(sent)
        except Refused as refusal:
            return _presented(PreExecutionError(data=None, errors=refusal.errors))
        return await self._result(asked)

    async def stream(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any = None,
        root_value: Any = None,
        operation_name: str | None = None,
        operation_extensions: dict[str, Any] | None = None,  # noqa: ARG002 - Strawberry's parameter
        allowed_operation_types: Iterable[OperationType] | None = None,
    ) -> Stream:
        """The results of any operation: those of a subscription, which are `Results`, or that of a query alone.

        A PreExecutionError is of a document that gateways would refuse themselves: docs/decisions/0045.
        """
        allowed = _ALL if allowed_operation_types is None else frozenset(allowed_operation_types)
        sent = Sent(query, variable_values, context_value, root_value, operation_name, allowed)
        try:
            asked = self._admission.admit(sent)
        except Refused as refusal:
            kind = ExecutionResult if refusal.is_valid else PreExecutionError
            return _only(_presented(kind(data=None, errors=refusal.errors)))
        except (MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError) as error:
            return _only(unexecuted(error))
        except TooMuchAtOnce as error:
            return _only(_presented(ExecutionResult(data=None, errors=[_located(error)])))
        if asked.operation.operation.value != OperationType.SUBSCRIPTION.value:
            return self._one_result(asked)
        pushed = Pushed()
        return Results(self._events(asked, pushed), pushed)

    async def _result(self, asked: Asked) -> ExecutionResult:
        try:
            executor = await self._executor(asked)
            if isinstance(executor, list):
                return _presented(PreExecutionError(data=None, errors=executor))
            executed = executor.execute_operation()
            result = (
                executed
                if isinstance(executed, Executed)
                else await in_time(cast("Awaitable[Executed]", executed), self.policy.operation_seconds)
            )
        except Exception as error:
            return _presented(PreExecutionError(data=None, errors=[_located(error)]))
        return _result_of(result)

    async def _executor(self, asked: Asked) -> Executor[Any] | list[GraphQLError]:
        variables = await in_turns(self._schema, asked.operation, asked.variables or {})
        executor = (self.execution_context_class or Executor).build(
            self._schema,
            asked.document.node,
            asked.root,
            asked.context,
            variables.given,
            asked.name,
            max_coercion_errors=MOST_ERRORS,
            is_awaitable=cast("Any", optimized_is_awaitable),
            hide_suggestions=self.policy.hides_suggestions,
        )
        if not isinstance(executor, list):
            variables.complete(executor.variable_values)
        return executor

    async def _one_result(self, asked: Asked) -> Stream:
        yield await self._result(asked)

    async def _events(self, asked: Asked, pushed: Pushed) -> Stream:
        source: object = None
        try:
            executor = await self._executor(asked)
            source = executor if isinstance(executor, list) else create_source_event_stream(executor)
            if isinstance(source, Awaitable):
                source = await in_time(source, self.policy.operation_seconds)
            if isinstance(executor, list):
                yield _presented(PreExecutionError(data=None, errors=executor))
                return
            if isinstance(source, list | Executed):
                errors = source.errors if isinstance(source, Executed) else source
                yield _presented(ExecutionResult(data=None, errors=cast("list[GraphQLError]", errors)))
                return
            gap_names = asked.document.selected(asked.operation).gap_names
            audience = self._audiences.join(
                _question(asked), partial(_shown, executor, self.policy.operation_seconds), gap_names
            )
            del asked, executor  # a stream lasts long, and there may be thousands
            try:
                if pushed.send is not None and isinstance(source, Events):
                    source.push_to(partial(_pushed, audience, pushed.send))
                async with aclosing(cast("AsyncGenerator[PrecheckEvent, None]", source)) as events:
                    async for event in events:
                        yield await audience.result(event)
            finally:
                self._audiences.leave(audience)
        except Exception as error:
            kind = PreExecutionError if source is None else ExecutionResult
            yield _presented(kind(None, [_located(error)]))


def unexecuted(
    error: MissingQueryError | CannotGetOperationTypeError | InvalidOperationTypeError,
) -> ExecutionResult:
    """The result of an operation that cannot be the one that was meant."""
    return _presented(PreExecutionError(data=None, errors=[_told(error)]))


def _pushed(audience: Audience, send: Callable[[Shared], bool], event: PrecheckEvent) -> bool:
    """Whether the event could be shown and sent at once."""
    result = audience.now(event)
    return result is not None and send(result)


def _question(asked: Asked) -> Hashable:
    """Equal for those whose events are shown alike; None where that cannot be known."""
    if not isinstance(asked.context, Context):
        return None
    given = asked.variables or {}
    names = asked.document.selected(asked.operation).variables
    values = orjson.dumps({name: given[name] for name in names if name in given}).decode()
    # What executes for the audience keeps the nodes alive, so that their ids are not used again.
    return id(asked.document.node), id(asked.operation), values, asked.context.view


def _shown(
    executor: Executor[Any], seconds: float | None, event: PrecheckEvent
) -> ExecutionResult | Awaitable[ExecutionResult]:
    """An event as the selection shows it, with loaders of its own."""
    of_event = executor.build_per_event_executor(event)
    if isinstance(executor.context_value, Context):
        of_event.context_value = executor.context_value.for_event(event)
    executed = of_event.execute_operation()
    return (
        _result_of(executed)
        if isinstance(executed, Executed)
        else _awaited(cast("Awaitable[Executed]", executed), seconds)
    )


async def _awaited(executed: Awaitable[Executed], seconds: float | None) -> ExecutionResult:
    try:
        return _result_of(await in_time(executed, seconds))
    except OperationTimedOut as error:
        return _presented(ExecutionResult(None, [_located(error)]))


def _result_of(executed: Executed) -> ExecutionResult:
    return _presented(ExecutionResult(executed.data, executed.errors))


async def _only(result: ExecutionResult) -> Stream:
    yield result


def _told(error: MissingQueryError | CannotGetOperationTypeError | InvalidOperationTypeError) -> GraphQLError:
    if isinstance(error, MissingQueryError):
        return GraphQLError("The request has no `query`.")
    if isinstance(error, CannotGetOperationTypeError):
        return GraphQLError(error.as_http_error_reason())
    return GraphQLError(error.as_http_error_reason("this transport"))


def _located(error: Exception) -> GraphQLError:
    return error if isinstance(error, GraphQLError) else GraphQLError(str(error), original_error=error)


def _presented(result: _Result) -> _Result:
    if result.errors:
        result.errors = [presented(error) for error in result.errors]
    return result
