"""More than a thousand malformed requests: each is answered, in JSON, at little cost, and nothing leaks."""

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from graph.provider_file import read_providers
from graph.settings import Settings
from tests.attack.malformed import AUTHORIZATION, CANARY, QUERY, kept, posted
from tests.attack.mutated import generated
from tests.graph.raw import Answered, wire
from tests.graph.served import Served, served

AT_ONCE = 20
MOST_TIMES_THE_COST = 100
SECRET = "canary-secret-of-a-provider"
TELLTALE = (
    "canary",
    "Traceback",
    ".py",
    "graph.",
    "resolvers",
    "uvicorn",
    "starlette",
    "strawberry",
    "httptools",
    "0x7f",
)
PROVIDERS = """
[[provider]]
id = "nine"
vendor = "ninedata"
base_url = "https://ninedata.example"
access_key_id = "AK"
secret_key = { env = "NINE" }
"""


class Cost(NamedTuple):
    """Processor time of the server for one request, in seconds."""

    seconds: float
    request: bytes


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    file = tmp_path_factory.mktemp("malformed") / "providers.toml"
    file.write_text(PROVIDERS)
    with served(read_providers(file, {"NINE": SECRET}), Settings(receive_seconds=0.5)) as server:
        yield server


@pytest.fixture(scope="module")
def inputs() -> list[bytes]:
    return kept() + generated()


async def asked(server: Served, request: bytes) -> Answered | None:
    """What is answered; None where the connection is closed before all of it is there."""
    async with wire(server.url) as client:
        await client.say(request)
        try:
            return await client.answer()
        except (asyncio.IncompleteReadError, ConnectionError):
            return None


async def spent(server: Served, request: bytes) -> float:
    """Processor seconds of the server's thread, from before the request until after its answer."""

    async def thread_time() -> float:
        return time.thread_time()

    async def now() -> float:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(thread_time(), server.loop))

    before = await now()
    await asked(server, request)
    return await now() - before


def is_right(answer: Answered | None) -> bool:
    """Whether it is an answer, and one that says in JSON what is wrong."""
    if answer is None or answer.status >= 500:
        return False
    if answer.status < 400:
        return True
    if answer.headers["content-type"].startswith("text/plain"):
        return answer.status in (400, 403, 426)  # of the handshake of a WebSocket
    return bool(answer.error["message"] and answer.error["extensions"]["code"])


@pytest.mark.attack("malformed HTTP")
async def test_every_one_is_answered_in_json_and_tells_nothing(
    server: Served,
    inputs: list[bytes],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    record_property: Callable[[str, str], None],
) -> None:
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(request: bytes) -> Answered | None:
        async with turns:
            return await asked(server, request)

    answers = await asyncio.gather(*map(one, inputs))
    wrong = [
        (request[:200], answer) for request, answer in zip(inputs, answers, strict=True) if not is_right(answer)
    ]
    assert wrong == []
    told = [f"{dict(answer.headers)} {answer.body.decode('latin-1')}" for answer in answers if answer is not None]
    root = str(Path.cwd())
    assert [text[:500] for text in told if any(sign in text for sign in (*TELLTALE, root))] == []
    assert await server.data("{ __typename }") == {"__typename": "Query"}
    logged = "".join(capfd.readouterr())
    assert not any(word in logged for word in (CANARY, SECRET, "Traceback", "error"))
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
    record_property("figure", f"{len(inputs):,} inputs, 0 answered 5xx, 0 unanswered")


@pytest.mark.attack("malformed HTTP")
async def test_none_costs_a_hundred_times_a_good_one(
    server: Served, inputs: list[bytes], record_property: Callable[[str, str], None]
) -> None:
    good = statistics.median([await spent(server, posted(QUERY)) for _ in range(50)])
    complete = [request for request in inputs if (answer := await asked(server, request)) and answer.status != 408]
    costs = sorted([Cost(await spent(server, request), request) for request in complete], reverse=True)
    worst = 0.0
    for cost in costs[:10]:  # the machine is shared: the dear ones are asked again
        seconds = statistics.median([await spent(server, cost.request) for _ in range(5)])
        worst = max(worst, seconds / good)
        assert seconds < MOST_TIMES_THE_COST * good, cost.request[:200]
    record_property("figure", f"the dearest {worst:.0f} times a good one")


@pytest.mark.attack("malformed HTTP")
def test_the_canary_is_in_what_is_sent(inputs: list[bytes]) -> None:
    assert sum(AUTHORIZATION.encode() in request for request in inputs) > 300
