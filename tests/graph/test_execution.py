"""The seam: what runs compiled, what does not, and that no stream keeps its events."""

from collections.abc import AsyncGenerator
from typing import Any, NamedTuple

import httpx2 as httpx
import msgspec
import pytest
import strawberry
from graphql import DocumentNode, ExecutionResult, execute_sync, parse
from prometheus_client.parser import text_string_to_metric_families
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from structlog.testing import capture_logs

from graph.execution.executor import CompiledExecutor, Interpreter
from graph.execution.internals import Internals
from graph.execution.served import ServedExecutor, executor_class
from graph.http.explorer_operations import PreparedOperation, prepared_operations
from graph.settings import Settings
from graph.types.views import shown_as, streamed_as
from resolvers.metrics import EXECUTIONS
from resolvers.upstream.contract import ProviderSettings
from tests.graph.documents import DASHBOARD
from tests.graph.served import Served, served

EVENTS = 3000
READS = [each for each in prepared_operations() if not each.document.lstrip("#").count("\nsubscription")]


class PartValue(msgspec.Struct):
    name: str


class WholeValue(msgspec.Struct):
    name: str
    parts: tuple[PartValue, ...]


@strawberry.type
class Part:
    name: str


@strawberry.type
class Whole:
    name: str
    parts: list[Part]


WHOLE = WholeValue("whole", (PartValue("a"), PartValue("b")))


@strawberry.type
class Query:
    @shown_as(Whole, "One.")
    def whole(self) -> Any:
        return WHOLE


@strawberry.type(name="Query")
class BareQuery:
    @shown_as(Whole, "Without parts.")
    def whole(self) -> Any:
        return WholeValue("bare", ())


@strawberry.type
class Subscription:
    @streamed_as(Whole, "Many.")
    async def wholes(self) -> AsyncGenerator[Any, None]:
        for _ in range(EVENTS):
            yield WHOLE


def executions() -> dict[str, float]:
    samples = [sample for metric in EXECUTIONS.collect() for sample in metric.samples]
    return {each.labels["path"]: each.value for each in samples if each.name.endswith("_total")}


def since(before: dict[str, float]) -> dict[str, float]:
    return {path: count - before[path] for path, count in executions().items() if count != before[path]}


def schema_of(executor: type[Interpreter], *extensions: type[SchemaExtension]) -> strawberry.Schema:
    return strawberry.Schema(Query, None, Subscription, execution_context_class=executor, extensions=extensions)


class Keeping(CompiledExecutor):
    kept: list[tuple[int, int]]

    def build_response(self, data: dict[str, Any] | None) -> Any:
        Keeping.kept.append((len(self._relevant_sub_fields), len(self._found)))
        return super().build_response(data)


class InterpretedKeeping(Interpreter):
    kept: list[int]

    def build_response(self, data: dict[str, Any] | None) -> Any:
        InterpretedKeeping.kept.append(len(self._relevant_sub_fields))
        return super().build_response(data)


@pytest.mark.parametrize("executor", [Keeping, InterpretedKeeping])
async def test_a_stream_keeps_nothing_of_its_events(executor: Any) -> None:
    executor.kept = []
    stream = await schema_of(executor).subscribe("subscription { wholes { name parts { name } } }")
    shown = [each.data async for each in stream]
    assert len(shown) == len(executor.kept) == EVENTS
    assert set(executor.kept[1:]) == {executor.kept[1]}


async def test_events_are_compiled() -> None:
    before = executions()
    stream = await schema_of(CompiledExecutor).subscribe("subscription { wholes { parts { name } } }")
    assert [each.errors async for each in stream] == [None] * EVENTS
    assert since(before) == {"compiled": EVENTS}


async def test_an_extension_that_hooks_every_field_sees_every_field() -> None:
    seen = []

    class Tracing(SchemaExtension):
        def resolve(self, _next: Any, root: Any, info: Any, *args: Any, **kwargs: Any) -> Any:
            seen.append(info.field_name)
            return _next(root, info, *args, **kwargs)

    before = executions()
    await schema_of(CompiledExecutor, Tracing).execute("{ whole { parts { name } } }")
    assert seen == ["whole", "parts", "name", "name"]
    assert since(before) == {"interpreted": 1}


class Odd(NamedTuple):
    nodes: list[object]


