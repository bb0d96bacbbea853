"""Within a long list others have their turn, and nothing else is different."""

import asyncio
import itertools
from typing import Any

import pytest
from graphql import ExecutionResult, parse

from graph.execution.executor import CompiledExecutor
from graph.execution.served import ServedExecutor
from resolvers.turns import TURN_SECONDS
from tests.graph.parts import LooseValue, PartValue, read, run


class Hurried(ServedExecutor):
    """Its turns are over after one entry."""

    clock = staticmethod(itertools.count(step=TURN_SECONDS).__next__)


async def finished(result: Any) -> ExecutionResult:
    return result if isinstance(result, ExecutionResult) else await result


async def counted(result: Any) -> tuple[ExecutionResult, int]:
    """The result, and how often another task had its turn meanwhile."""
    task = asyncio.ensure_future(finished(result))
    turns = 0
    while not task.done():
        turns += 1
        await asyncio.sleep(0)
    return task.result(), turns


def many(count: int, **odd: Any) -> list[Any]:
    values: list[Any] = [PartValue(f"{number}") for number in range(count)]
    for place, value in odd.items():
        values[int(place.removeprefix("at"))] = value
    return values


@pytest.mark.parametrize("field", ["name", "loud", "later"])
async def test_others_have_their_turn_within_a_long_list(field: str) -> None:
    values = many(100)
    document = parse(f"{{ parts {{ {field} }} }}")
    result, turns = await counted(run(document, values, Hurried))
    assert read(result.data) == {"parts": [{field: f"{number}"} for number in range(100)]}
    assert turns > 100


async def test_others_have_their_turn_while_a_schema_is_told() -> None:
    class Few(Hurried):
        many = 12  # more than any type has fields

    document = parse("{ __schema { types { name fields { name type { name } } } } }")
    result, turns = await counted(run(document, [], Few))
    expected = run(document, [], CompiledExecutor)
    assert read(result.data) == expected.data
    assert turns > len(expected.data["__schema"]["types"]) > Few.many


async def test_a_list_that_takes_no_time_is_completed_at_once() -> None:
    class Timeless(ServedExecutor):
        clock = staticmethod(itertools.repeat(0.0).__next__)

    result = run(parse("{ parts { name } }"), many(1000), Timeless)
    assert result.data == {"parts": [{"name": f"{number}"} for number in range(1000)]}


@pytest.mark.parametrize("odd", [{"at0": LooseValue(None)}, {"at99": LooseValue(None)}])  # type: ignore[arg-type]
async def test_an_odd_value_in_a_long_list_is_told_as_ever(odd: dict[str, Any]) -> None:
    document, values = parse("{ parts { name } }"), many(100, **odd)
    expected = run(document, values, CompiledExecutor)
    given = await finished(run(document, values, Hurried))
    assert given.data == expected.data == {"parts": None}
    assert [error.formatted for error in given.errors or []] == [error.formatted for error in expected.errors]


async def test_a_list_that_its_owner_changes_meanwhile_is_shown_as_it_was() -> None:
    values = many(100)
    running = asyncio.ensure_future(finished(run(parse("{ parts { name } }"), values, Hurried)))
    await asyncio.sleep(0)
    values.clear()
    assert len(read((await running).data)["parts"]) == 100


@pytest.mark.parametrize("field", ["name", "loud", "later"])
async def test_whoever_is_cancelled_in_a_long_list_breaks_nothing(field: str) -> None:
    document, values = parse(f"{{ parts {{ {field} }} }}"), many(100)
    for turns in range(1, 40, 3):
        running = asyncio.ensure_future(finished(run(document, values, Hurried)))
        for _ in range(turns):
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    result = await finished(run(document, values, Hurried))
    assert len(read(result.data)["parts"]) == 100
