"""Long lists in variables, coerced apart and in turns: graphql-core would hold up everybody else for them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from graphql import (
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    coerce_input_value,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    type_from_ast,
)
from graphql.execution.values import VariableValues

from resolvers.turns import Turn

LONG = 50
_AT_ONCE = 16


class Variables(NamedTuple):
    """What graphql-core is given, and the values that it need not coerce any more."""

    given: dict[str, Any]
    coerced: dict[str, Any]
    asked: Mapping[str, Any]

    def complete(self, values: VariableValues) -> None:
        """Put what is coerced already where graphql-core has put its own."""
        for name, coerced in self.coerced.items():
            values.coerced[name] = coerced
            values.sources[name] = values.sources[name]._replace(value=self.asked[name])


async def in_turns(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> Variables:
    """The variables of an operation, with an empty list for each long one that is coerced already.

    Lists in which anything is wrong stay as they are, for graphql-core knows how to say so.
    """
    coerced: dict[str, Any] = {}
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        given = variables.get(name)
        if isinstance(given, list) and len(given) >= LONG:
            entries = _flat_entries(type_from_ast(schema, definition.type))
            values = await _coerced(given, entries) if entries is not None else None
            if values is not None:
                coerced[name] = values
    return Variables({**variables, **dict.fromkeys(coerced, ())}, coerced, variables)


def _flat_entries(type_: Any) -> Any:
    """The type of a list's entries, where these are objects of scalars, which cannot be nested without end."""
    inner = type_.of_type if is_non_null_type(type_) else type_
    if not is_list_type(inner):
        return None
    entry = inner.of_type.of_type if is_non_null_type(inner.of_type) else inner.of_type
    return inner.of_type if is_input_object_type(entry) and _is_flat(entry) else None


def _is_flat(type_: GraphQLInputObjectType) -> bool:
    types = (field.type for field in type_.fields.values())
    return all(is_leaf_type(each.of_type if is_non_null_type(each) else each) for each in types)


async def _coerced(given: Sequence[Any], entries: Any) -> list[Any] | None:
    """The coerced list; None where it cannot be."""
    values: list[Any] = []
    turn = Turn()
    for start in range(0, len(given), _AT_ONCE):
        if turn.is_over():
            await turn.give()
        some = coerce_input_value(given[start : start + _AT_ONCE], GraphQLList(entries))
        if some is Undefined:
            return None
        values += some
    return values