@pytest.mark.parametrize("internals", [Internals(collected=Odd), Internals(details=Odd)])
def test_other_internals_turn_it_off_and_the_log_says_why(internals: Internals) -> None:
    with capture_logs() as lines:
        assert executor_class(True, internals) is StrawberryGraphQLCoreExecutionContext
    assert lines == [{"event": "compiled_execution_off", "log_level": "warning", "why": "Odd has other fields"}]


def test_a_method_with_other_parameters_turns_it_off() -> None:
    class Renamed(Interpreter):
        def collect_subfields(self, return_type: Any, details: Any) -> Any:
            return super().collect_subfields(return_type, details)

    with capture_logs() as lines:
        assert executor_class(True, Internals(executor=Renamed)) is StrawberryGraphQLCoreExecutionContext
    assert [line["why"] for line in lines] == ["Renamed.collect_subfields takes other parameters"]


def test_the_installed_internals_are_the_known_ones() -> None:
    with capture_logs() as lines:
        assert executor_class(True) is ServedExecutor
    assert lines == []


@strawberry.type(name="Box")
class StrictBox:
    name: str


@strawberry.type(name="Box")
class LenientBox:
    name: str | None


@strawberry.type(name="Query")
class StrictQuery:
    @shown_as(StrictBox | None, "Named.")
    def box(self) -> Any:
        return PartValue(None)  # type: ignore[arg-type]


@strawberry.type(name="Query")
class LenientQuery:
    @shown_as(LenientBox | None, "Named or not.")
    def box(self) -> Any:
        return PartValue(None)  # type: ignore[arg-type]


def test_an_operation_is_planned_for_each_schema_anew() -> None:
    document = parse("{ box { name } }")
    custom: dict[str, Any] = {"executor_class": CompiledExecutor}
    lenient, strict, again = (
        execute_sync(strawberry.Schema(query)._schema, document, **custom)
        for query in (LenientQuery, StrictQuery, LenientQuery)
    )
    assert lenient == again == ExecutionResult({"box": {"name": None}}, None)
    assert strict.data == {"box": None}
    assert [error.path for error in strict.errors or []] == [["box", "name"]]


def test_an_operation_is_planned_for_other_fragments_anew() -> None:
    operation, *fragments = parse(
        "{ whole { ...F } } fragment F on Whole { name } fragment F on Whole { parts { name } }"
    ).definitions
    schema = schema_of(CompiledExecutor)._schema
    custom: dict[str, Any] = {"executor_class": CompiledExecutor}
    shown = [
        execute_sync(schema, DocumentNode(definitions=(operation, fragment)), **custom).data
        for fragment in (*fragments, *fragments)
    ]
    assert shown == [{"whole": {"name": "whole"}}, {"whole": {"parts": [{"name": "a"}, {"name": "b"}]}}] * 2


def test_fragments_that_unfold_without_end_are_left_to_graphql_core() -> None:
    """A thousand leaves in each of a thousand parts in each of a thousand wholes; there are no parts."""
    wholes = " ".join(f"w{number}: whole {{ ...W }}" for number in range(100))
    parts = " ".join(f"p{number}: parts {{ ...P }}" for number in range(1000))
    leaves = " ".join(f"n{number}: name" for number in range(1000))
    document = parse(f"{{ {wholes} }} fragment W on Whole {{ {parts} }} fragment P on Part {{ {leaves} }}")
    before = executions()
    custom: dict[str, Any] = {"executor_class": CompiledExecutor}
    result = execute_sync(strawberry.Schema(BareQuery)._schema, document, **custom)
    assert result.errors is None
    assert since(before) == {"interpreted": 1}


async def counted(server: Served) -> dict[str, float]:
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"{server.url}/metrics")).text
    [family] = [each for each in text_string_to_metric_families(text) if each.name == "precheck_executions"]
    return {each.labels["path"]: each.value for each in family.samples if each.name.endswith("_total")}


@pytest.mark.parametrize(("is_compiled", "path"), [(True, "compiled"), (False, "interpreted")])
async def test_a_setting_says_how_operations_are_executed(
    providers: list[ProviderSettings], is_compiled: bool, path: str
) -> None:
    with served(providers, Settings(compiled_execution=is_compiled)) as server:
        before = await counted(server)
        await server.data(DASHBOARD)
        after = await counted(server)
    assert {each: after[each] - before[each] for each in after if after[each] != before[each]} == {path: 1}


@pytest.mark.parametrize("operation", READS, ids=lambda each: each.name)
async def test_the_prepared_reads_run_compiled(server: Served, operation: PreparedOperation) -> None:
    before = executions()
    await server.data(operation.document, **operation.variables)
    assert since(before) == {"compiled": 1}
