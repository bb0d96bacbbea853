"""What of a selection is plain data: attributes, and functions of nothing but their object, all the way down."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import (
    GraphQLField,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from graph.types.views import InstancesOf

CONDITIONS = frozenset({"include", "skip"})


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar or an enum."""

    type: GraphQLLeafType
    is_nullable: bool


@dataclass(frozen=True, slots=True)
class Many:
    """A list."""

    item: "Shape"
    is_nullable: bool


@dataclass(frozen=True, slots=True)
class One:
    """An object. `values` is the class of its values, None where graphql-core has looked or none is asked for."""

    shown_as: GraphQLObjectType
    fields: tuple["Field", ...]
    is_nullable: bool
    values: type | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    """Read from the object."""

    name: str


@dataclass(frozen=True, slots=True)
class Function:
    """Called with the object as this keyword, and with nothing else."""

    function: Callable[..., Any]
    keyword: str


@dataclass(frozen=True, slots=True)
class Plain:
    """A field under its response key, how it is read, and what its value is made of."""

    key: str
    source: Attribute | Function
    value: "Shape"


@dataclass(frozen=True, slots=True)
class Left:
    """A field that graphql-core executes."""

    key: str


@dataclass(frozen=True, slots=True)
class Named:
    """`__typename` under its response key."""

    key: str
    name: str


Shape: TypeAlias = Leaf | Many | One
Field: TypeAlias = Plain | Left | Named


def is_read(shape: Shape) -> bool:
    """Whether nothing is called to show it: a function might give something else another time."""
    match shape:
        case Many():
            return is_read(shape.item)
        case One():
            return all(_is_read(field) for field in shape.fields)
    return True


def _is_read(field: Field) -> bool:
    if isinstance(field, Plain):
        return isinstance(field.source, Attribute) and is_read(field.value)
    return isinstance(field, Named)


class TooMany(Exception):
    """More fields than may be planned: fragments within fragments unfold without end."""


class Survey:
    """Finds the shapes of one executor's selections, of `most` fields at most. Raises TooMany beyond."""

    def __init__(self, executor: Executor[Any], most: int) -> None:
        self._executor = executor
        self._left = most

    @property
    def left(self) -> int:
        """How many fields may still be planned."""
        return self._left

    def of_object(self, type_: GraphQLObjectType, details: list[FieldDetails]) -> One | None:
        """The fields of an object whose type graphql-core has checked; None where they cannot be known."""
        if not all(_is_decided(each) for each in details):
            return None
        collected = self._executor.collect_subfields(type_, details)
        if collected.new_defer_usages:
            return None
        fields = [self._field(type_, key, found) for key, found in collected.grouped_field_set.items()]
        return One(type_, tuple(filter(None, fields)), is_nullable=False) if all(fields) else None

    def of_value(self, type_: GraphQLOutputType, details: list[FieldDetails]) -> Shape | None:
        """What a value is made of, where all of it is plain."""
        is_nullable = not is_non_null_type(type_)
        inner = type_.of_type if is_non_null_type(type_) else type_
        if not all(_is_decided(each) for each in details):
            return None
        if is_leaf_type(inner):
            return Leaf(inner, is_nullable)
        if is_list_type(inner):
            item = self.of_value(inner.of_type, details)
            return Many(item, is_nullable) if item else None
        return self._nested(inner, details, is_nullable) if is_object_type(inner) else None

    def _nested(self, type_: GraphQLObjectType, details: list[FieldDetails], is_nullable: bool) -> One | None:
        is_type_of = type_.is_type_of
        if is_type_of is not None and not isinstance(is_type_of, InstancesOf):
            return None
        shape = self.of_object(type_, details)
        if shape is None or any(isinstance(field, Left) for field in shape.fields):
            return None
        return One(type_, shape.fields, is_nullable, is_type_of.values if is_type_of else None)

    def _field(self, parent: GraphQLObjectType, key: str, details: list[FieldDetails]) -> Field | None:
        """One field; None where the type has no such field."""
        self._left -= 1
        if self._left < 0:
            raise TooMany
        name = details[0].node.name.value
        if name == "__typename":
            return Named(key, parent.name)
        definition = self._executor.schema.get_field(parent, name)
        if definition is None:
            return None
        source = _source(definition) if not details[0].node.arguments else None
        value = self.of_value(definition.type, details) if source else None
        return Plain(key, source, value) if source and value else Left(key)


def _is_decided(details: FieldDetails) -> bool:
    """Whether nothing but conditions, which are met already, stands on the field."""
    directives = details.node.directives or ()
    return details.defer_usage is None and all(each.name.value in CONDITIONS for each in directives)


def _source(definition: GraphQLField) -> Attribute | Function | None:
    extensions: Mapping[str, Any] = definition.extensions or {}
    field = extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(field, StrawberryField) or type(field).get_result is not StrawberryField.get_result:
        return None
    if field.base_resolver is not None:
        return _function(field)
    is_read = field.is_basic_field and field.default_resolver is getattr and not definition.args
    is_as_made = getattr(definition.resolve, "_is_default", False)
    return Attribute(field.python_name) if is_read and is_as_made and field.python_name.isidentifier() else None


def _function(field: StrawberryField) -> Function | None:
    """A resolver that is given its parent alone: it can reach nothing else, so it may be called twice."""
    resolver = field.base_resolver
    if resolver is None or resolver.is_async or field.extensions or field.is_subscription:
        return None
    given = [parameter for parameter in resolver.reserved_parameters.values() if parameter is not None]
    if resolver.parent_parameter is None or given != [resolver.parent_parameter]:
        return None
    if any(argument.default is not None for argument in field.arguments) or not callable(resolver.wrapped_func):
        return None
    return Function(resolver.wrapped_func, resolver.parent_parameter.name)
