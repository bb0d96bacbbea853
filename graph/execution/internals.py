"""What the compiled path relies on in graphql-core and Strawberry; where that has changed, it stays off."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

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
    "execute_fields": ["self", "parent_type", "source_value", "path", "grouped_field_set", "position_context"],
}
_SCALARS: dict[GraphQLScalarType, Any] = {
    GraphQLString: "text",
    GraphQLID: "id",
    GraphQLBoolean: True,
    GraphQLInt: -7,
    GraphQLFloat: 0.5,
}
_OF_FIELDS = ("base_resolver", "default_resolver", "extensions", "get_result", "is_basic_field", "is_subscription")
_OF_RESOLVERS = ("is_async", "parent_parameter", "reserved_parameters")


@dataclass(frozen=True)
class Internals:
    """The classes that are relied on, as they are installed."""

    executor: type[Executor[Any]] = StrawberryGraphQLCoreExecutionContext
    details: type = FieldDetails
    collected: type = CollectedFields
    scalars: dict[GraphQLScalarType, Any] = field(default_factory=lambda: _SCALARS)


def unknown(internals: Internals | None = None) -> str | None:
    """The first thing that is not as the compiled path knows it, None where everything is."""
    return next(_differences(internals or Internals()), None)


def _differences(internals: Internals) -> Iterator[str]:
    for name, parameters in _PARAMETERS.items():
        method = getattr(internals.executor, name, None)
        if method is None or list(inspect.signature(method).parameters) != parameters:
            yield f"{internals.executor.__name__}.{name} takes other parameters"
    if internals.details.__match_args__[:2] != ("node", "defer_usage"):  # type: ignore[attr-defined]
        yield "FieldDetails has other fields"
    if internals.collected.__match_args__[:2] != ("grouped_field_set", "new_defer_usages"):  # type: ignore[attr-defined]
        yield "CollectedFields has other fields"
    yield from (
        f"{type_.name} shows {value!r} as something else"
        for type_, value in internals.scalars.items()
        if type_.coerce_output_value(value) is not value
    )
    yield from _strawberry()


def _strawberry() -> Iterator[str]:
    yield from (f"StrawberryField has no {name}" for name in _OF_FIELDS if name not in dir(StrawberryField()))
    yield from (
        f"StrawberryResolver has no {name}" for name in _OF_RESOLVERS if not hasattr(StrawberryResolver, name)
    )
    if not hasattr(GraphQLCoreConverter, "DEFINITION_BACKREF"):
        yield "the converter leaves no way back to its definitions"
    if not hasattr(CustomGraphQLEnumType, "coerce_output_value"):
        yield "CustomGraphQLEnumType coerces by another method"
