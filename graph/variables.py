"""Lists of small objects in variables, coerced apart and in turns.

graphql-core looks into each entry as into anything else, several microseconds for each of its fields, and holds up
everybody else meanwhile.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from graphql import (
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    type_from_ast,
)
from graphql.execution.values import VariableValues
from graphql.utilities.coerce_input_value import coerce_default_value

from resolvers.turns import Turn

_SHORT = 8


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


class _Texts(NamedTuple):
    """An input type whose fields are texts: their names, what stands for absent ones, and what is made of all."""

    names: frozenset[str]
    absent: Mapping[str, Any]
    build: Callable[[dict[str, Any]], Any]

    def coerced(self, given: object) -> Any:
        """The entry as graphql-core would coerce it; None where it is not as simple as that."""
        if type(given) is not dict or not self.names.issuperset(given):
            return None
        if any(type(each) is not str and each is not None for each in given.values()):
            return None
        return self.build({**self.absent, **given})


async def in_turns(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> Variables:
    """The variables of an operation, with an empty list for each one that is coerced already.

    A list with an entry that is not as simple as it might be stays as it is: graphql-core knows what is wrong.
    """
    coerced: dict[str, Any] = {}
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        given = variables.get(name)
        if type(given) is list and len(given) > _SHORT:
            texts = _entries_of(type_from_ast(schema, definition.type))
            values = await _coerced(given, texts) if texts is not None else None
            if values is not None:
                coerced[name] = values
    return Variables({**variables, **dict.fromkeys(coerced, ())}, coerced, variables)


def _entries_of(type_: Any) -> _Texts | None:
    """The entries of a list type, where they are objects of texts."""
    inner = type_.of_type if is_non_null_type(type_) else type_
    if not is_list_type(inner):
        return None
    entry = inner.of_type.of_type if is_non_null_type(inner.of_type) else inner.of_type
    return _texts(entry) if is_input_object_type(entry) else None


@functools.lru_cache(maxsize=64)
def _texts(type_: GraphQLInputObjectType) -> _Texts | None:
    fields = type_.fields
    if type_.is_one_of or any(
        each.type not in (GraphQLString, GraphQLID) or each.out_name not in (None, name)
        for name, each in fields.items()
    ):
        return None
    defaults = {name: coerce_default_value(each) for name, each in fields.items()}
    absent = {name: default for name, default in defaults.items() if default is not Undefined}
    return _Texts(frozenset(fields), absent, type_.out_type)


async def _coerced(given: Sequence[Any], texts: _Texts) -> list[Any] | None:
    """The coerced list; None where an entry is not as simple as that."""
    values: list[Any] = []
    turn = Turn()
    for each in given:
        if turn.is_over():
            await turn.give()
        value = texts.coerced(each)
        if value is None:
            return None
        values.append(value)
    return values
