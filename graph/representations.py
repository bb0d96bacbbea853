"""What a gateway says of an entity, held against the keys of its type."""

import inspect
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias, cast

from graphql import (
    FieldNode,
    GraphQLID,
    GraphQLInterfaceType,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    parse,
)
from strawberry.federation.schema_directives import Key
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition

_INFO = "info"
_Composite: TypeAlias = GraphQLObjectType | GraphQLInterfaceType


class KeyField(NamedTuple):
    """A field of a key, and what the key selects of its value."""

    type: GraphQLOutputType
    below: Mapping[str, "KeyField"]


class Entity(NamedTuple):
    """A type with keys: their fields by name, as each key selects them.

    `signature` is that of its `resolve_reference`, None where it has none.
    """

    type: _Composite
    key_fields: Mapping[str, list[KeyField]]
    signature: inspect.Signature | None

    def known(self, representation: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a representation that the type has, by their GraphQL names."""
        return {name: value for name, value in representation.items() if name in self.type.fields}

    def is_named_by(self, fields: Mapping[str, Any]) -> bool:
        """Whether `resolve_reference` takes these fields, and those of keys have values of their types."""
        return self._takes(fields) and all(
            any(_fits(fields[name], *each) for each in of_keys)
            for name, of_keys in self.key_fields.items()
            if name in fields
        )

    def _takes(self, fields: Mapping[str, Any]) -> bool:
        if self.signature is None:
            return True
        info = {_INFO: None} if _INFO in self.signature.parameters else {}
        try:
            self.signature.bind(**{**fields, **info})
        except TypeError:
            return False
        return True


def entities_of(converter: GraphQLCoreConverter) -> dict[str, Entity]:
    """The entities of a schema that was made with this converter, by their names."""
    return {entity.type.name: entity for entity in _entities(converter)}


def _entities(converter: GraphQLCoreConverter) -> Iterator[Entity]:
    for known in converter.type_map.values():
        definition = known.definition
        if not isinstance(definition, StrawberryObjectDefinition):
            continue
        keys = [each.fields for each in definition.directives or () if isinstance(each, Key)]
        if keys:
            type_ = cast("_Composite", known.implementation)
            resolve = getattr(definition.origin, "resolve_reference", None)
            yield Entity(type_, _key_fields(type_, keys), resolve and inspect.signature(resolve))


def _key_fields(type_: _Composite, keys: Iterable[str]) -> Mapping[str, list[KeyField]]:
    found = defaultdict(list)
    for key in keys:
        operation = cast("OperationDefinitionNode", parse(f"{{ {key} }}").definitions[0])
        for name, field in _selected(type_, operation.selection_set).items():
            found[name].append(field)
    return found


def _selected(type_: _Composite, selection: SelectionSetNode | None) -> Mapping[str, KeyField]:
    names = (
        {each.name.value: each for each in selection.selections if isinstance(each, FieldNode)}
        if selection
        else {}
    )
    types = {name: type_.fields[name].type for name in names}
    return {
        name: KeyField(types[name], _selected(cast("_Composite", get_named_type(types[name])), node.selection_set))
        for name, node in names.items()
    }


def _fits(value: object, type_: GraphQLOutputType, below: Mapping[str, KeyField]) -> bool:
    if is_non_null_type(type_):
        return value is not None and _fits(value, type_.of_type, below)
    if value is None:
        return True
    if is_list_type(type_):
        return isinstance(value, list) and all(_fits(each, type_.of_type, below) for each in value)
    if is_leaf_type(type_):
        return _is_of(type_, value)
    return isinstance(value, dict) and all(
        name in value and _fits(value[name], *field) for name, field in below.items()
    )


def _is_of(type_: GraphQLLeafType, value: Any) -> bool:
    if type_ is GraphQLID:
        return isinstance(value, str)  # as every answer writes it; an argument may be a number as well
    try:
        type_.parse_value(value)
    except Exception:  # a scalar may refuse by any
        return False
    return True
