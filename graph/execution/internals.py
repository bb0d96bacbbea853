"""What the compiled path relies on in graphql-core and Strawberry; where that has changed, it stays off."""

import inspect
from collections.abc import Iterator
from typing import Any, NamedTuple

from graphql import GraphQLBoolean, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLScalarType, GraphQLString
from graphql.execution import Executor
from graphql.execution.collect_fields import CollectedFields, FieldDetails
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import CustomGraphQLEnumType, GraphQLCoreConverter
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

_PARAMETERS = {
    "build_per_event_executor": ["self", "payload"],
    "build_response": ["self", "data"],
    "collect_subfields": ["self", "return_type", "field_details_list"],
    "collect_and_execute_subfields": [
        *("self", "return_type", "field_details_list", "path", "result", "position_context"),
    ],
    "complete_iterable_value": [
        *("self", "item_type", "field_details_list", "info", "path", "items", "position_context"),
    ],
    "complete_awaitable_list_item_value": [
        *("self", "item", "item_type", "field_details_list", "info", "item_path", "position_context"),
    ],
    "complete_list_item_value": [
        *("self", "item", "complete_results", "item_type", "field_details_list", "info", "item_path"),
        "position_context",
    ],
    "track_async_work": ["self", "values"],
    "execute_fields": ["self", "parent_type", "source_value", "path", "grouped_field_set", "position_context"],
}
_SCALARS: dict[GraphQLScalarType, Any] = {
    GraphQLString: "text",
    GraphQLID: "id",
    GraphQLBoolean: True,
    GraphQLInt: -7,
    GraphQLFloat: 0.5,
}
_ATTRIBUTES: dict[type, tuple[str, ...]] = {
    StrawberryField: ("base_resolver", "get_result", "is_basic_field"),
    StrawberryResolver: ("is_async", "parent_parameter", "reserved_parameters"),
    GraphQLCoreConverter: ("DEFINITION_BACKREF",),
    CustomGraphQLEnumType: ("coerce_output_value",),
}
_KEPT_BY_EXECUTORS = {"_relevant_sub_fields", "abort_signal", "fragment_definitions", "middleware_manager"}


class Internals(NamedTuple):
    """The classes of graphql-core that are relied on, as they are installed."""

    executor: type[Executor[Any]] = StrawberryGraphQLCoreExecutionContext
    details: type[NamedTuple] = FieldDetails
    collected: type[NamedTuple] = CollectedFields


def unknown(internals: Internals | None = None) -> str | None:
    """The first thing that is not as the compiled path knows it, None where everything is."""
    return next(_differences(internals or Internals()), None)


def _differences(internals: Internals) -> Iterator[str]:
    for name, parameters in _PARAMETERS.items():
        method = getattr(internals.executor, name, None)
        if method is None or list(inspect.signature(method).parameters) != parameters:
            yield f"{internals.executor.__name__}.{name} takes other parameters"
    for name in _KEPT_BY_EXECUTORS.difference(Executor.__init__.__code__.co_names):
        yield f"an executor has no {name}"
    if internals.details._fields[:2] != ("node", "defer_usage"):
        yield f"{internals.details.__name__} has other fields"
    if internals.collected._fields[:2] != ("grouped_field_set", "new_defer_usages"):
        yield f"{internals.collected.__name__} has other fields"
    for kind, names in _ATTRIBUTES.items():
        yield from (f"{kind.__name__} has no {name}" for name in names if not hasattr(kind, name))
    for scalar, value in _SCALARS.items():
        if scalar.coerce_output_value(value) is not value:
            yield f"{scalar.name} shows {value!r} as something else"
