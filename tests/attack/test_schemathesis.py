"""A stranger's generator of operations, over HTTP: nothing it thinks of breaks the server or holds it up."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import orjson
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from schemathesis import Case
from schemathesis.core.result import Ok
from schemathesis.graphql import nodes

from graph.provider_file import read_providers
from tests.attack.bombs import good_document
from tests.emulator.process import Emulator
from tests.graph.served import Served, served

pytestmark = [pytest.mark.attack("schemathesis"), pytest.mark.timeout(300)]

CASES = 210  # of each root field
SLOWEST = 20  # cases that are looked at again
TRIES = 5
WORDS = st.sampled_from(["drs", "dts", "oms-ce", "a", "", "__typename", "\u0000", "查"])
CHOSEN = settings(
    max_examples=CASES, phases=[Phase.generate], suppress_health_check=list(HealthCheck), derandomize=True
)


@pytest.fixture
def server(emulator: Emulator, provider_file: Path) -> Iterator[Served]:
    with served([replace(each, track=()) for each in read_providers(provider_file)]) as server:
        yield server


class Answers:
    """What came of each case, and how long it took."""

    def __init__(self) -> None:
        self.seconds: list[tuple[float, str]] = []
        self.refused = 0

    def ask(self, case: Case[Any]) -> None:
        begun = time.perf_counter()
        response = case.call()
        self.seconds.append((time.perf_counter() - begun, str(case.body)))
        assert response.status_code < 500, response.text
        codes = [error["extensions"]["code"] for error in response.json().get("errors", ())]
        assert "INTERNAL" not in codes, (case.body, response.text)
        self.refused += bool(codes)


def least_seconds(client: httpx.Client, query: str) -> float:
    """How long the server takes at least for a text it has not seen before."""
    taken: list[float] = []
    for number in range(TRIES):
        body = orjson.dumps({"query": query + " " * (number + 1), "variables": {"ref": {}}})
        begun = time.perf_counter()
        client.post("/graphql", content=body, headers={"content-type": "application/json"})
        taken.append(time.perf_counter() - begun)
    return min(taken)


def test_what_schemathesis_thinks_of_is_answered_and_nothing_takes_long(
    server: Served, record_property: Callable[[str, object], None]
) -> None:
    schemathesis.graphql.scalar("_Any", WORDS.map(nodes.String))
    answers = Answers()
    for found in schemathesis.graphql.from_url(f"{server.url}/graphql").get_all_operations():
        assert isinstance(found, Ok)
        CHOSEN(given(found.ok().as_strategy())(answers.ask))()
    assert len(answers.seconds) >= 1_000
    assert 0 < answers.refused < len(answers.seconds)
    with httpx.Client(base_url=server.url, timeout=20) as client:
        good = least_seconds(client, good_document())
        slowest = max(least_seconds(client, query) for _, query in sorted(answers.seconds)[-SLOWEST:])
    assert slowest <= good
    record_property(
        "figure",
        f"{len(answers.seconds)} cases, 0 answered 5xx or INTERNAL; the slowest took {slowest / good:.2f} "
        "of a good document's time",
    )
