"""Compares compiled and served execution with graphql-core's own, on documents and values made by chance."""

import asyncio
import inspect
import itertools
import json
import logging
import random
import time
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import orjson
import strawberry
from graphql import DocumentNode, ExecutionResult, execute, print_ast, subscribe
from graphql.execution import Executor
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from benchmarks.odd_schema import Behind, LeafValue, NodeValue, odd_schema, own_schema
from benchmarks.odd_values import Maker, change, forget_frames
from benchmarks.questions import Questions
from graph.execution.executor import COMPILED, FELL_BACK, CompiledExecutor
from graph.execution.served import ServedExecutor
from resolvers import domain
from resolvers.turns import TURN_SECONDS

EXECUTIONS = 50_000
_VALUES_PER_DOCUMENT = 4
_VARIABLES_PER_VALUES = 3
_MOST_KEPT = 5
_ODDNESS = (0.0, 0.0, 0.001, 0.01, 0.05, 0.2)
_ODD = {"nodes": NodeValue, "leaves": LeafValue}
_ENTITIES = (domain.Precheck, domain.PrecheckItem, domain.Provider)
_FRAGMENT = repr(orjson.Fragment(b"")).partition(" at ")[0]
_KINDS = ((odd_schema, "query"), (own_schema, "query"), (own_schema, "query"), (own_schema, "subscription"))


class Told(NamedTuple):
    """Everything a client can see of a result, and the kinds of the errors behind it."""

    data: str
    errors: list[str]
    causes: list[str]
    served: bytes

    def is_served_as(self, other: "Told", *, at_once: bool) -> bool:
        """Whether clients cannot tell it from the other one.

        With pauses, fields may fail whose parent is null because of a sibling: not all of their errors are told,
        and not always the same.
        """
        if at_once:
            return (self.served, *self[1:3]) == (other.served, *other[1:3])
        is_alike = self.served == other.served and bool(self.errors) == bool(other.errors)
        return is_alike and self._of_shown() == other._of_shown()

    def _of_shown(self) -> list[str]:
        """The errors of fields that are in the data, as null."""
        data = orjson.loads(self.served) if self.errors else None
        return sorted(error for error in self.errors if _is_shown(data, json.loads(error).get("path") or []))


def _is_shown(data: Any, path: list[str | int]) -> bool:
    for key in path:
        if data is None:
            return False
        data = data[key]
    return True


class Compared(NamedTuple):
    """What came of a run: how many executions, how many with errors, how many compiled; mismatches in words."""

    executions: int
    with_errors: int
    compiled: int
    fell_back: int
    in_fragments: int
    seconds: float
    mismatches: list[str]

    def __str__(self) -> str:
        line = (
            f"{'execution':16} {self.executions:8} inputs  {self.seconds:6.1f} s  "
            f"{len(self.mismatches)} mismatches  "
            f"{100 * self.compiled / max(self.executions, 1):3.0f} % compiled  "
            f"{100 * self.fell_back / max(self.executions, 1):3.0f} % fell back  "
            f"{100 * self.in_fragments / max(self.executions * len(_SERVED), 1):3.0f} % in fragments  "
            f"{100 * self.with_errors / max(self.executions, 1):3.0f} % with errors"
        )
        return "\n".join([line, *self.mismatches[:_MOST_KEPT]])


class Watched(CompiledExecutor):
    """Remembers by which path the last execution went."""

    last = ""

    def build_response(self, data: dict[str, Any] | None) -> Any:
        """The result."""
        Watched.last = self._path
        return super().build_response(data)


class Hurried(ServedExecutor):
    """Pauses after every entry or after some, in the shortest of lists, as a clock without measure has it."""

    many = 1
    clock = staticmethod(
        itertools.accumulate(itertools.cycle((0.0, 0.1 * TURN_SECONDS, 0.9 * TURN_SECONDS))).__next__
    )


_SERVED = (ServedExecutor, Hurried, ServedExecutor, Hurried)


async def compare(executions: int, seed: int) -> Compared:
    """Run about that many. The same seed asks the same questions about the same values."""
    run = _Run(random.Random(f"equality {seed}"))
    began = time.perf_counter()
    while len(run.paths) < executions:
        await run.document()
    compiled, fell_back = run.paths.count(COMPILED), run.paths.count(FELL_BACK)
    seconds = time.perf_counter() - began
    return Compared(
        len(run.paths), run.with_errors, compiled, fell_back, run.in_fragments, seconds, run.mismatches
    )


