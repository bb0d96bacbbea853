"""A schema of wholes and their parts, and how it is asked in process."""

import itertools
from typing import Any

import msgspec
import orjson
import strawberry
from graphql import execute
from strawberry.types.info import Info

from graph.execution.executor import CompiledExecutor
from graph.execution.served import ServedExecutor
from graph.types.views import shown_as


class PartValue(msgspec.Struct, frozen=True):
    name: str
    words: Any = ()
    below: Any = None


class LooseValue(msgspec.Struct):
    name: str


class MadeValue(msgspec.Struct, frozen=True):
    counter: Any

    @property
    def name(self) -> str:
        return f"{next(self.counter)}"


class WholeValue(msgspec.Struct):
    parts: Any


@strawberry.type
class Part:
    name: str
    words: list[str]
    below: list["Part"] | None

    @shown_as(str, "By a resolver.")
    @staticmethod
    def loud(parent: strawberry.Parent[Any], info: Info) -> str:
        assert info.path.key == "loud"
        return str(parent.name.upper())

    @shown_as(str, "By one that takes a while.")
    @staticmethod
    async def later(parent: strawberry.Parent[Any]) -> str:
        return str(parent.name.upper())

    @shown_as(str, "By one that may give something else another time.")
    @staticmethod
    def next(parent: strawberry.Parent[Any]) -> str:
        return f"{parent.name}{next(COUNTED)}"


@strawberry.type
class Whole:
    parts: list[Part]


@strawberry.type
class Query:
    @shown_as(Whole, "One.")
    def whole(self, info: Info) -> Any:
        return WholeValue(info.context)

    @shown_as(list[Part] | None, "All.")
    def parts(self, info: Info) -> Any:
        return info.context


SCHEMA = strawberry.Schema(Query)._schema
COUNTED = itertools.count()


def parts(*names: str) -> tuple[PartValue, ...]:
    return tuple(PartValue(name) for name in names)


def run(
    document: Any, values: Any, executor: type[ServedExecutor | CompiledExecutor] = ServedExecutor, **given: Any
) -> Any:
    custom: dict[str, Any] = {"executor_class": executor}
    return execute(SCHEMA, document, context_value=values, variable_values=given, **custom)


def read(completed: Any) -> Any:
    """What a client reads of it."""
    return orjson.loads(orjson.dumps(completed))
