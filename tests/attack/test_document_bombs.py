"""Document bombs: refused before any vendor is asked, in time that grows no faster than they do."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from graph.app import limits_of
from graph.documents import Documents, Refused
from graph.provider_file import read_providers
from graph.recent import Recent
from graph.schema import schema
from graph.settings import Settings
from resolvers.upstream.contract import ProviderSettings
from tests.attack.bombs import FAMILIES, good_document
from tests.emulator.process import Emulator
from tests.graph.documents import calls
from tests.graph.served import Served, served

pytestmark = pytest.mark.attack("document bombs")

SETTINGS = Settings()
MOST = SETTINGS.max_tokens
SIZES = (MOST * 9 // 20, MOST * 9 // 10, 2 * MOST, 4 * MOST)
STEEPEST = 2.5
TRIES = 25
# What takes less than this part of a good document's time is no burden, and too short to be compared.
SHORT = 1 / 10


@pytest.fixture
def served_with_all(providers: list[ProviderSettings]) -> Iterator[Served]:
    with served(providers) as server:
        yield server


@pytest.fixture
def providers(emulator: Emulator, provider_file: Any) -> list[ProviderSettings]:
    return [replace(each, track=()) for each in read_providers(provider_file)]


def forgetful() -> Documents:
    """Documents as a server has them, but none is kept: each is looked at anew."""
    return Documents(schema._schema, Recent(largest=0), limits_of(SETTINGS))


def judged(documents: Documents, text: str) -> Callable[[], None]:
    def judge() -> None:
        with contextlib.suppress(Refused):
            documents.valid(text)

    return judge


def seconds(work: Callable[[], None]) -> float:
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


class Timed:
    """The least time of a piece of work so far; another try can only make it less."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.work = work
        self.seconds = seconds(work)

    def again(self) -> None:
        self.seconds = min(self.seconds, seconds(self.work))


def test_no_bomb_takes_longer_than_a_good_document_and_twice_the_bomb_than_twice_as_long(
    record_property: Callable[[str, object], None],
) -> None:
    documents = forgetful()
    documents.valid(good_document())
    good = Timed(judged(documents, good_document()))
    steepest, longest = 0.0, 0.0
    for name, family in FAMILIES.items():
        timed = [Timed(judged(documents, family(size))) for size in SIZES]
        for _ in range(TRIES):
            floor = good.seconds * SHORT
            slopes = [
                twice.seconds / max(once.seconds, floor)
                for once, twice in ((timed[0], timed[1]), (timed[2], timed[3]))
            ]
            length = max(each.seconds for each in timed) / good.seconds
            if max(slopes) <= STEEPEST * 0.9 and length <= 1:
                break
            for each in (good, *timed):
                each.again()
        assert max(slopes) <= STEEPEST, (name, slopes)
        steepest, longest = max(steepest, *slopes), max(longest, length)
    record_property(
        "figure",
        f"{len(FAMILIES)} families; twice the size at most {steepest:.1f} times the time; "
        f"at most {longest:.2f} of a good document's time",
    )


async def test_bombs_are_refused_over_http_before_any_vendor_is_asked(
    served_with_all: Served, emulator: Emulator, record_property: Callable[[str, object], None]
) -> None:
    sent = 0
    for name, family in FAMILIES.items():
        for size in SIZES:
            answer = await served_with_all.ask(family(size))
            codes = {error["extensions"]["code"] for error in answer["errors"]}
            assert codes <= {"LIMIT_EXCEEDED", "BAD_REQUEST", "INVALID_REFERENCE"}, (name, size, answer)
            assert not any((answer.get("data") or {}).values())
            assert len(str(answer)) < 16_000
            sent += 1
    assert calls(emulator) == {}
    record_property("figure", f"{sent} over HTTP, 0 vendor calls")


def deep(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


REFS = "query ($refs: [PrecheckRefInput!]!) { lookupPrechecks(refs: $refs) { problem { code } } }"
ENTITIES = "query ($refs: [_Any!]!) { _entities(representations: $refs) { __typename } }"


@pytest.mark.parametrize("document", [REFS, ENTITIES])
async def test_variables_are_no_way_round(served_with_all: Served, emulator: Emulator, document: str) -> None:
    bombs: list[Any] = [
        [{"id": "a"}] * 101,
        [{"id": "a"}] * 5_000,
        [{f"key{number}": 1 for number in range(5_000)}],
        [{"id": [0] * 5_000}],
        deep(180),
        deep(900),
        {"id": deep(900)},
        [{"id": "x" * 60_000, "__typename": "x" * 60_000}],
        [2**63, "x", None, True, [], {}],
    ]
    for refs in bombs:
        answer = await served_with_all.ask(document, refs=refs)
        codes = {error["extensions"]["code"] for error in answer["errors"]}
        assert codes <= {"LIMIT_EXCEEDED", "BAD_REQUEST"}, (str(refs)[:80], answer)
        assert len(str(answer)) < 16_000
    assert calls(emulator) == {}