class _Run:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.paths: list[str] = []
        self.mismatches: list[str] = []
        self.with_errors = 0
        self.in_fragments = 0

    async def document(self) -> None:
        schema, operation = self._chance.choice(_KINDS)
        questions = Questions(schema._schema, self._chance)
        document = questions.document(operation)
        for _ in range(_VALUES_PER_DOCUMENT):
            maker = Maker(self._chance, self._chance.choice(_ODDNESS))
            behind = Behind(_values(maker, schema))
            for _ in range(_VARIABLES_PER_VALUES):
                await self._compare(schema, document, questions.variables(), behind)
            change(list(behind.values.values()))
            await self._compare(schema, document, questions.variables(), behind)
        forget_frames()

    async def _compare(
        self, schema: strawberry.Schema, document: DocumentNode, variables: dict[str, object], behind: Behind
    ) -> None:
        expected = await told(schema, document, variables, behind, StrawberryGraphQLCoreExecutionContext)
        given = await told(schema, document, variables, behind, Watched)
        self.paths.append(Watched.last)
        self.with_errors += any(each.errors for each in expected)
        if [each[:3] for each in given] != [each[:3] for each in expected]:
            self.mismatches.append(_mismatch(document, variables, expected, given))
        for executor in _SERVED:
            served = await told(schema, document, variables, behind, executor)
            self.in_fragments += any(_FRAGMENT in each.data for each in served)
            at_once = executor is ServedExecutor
            pairs = zip(served, expected, strict=True)
            if not all(given.is_served_as(other, at_once=at_once) for given, other in pairs):
                self.mismatches.append(f"{executor.__name__}: {_mismatch(document, variables, expected, served)}")


async def told(
    schema: strawberry.Schema,
    document: DocumentNode,
    variables: dict[str, object],
    context: object,
    executor: type[Executor[Any]],
) -> list[Told]:
    """The result of a query, or those of a stream."""
    is_stream = any(getattr(each, "operation", None) is not None for each in document.definitions) and (
        document.definitions[0].operation.value == "subscription"  # type: ignore[attr-defined]
    )
    result: Any = (subscribe if is_stream else execute)(
        schema._schema,
        document,
        context_value=context,
        variable_values=variables,
        executor_class=executor,
        operation_extensions=None,
    )
    result = await result if inspect.isawaitable(result) else result
    if isinstance(result, AsyncIterator):
        return [_told(each) async for each in result]
    return [_told(result)]


def _told(result: ExecutionResult) -> Told:
    errors = result.errors or []
    return Told(
        json.dumps(result.data, default=repr),
        [json.dumps(error.formatted, default=repr) for error in errors],
        [type(error.original_error).__name__ for error in errors],
        _served(result.data),
    )


def _served(data: object) -> bytes:
    """As our edges encode it, or why they cannot."""
    try:
        return orjson.dumps(data)
    except orjson.JSONEncodeError as error:
        return str(error).encode()


def _values(maker: Maker, schema: strawberry.Schema) -> dict[str, Any]:
    if schema is odd_schema:
        return {name: [maker.made(kind) for _ in range(3)] for name, kind in _ODD.items()}
    return {
        "prechecks": [maker.made(domain.Precheck) for _ in range(2)],
        "lookups": [maker.made(domain.PrecheckLookup)],
        "connection": maker.made(domain.PrecheckConnection),
        "entities": [maker.made(kind) for kind in _ENTITIES],
        "events": [maker.made(domain.PrecheckEvent) for _ in range(2)],
        "provider": maker.made(domain.Provider),
    }


def _mismatch(document: DocumentNode, variables: object, expected: list[Told], given: list[Told]) -> str:
    return f"{print_ast(document)}\nwith {variables}\n  is {expected}\n not {given}"


def equality(executions: int, seed: int) -> Compared:
    """Compare in an event loop of its own, without the log lines of refused values."""
    logging.disable(logging.CRITICAL)
    return asyncio.run(compare(executions, seed))


def merged(parts: list[Compared]) -> Compared:
    """What several processes found at the same time."""
    return Compared(
        executions=sum(each.executions for each in parts),
        with_errors=sum(each.with_errors for each in parts),
        compiled=sum(each.compiled for each in parts),
        fell_back=sum(each.fell_back for each in parts),
        in_fragments=sum(each.in_fragments for each in parts),
        seconds=max(each.seconds for each in parts),
        mismatches=[mismatch for each in parts for mismatch in each.mismatches],
    )
