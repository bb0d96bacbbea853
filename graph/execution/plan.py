"""Shapes compiled to straight-line Python, which gives what graphql-core would give, or is surprised."""

import datetime
import functools
from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec
from graphql import (
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLScalarType,
    GraphQLString,
    Undefined,
)
from strawberry.schema.schema_converter import CustomGraphQLEnumType

from graph.execution.shape import Attribute, Field, Leaf, Many, Named, One, Plain, Shape
from graph.recent import Recent

Run: TypeAlias = Callable[[Any], Any]

_SERIALISED = frozenset({str, int, float, bool, datetime.datetime, datetime.date, datetime.timedelta})
_WAYS = frozenset({"__await__", "__class__", "__getattr__", "__getattribute__"})
_REFUSALS: dict[GraphQLLeafType, str] = {
    GraphQLString: "type({0}) is not str",
    GraphQLID: "type({0}) is not str",
    GraphQLBoolean: "{0} is not True and {0} is not False",
    GraphQLInt: "type({0}) is not int or not -2147483648 <= {0} <= 2147483647",
    GraphQLFloat: "type({0}) is not float or {0} - {0} != 0.0",
}


# Equal shapes share a function; a line of one takes some hundred bytes.
_COMPILED: Recent[Shape, Run] = Recent(largest=16 * 1024, room=128 * 1024)


class Surprise(Exception):
    """A value that is not as plain as its type says; graphql-core knows what to do with it."""


class Unplanned(Exception):
    """A shape that no plan is written for."""


def compiled(shape: Shape) -> Run:
    """A function from the value to the completed value. It raises where graphql-core might give anything else.

    Raises Unplanned, or what Python says of code that is nested too deep.
    """
    run = _COMPILED.get(shape)
    if run is None:
        run, size = _compile(shape)
        _COMPILED.keep(shape, run, size)
    return run


def _compile(shape: Shape) -> tuple[Run, int]:
    """The function, and how many lines it has."""
    writer = _Writer()
    writer.value("v", shape, 1)
    source = "\n".join(["def run(v):", *writer.lines, "    return v"])
    # Only names of fields and attributes are written into it, and both are identifiers.
    exec(compile(source, "<plan>", "exec"), writer.names)  # noqa: S102
    return writer.names["run"], len(writer.lines)


class _Writer:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"Surprise": Surprise}
        self._count = 0

    def value(self, variable: str, shape: Shape, depth: int) -> None:
        """Replace the value of a variable by the completed one."""
        if shape.is_nullable:
            self._write(depth, f"if {variable} is not None:")
            depth += 1
        match shape:
            case Leaf():
                self._leaf(variable, shape.type, depth)
            case Many():
                self._list(variable, shape.item, depth)
            case One():
                self._object(variable, shape, depth)

    def _leaf(self, variable: str, type_: GraphQLLeafType, depth: int) -> None:
        if isinstance(type_, CustomGraphQLEnumType):
            self._enum(variable, type_, depth)
        elif type_ in _REFUSALS:
            self._write(depth, f"if {_REFUSALS[type_].format(variable)}: raise Surprise")
        elif isinstance(type_, GraphQLScalarType):
            self._write(depth, f"{variable} = {self._bound('scalar', _serialiser(type_))}({variable})")
        else:
            raise Unplanned(type_.name)

    def _enum(self, variable: str, type_: CustomGraphQLEnumType, depth: int) -> None:
        members: list[object] = list(type_.wrapped_cls)
        names = {id(member): type_.coerce_output_value(member) for member in members}
        self._bound("members", members)  # no other object has the id of one of them while they live
        self._write(depth, f"{variable} = {self._bound('enum', names)}[id({variable})]")

    def _list(self, variable: str, item: Shape, depth: int) -> None:
        completed, each = self._new("list"), self._new("v")
        self._write(depth, f"if type({variable}) is not tuple and type({variable}) is not list: raise Surprise")
        self._write(depth, f"{completed} = []")
        self._write(depth, f"for {each} in {variable}:")
        self.value(each, item, depth + 1)
        self._write(depth + 1, f"{completed}.append({each})")
        self._write(depth, f"{variable} = {completed}")

    def _object(self, variable: str, shape: One, depth: int) -> None:
        known: set[type] = set()
        check = self._bound("check", functools.partial(_check, known, shape.values))
        self._write(depth, f"if type({variable}) not in {self._bound('known', known)}: {check}({variable})")
        entries = [f"{field.key!r}: {self._field(variable, field, depth)}" for field in shape.fields]
        self._write(depth, f"{variable} = {{{', '.join(entries)}}}")

    def _field(self, parent: str, field: Field, depth: int) -> str:
        """The expression of the completed value; a field that is left keeps its place in the order."""
        if isinstance(field, Named):
            return repr(field.name)
        if not isinstance(field, Plain):
            return "None"
        value = self._new("v")
        if isinstance(field.source, Attribute):
            self._write(depth, f"{value} = {parent}.{field.source.name}")
        else:
            function = self._bound("function", field.source.function)
            self._write(depth, f"{value} = {function}({field.source.keyword}={parent})")
        self.value(value, field.value, depth)
        return value

    def _write(self, depth: int, line: str) -> None:
        self.lines.append("    " * depth + line)

    def _new(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count}"

    def _bound(self, kind: str, value: Any) -> str:
        name = self._new(kind)
        self.names[name] = value
        return name


def _serialiser(type_: GraphQLScalarType) -> Run:
    coerce: Callable[[Any], object] = type_.coerce_output_value

    def serialise(value: Any) -> Any:
        if type(value) not in _SERIALISED:
            raise Surprise
        serialised: object = coerce(value)
        if serialised is None or serialised is Undefined:
            raise Surprise
        return serialised

    return serialise


def _check(known: set[type], values: type | None, value: object) -> None:
    """Know the class of this value from now on. Raises Surprise where its attributes may not be just read."""
    kind = type(value)
    if not _is_plain(kind) or (values is not None and not issubclass(kind, values)):
        raise Surprise
    known.add(kind)


def _is_plain(kind: type) -> bool:
    """Whether instances have attributes in slots, and no say in how these are read."""
    classes = [each for each in kind.__mro__ if each is not object]
    is_read_plainly = all(_WAYS.isdisjoint(vars(each)) for each in classes)
    return issubclass(kind, msgspec.Struct) and kind.__dictoffset__ == 0 and is_read_plainly
