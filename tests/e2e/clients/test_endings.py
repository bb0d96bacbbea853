"""The programs of docs/clients.md say why they end: refused, without a token that holds, with one that ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.clients.conftest import logged_server
from tests.e2e.clients.snippets import FOLLOWING, Watched, compile_artifacts, programs, running, written
from tests.e2e.told import PHASE_SECONDS, RUN_SECONDS
from tests.emulator.process import Emulator
from tests.faults.serving import Serving
from tests.graph.tokens import table, token_of, tokens_file

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

OTHERS = "others"  # the token of whoever does not lose it
LATER = ["UNAUTHENTICATED", "UNAUTHENTICATED", "4403"]
REFUSED = {  # what is printed of two questions and a stream; some give up at the first
    "Apollo-multipart": ["UNAUTHENTICATED", "UNAUTHENTICATED", "401"],
    "Apollo-WS": LATER,
    "Relay": LATER,
    "gql": LATER,
    "graphql-ws": ["4403"],
    "graphql-sse": ["UNAUTHENTICATED"],
    "graphql-sse-single": ["UNAUTHENTICATED"],
}


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a token for each program."""
    return tokens_file(tmp_path_factory.mktemp("tokens"), table(OTHERS), *map(table, FOLLOWING))


@pytest.fixture(scope="module")
def guarded(emulator: Emulator, provider_file: Path, tokens: Path) -> Iterator[Serving]:
    assert emulator.providers()
    with logged_server(provider_file, PRECHECK_TOKENS_FILE=str(tokens)) as server:
        yield server


@pytest.fixture(scope="module")
def reference(emulator: Emulator, guarded: Serving) -> str:
    """A run that goes on for longer than all of the tests."""
    run = emulator.create_run("ninedata", scenario="blocked", seconds=RUN_SECONDS)
    emulator.advance(PHASE_SECONDS / 2)
    return run


@contextmanager
def made_ready(name: str, watched: Watched, ids: str | None = None) -> Iterator[Path]:
    """A folder in which the program can be run, with `ids` for the list that it asks for."""
    program, others = FOLLOWING[name]
    text = {**programs(), **others}[program]
    if ids is not None:
        assert "[id]" in text or "[ID]" in text
        text = text.replace("[id]", ids).replace("[ID]", ids)
    with written(watched, {**others, program: text}) as folder:
        if program == "relay.js":
            compile_artifacts(folder)
        yield folder


async def printed_by(name: str, folder: Path, token: str) -> list[str]:
    """What it prints until it ends by itself."""
    async with running(folder, FOLLOWING[name][0], token=token) as printing:
        return [line async for line in printing]


@pytest.mark.parametrize("name", FOLLOWING)
async def test_a_program_of_the_page_says_that_it_asks_for_nothing_and_ends(
    name: str, guarded: Serving, reference: str
) -> None:
    with made_ready(name, Watched(guarded.url, reference), ids="[]") as folder:
        printed = await printed_by(name, folder, token_of(OTHERS))
    assert printed == ["WAITING", "INVALID_REFERENCE", "BAD_REQUEST"]


@pytest.mark.parametrize("name", FOLLOWING)
async def test_a_program_of_the_page_says_that_its_token_does_not_hold_and_ends(
    name: str, guarded: Serving, reference: str
) -> None:
    with made_ready(name, Watched(guarded.url, reference)) as folder:
        printed = await printed_by(name, folder, token_of("nobody"))
    assert printed == REFUSED.get(name, ["UNAUTHENTICATED"] * 3)


@pytest.mark.parametrize("name", FOLLOWING)
async def test_a_program_of_the_page_says_that_its_token_has_ended_and_ends(
    name: str, guarded: Serving, reference: str, tokens: Path
) -> None:
    with made_ready(name, Watched(guarded.url, reference)) as folder:
        printed = []
        async with running(folder, FOLLOWING[name][0], token=token_of(name)) as printing:
            async for line in printing:
                printed.append(line)
                if line.startswith("SNAPSHOT"):
                    tokens_file(tokens.parent, table(OTHERS), *(table(each) for each in FOLLOWING if each != name))
                    guarded.hang_up()
    assert printed[:-1] == ["WAITING", "INVALID_REFERENCE", "SNAPSHOT 0"]
    assert printed[-1] == "AUTH_EXPIRED" or (name == "gql" and printed[-1] == "4401")  # it may look at that first
