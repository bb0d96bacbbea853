"""Objects of the domain made by chance, some of them with values that no decoder would make."""

import enum
import functools
import math
import random
import types
from collections.abc import Awaitable, Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from graphql import Undefined

_MOST_IN_A_LIST = 4


class Later(Awaitable[Any]):
    """A value that is to be awaited, as often as one likes."""

    name = id = message = title = "while it lasts"

    def __init__(self, value: object) -> None:
        self._value = value

    def __await__(self) -> Generator[Any, None, Any]:
        """The value, at once."""
        yield
        return self._value


class Text(str):
    """A text, and yet not quite."""

    __slots__ = ()


class Word(enum.Enum):
    """Of no enum of any schema."""

    READY = "READY"


class Elusive:
    """Raises at whatever is read from it."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"no {name} here")


class Disguised(Exception):
    """An exception with the attributes of an object."""

    name = id = message = title = "what is in a name"


class Stranger(msgspec.Struct):
    """A struct of no type of any schema, with attributes that many have."""

    name: str = "stranger"
    id: str = "s"
    message: str = "hello"
    title: str = "none"


ODD_VALUES: tuple[Any, ...] = (
    *(None, None, None, 5, -(2**31), 2**31, 2**40, 3.0, 3.5, math.nan, math.inf, True, "", "text", "READY"),
    *(
        Text("text"),
        b"bytes",
        ValueError("as a value"),
        Disguised(),
        Stranger(),
        [],
        {},
        (),
        object,
        Word.READY,
        ...,
        Undefined,
        Elusive(),
    ),
    *(ValueError("as a value"), Disguised(), Disguised(), Stranger(), Stranger()),
    *(Later("text"), Later(None), Later(7), Later(ValueError("awaited")), [None], ["text", 5], [[1], [None]]),
    *({"id": "in a dict", "name": "x"}, types.SimpleNamespace(id="i", name="n", code="c"), datetime(2026, 1, 1)),  # noqa: DTZ001
)


def forget_frames() -> None:
    """Let go of the frames in which odd exceptions were raised, one chain for each of them."""
    for odd in ODD_VALUES:
        if isinstance(odd, Exception):
            odd.__traceback__ = odd.__context__ = odd.__cause__ = None


def change(value: object) -> None:
    """Change what can be changed of a value, all the way down: the order of lists, and the texts of structs."""
    if isinstance(value, list | tuple):
        for each in value:
            change(each)
    if isinstance(value, list):
        value.reverse()
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            held = getattr(value, name)
            change(held)
            if type(held) is str and not value.__struct_config__.frozen:
                setattr(value, name, held.swapcase())


_info_of = functools.cache(msgspec.inspect.type_info)


class Maker:
    """Makes values of annotated types. Each has the chance `oddness` to be exchanged for an odd one."""

    def __init__(self, chance: random.Random, oddness: float) -> None:
        self._chance = chance
        self._oddness = oddness
        self._depth = 0

    def made(self, type_: Any) -> Any:
        """A value of this type, or an odd one."""
        if self._chance.random() < self._oddness:
            return self._chance.choice(ODD_VALUES)
        return self._of(_info_of(type_) if isinstance(type_, type) else type_)

    def _of(self, info: Any) -> Any:
        match info:
            case msgspec.inspect.UnionType():
                return self.made(self._chance.choice(info.types))
            case msgspec.inspect.StructType():
                return self._struct(info)
            case msgspec.inspect.EnumType():
                return self._chance.choice(list(info.cls))
            case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType():
                return self._list(info)
        return self._scalar(info)

    def _struct(self, info: msgspec.inspect.StructType) -> Any:
        self._depth += 1
        try:
            kind = self._chance.choice([info.cls, *info.cls.__subclasses__()])
            return kind(**{field.name: self._field(field.type) for field in info.fields})
        finally:
            self._depth -= 1

    def _field(self, info: Any) -> Any:
        """Shallow objects: what may be absent is, far down."""
        is_deep = self._depth > 3 and isinstance(info, msgspec.inspect.UnionType)
        return None if is_deep and info.includes_none else self.made(info)

    def _list(self, info: msgspec.inspect.VarTupleType | msgspec.inspect.ListType) -> Any:
        count = 0 if self._depth > 4 else self._chance.randint(0, _MOST_IN_A_LIST)
        values = [self.made(info.item_type) for _ in range(count)]
        return tuple(values) if self._chance.random() < 0.7 else values

    def _scalar(self, info: Any) -> Any:
        match info:
            case msgspec.inspect.IntType():
                return self._chance.choice((0, 1, 40, -1, 2**31 - 1))
            case msgspec.inspect.FloatType():
                return self._chance.choice((0.0, 100.0, 0.1, -1.5, 1e300))
            case msgspec.inspect.BoolType():
                return self._chance.random() < 0.5
            case msgspec.inspect.DateTimeType():
                return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=self._chance.randint(0, 10**6))
            case msgspec.inspect.NoneType():
                return None
        return self._chance.choice(("", "a", "text", "é中", '"quoted"\n'))
