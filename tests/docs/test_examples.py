"""What the documentation shows is what the demo answers, command after command."""

import json
from typing import Any

import httpx2 as httpx
import pytest
from graphql import parse, validate

from graph.http.explorer_operations import prepared_operations
from graph.schema import schema
from tests.docs.pages import OPERATIONS, README, Curl, blocks, examples
from tests.emulator.process import Emulator
from tests.graph.served import Served

EXAMPLES = [example for page in (README, OPERATIONS) for example in examples(page)]
SLOWER = 10  # the emulator's time is moved by hand, so that the machine's own does not matter
STEPS = 8  # of a run


@pytest.mark.parametrize("curl", [example.curl for example in EXAMPLES if example.curl.to == "server"])
def test_every_document_is_valid(curl: Curl) -> None:
    assert validate(schema._schema, parse(curl.body["query"])) == []


def test_both_pages_show_queries_with_their_answers() -> None:
    answered = [example for example in EXAMPLES if example.shown]
    assert len(answered) >= 5
    assert all(example.shown for example in EXAMPLES if example.curl.to == "server")


async def test_the_demo_answers_as_shown(server: Served, emulator: Emulator) -> None:
    moving = 0.0
    for example in EXAMPLES:
        if example.curl.to == "emulator":
            moving = steer(emulator, example.curl) or moving
        elif "accept" in example.curl.headers:
            assert example.shown
            shown = [json.loads(line.removeprefix("data: ")) for line in example.shown.text.splitlines()]
            assert await streamed(server, emulator, example.curl, moving) == shown
        else:
            assert await answer(server, example.curl) == json.loads(example.shown.text if example.shown else "")


def steer(emulator: Emulator, curl: Curl) -> float:
    """Send a control request; the seconds of one step, where it begins a run."""
    body = dict(curl.body or {})
    if "seconds" in body:
        body["seconds"] *= SLOWER
    emulator.ask(curl.method, curl.path, body or None)
    return float(body.get("seconds", 0)) / STEPS


async def answer(server: Served, curl: Curl) -> Any:
    async with httpx.AsyncClient(timeout=20) as client:
        url = f"{server.url}{curl.path}"
        return (await client.request(curl.method, url, json=curl.body, headers=curl.headers)).json()


async def streamed(server: Served, emulator: Emulator, curl: Curl, step_seconds: float) -> list[Any]:
    seen = []
    async for payload in server.over_sse(curl.body["query"], **curl.body.get("variables", {})):
        seen.append(payload)
        emulator.advance(step_seconds)
    return seen


def test_the_event_of_the_explorer_is_one_of_its_tab() -> None:
    [live] = [each for each in prepared_operations() if "subscription LiveProgress(" in each.document]
    answers = [example.shown for example in EXAMPLES]
    [event] = [block for block in blocks(README, "json") if block not in answers]
    assert "`LiveProgress`" in README.read_text(encoding="utf-8")
    selected = parse(live.document).definitions[0]
    check_shape(json.loads(event.text)["data"], selected)


def check_shape(value: Any, selected: Any) -> None:
    """The value has exactly the fields that are selected, on every level."""
    for each in value if isinstance(value, list) else [value]:
        if selected.selection_set and each is not None:
            fields = {node.name.value: node for node in selected.selection_set.selections}
            assert list(each) == list(fields)
            for name, inner in each.items():
                check_shape(inner, fields[name])


def test_every_prepared_operation_is_in_the_table() -> None:
    text = OPERATIONS.read_text(encoding="utf-8")
    for operation in prepared_operations():
        name = operation.document.partition("(")[0].partition("{")[0].split()[-1]
        assert f"[{name}](../graph/http/explorer_static/operations/{operation.name}.graphql)" in text
    assert text.count(".graphql)") == len(prepared_operations()) == 8
    assert "eight tabs" in README.read_text(encoding="utf-8").replace("\n", " ")
