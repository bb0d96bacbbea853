"""Shapes compiled to straight-line Python, which gives what graphql-core would give, or is surprised."""

import datetime
import functools
import inspect
from collections.abc import Callable
from types import MemberDescriptorType
from typing import Any, TypeAlias, cast

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

from graph.execution.fragments import Encoded, Proven
from graph.execution.shape import Attribute, Field, Leaf, Many, Named, One, Plain, Shape, is_read
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
_COMPILED: Recent[tuple[Shape, bool], Run] = Recent(largest=16 * 1024, room=128 * 1024)
_ENCODED: Recent[One, Encoded] = Recent(largest=16 * 1024, room=128 * 1024)


class Surprise(Exception):
    """A value that is not as plain as its type says; graphql-core knows what to do with it."""


class Unplanned(Exception):
    """A shape that no plan is written for."""


def compiled(shape: Shape, *, is_encoded: bool = False) -> Run:
    """A function from the value to the completed value. It raises where graphql-core might give anything else.

    Where the answer `is_encoded` by orjson, lists of what never changes may be fragments. Raises Unplanned, or
    what Python says of code that is nested too deep.
    """
    run = _COMPILED.get((shape, is_encoded))
    if run is None:
        writer = _Writer(is_encoded=is_encoded)
        run = writer.function(shape, "v")
        _COMPILED.keep((shape, is_encoded), run, len(writer.lines))
    return run


def encoded(item: One) -> Encoded:
    """The same for a list of such objects, whose fields are all read from them."""
    known = _ENCODED.get(item)
    if known is None:
        writer = _Writer(is_proving=True)
        known = Encoded(cast("Proven", writer.function(Many(item, is_nullable=False), "(v, fixed)")))
        _ENCODED.keep(item, known, len(writer.lines))
    return known


class _Writer:
    """Writes one function. One that `is_proving` finds out as well whether what it reads is `fixed` for ever."""

    def __init__(self, *, is_encoded: bool = False, is_proving: bool = False) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"Surprise": Surprise}
        self._count = 0
        self._is_encoded = is_encoded
        self._is_proving = is_proving

    def function(self, shape: Shape, returned: str) -> Run:
        """From a value to what is returned."""
        self.value("v", shape, 1)
        source = "\n".join(["def run(v):", "    fixed = True", *self.lines, f"    return {returned}"])
        # Only names of fields and attributes are written into it, and both are identifiers.
        exec(compile(source, "<plan>", "exec"), self.names)  # noqa: S102
        return cast("Run", self.names["run"])

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
        if self._is_encoded and isinstance(item, One) and is_read(item):
            self._write(depth, f"{variable} = {self._bound('encoded', encoded(item))}({variable})")
            return
        completed, each = self._new("list"), self._new("v")
        self._write(depth, f"if type({variable}) is not tuple:")
        self._write(depth + 1, f"if type({variable}) is not list: raise Surprise")
        self._write(depth + 1, "fixed = False")
        self._write(depth, f"{completed} = []")
        self._write(depth, f"for {each} in {variable}:")
        self.value(each, item, depth + 1)
        self._write(depth + 1, f"{completed}.append({each})")
        self._write(depth, f"{variable} = {completed}")

    def _object(self, variable: str, shape: One, depth: int) -> None:
        known: set[type] = set()
        checked = f"if type({variable}) not in {self._bound('known', known)}: "
        if self._is_proving:
            check = self._bound("check", functools.partial(_is_fixed, known, set(), shape))
            self._write(depth, f"{checked}fixed = {check}({variable}) and fixed")
        else:
            check = self._bound("check", functools.partial(_check, known, shape.values))
            self._write(depth, f"{checked}{check}({variable})")
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


def _is_fixed(fixed: set[type], plain: set[type], shape: One, value: object) -> bool:
    """Whether what is read of it never changes, which is known of its class from now on. Raises Surprise."""
    kind = type(value)
    if kind not in plain:
        _check(plain, shape.values, value)
        if _is_frozen(kind, shape):
            fixed.add(kind)
    return kind in fixed


def _is_frozen(kind: type[Any], shape: One) -> bool:
    """Whether every attribute that is read is a field of a frozen struct, and not made when it is asked for."""
    names = [
        field.source.name
        for field in shape.fields
        if isinstance(field, Plain) and isinstance(field.source, Attribute)
    ]
    are_fields = all(type(inspect.getattr_static(kind, name, None)) is MemberDescriptorType for name in names)
    return are_fields and bool(kind.__struct_config__.frozen)


def _is_plain(kind: type) -> bool:
    """Whether instances have attributes in slots, and no say in how these are read."""
    classes = [each for each in kind.__mro__ if each is not object]
    is_read_plainly = all(_WAYS.isdisjoint(vars(each)) for each in classes)
    return issubclass(kind, msgspec.Struct) and kind.__dictoffset__ == 0 and is_read_plainly
