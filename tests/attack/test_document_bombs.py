"""Document bombs: refused before any vendor is asked, in time that grows no faster than they do."""

import contextlib
import gc
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from msgspec.structs import replace

from graph.app import limits_of
from graph.documents import Documents, Refused
from graph.provider_file import read_providers
from graph.recent import Recent
from graph.schema import schema
from graph.settings import Settings
from tests.attack.bombs import ALIASES, DIRECTIVES, FAMILIES, FRAGMENTS, OVERLAP, Bomb, good_document
from tests.emulator.process import Emulator
from tests.graph.documents import calls
from tests.graph.served import Served, Socket, served

pytestmark = pytest.mark.attack("document bombs")

SETTINGS = Settings()
MOST = SETTINGS.max_tokens
SIZES = (MOST * 9 // 20, MOST * 9 // 10, 2 * MOST, 4 * MOST)
STEEPEST = 2.5
LONGEST = 1.5
CLASSIC = (*FRAGMENTS, *OVERLAP, *DIRECTIVES, *ALIASES, "comments")
FEWEST_TRIES, TRIES, ROUNDS = 4, 30, 5
# What takes less than this part of a good document's time is no burden, and too short to be compared.
SHORT = 1 / 10


@pytest.fixture
def server(emulator: Emulator, provider_file: Path) -> Iterator[Served]:
    with served([replace(each, track=()) for each in read_providers(provider_file)]) as server:
        yield server


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
        self._work = work
        self.seconds = seconds(work)

    def again(self) -> None:
        self.seconds = min(self.seconds, seconds(self._work))


class Measured(NamedTuple):
    """A bomb at each of the sizes, beside a good document."""

    timed: list[Timed]
    good: Timed

    @property
    def slope(self) -> float:
        """How many times as long twice the bomb takes, at worst."""
        floor = self.good.seconds * SHORT
        once, twice, third, fourth = (each.seconds for each in self.timed)
        return max(twice / max(once, floor), fourth / max(third, floor))

    @property
    def length(self) -> float:
        """How many times as long as the good document it takes, at worst."""
        return max(each.seconds for each in self.timed) / self.good.seconds

    def is_well(self) -> bool:
        return self.slope <= STEEPEST and self.length <= LONGEST

    def again(self) -> None:
        for each in self.timed:
            each.again()


def measured(documents: Documents, family: Bomb, good: Timed) -> Measured:
    """As often as it takes to see what the machine's other work hides."""
    bomb = Measured([Timed(judged(documents, family(size))) for size in SIZES], good)
    for tried in range(TRIES):
        if tried >= FEWEST_TRIES and bomb.is_well():
            break
        bomb.again()
    return bomb


@pytest.fixture
def settled() -> Iterator[None]:
    """The heap as the server keeps it: what stands at the start is no work for the collector."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("settled")
def test_no_bomb_takes_longer_than_a_good_document_and_twice_the_bomb_not_much_more_than_twice_as_long(
    record_property: Callable[[str, object], None],
) -> None:
    documents = forgetful()
    documents.valid(good_document())
    good = Timed(judged(documents, good_document()))
    for _ in range(FEWEST_TRIES):
        good.again()
    bombs: dict[str, Measured] = {}
    # A neighbour that keeps the machine busy for seconds is over by a later round; what truly grows is not.
    for _ in range(ROUNDS):
        left = [name for name in FAMILIES if name not in bombs or not bombs[name].is_well()]
        bombs.update((name, measured(documents, FAMILIES[name], good)) for name in left)
    assert {name: (bomb.slope, bomb.length) for name, bomb in bombs.items() if not bomb.is_well()} == {}
    slope, length = (
        max(each) for each in zip(*((bomb.slope, bomb.length) for bomb in bombs.values()), strict=True)
    )
    classic = max(timed.seconds for name in CLASSIC for timed in bombs[name].timed) * 1_000
    record_property(
        "figure",
        f"{len(bombs)} families; twice the size at most {slope:.1f} times the time; {classic:.0f} ms at most for "
        f"fragments, overlap, directives, aliases and comments; at most {length:.2f} of a good document's time",
    )


async def test_bombs_are_refused_over_http_before_any_vendor_is_asked(
    server: Served, emulator: Emulator, record_property: Callable[[str, object], None]
) -> None:
    sent = 0
    for name, family in FAMILIES.items():
        for size in SIZES:
            answer = await server.ask(family(size))
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
async def test_variables_are_no_way_round(server: Served, emulator: Emulator, document: str) -> None:
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
        answer = await server.ask(document, refs=refs)
        codes = {error["extensions"]["code"] for error in answer["errors"]}
        assert codes <= {"LIMIT_EXCEEDED", "BAD_REQUEST"}, (str(refs)[:80], answer)
        assert len(str(answer)) < 16_000
    assert calls(emulator) == {}


FILTERED = "query ($filter: PrecheckFilter) { prechecks(filter: $filter) { totalCount } }"


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"filter": {"providerIds": ["a"] * 1_001}}, "A list in `$filter` has 1001 entries; at most 1000"),
        ({"filter": {"providerIds": ["a"] * 5_000}}, "A list in `$filter` has 5000 entries; at most 1000"),
        ({"unused": [0] * 1_001}, "A list in `$unused` has 1001 entries; at most 1000"),
        (
            {"unused": dict.fromkeys(map(str, range(101)), 0)},
            "An object in `$unused` has 101 entries; at most 100",
        ),
        ({"a": {"b": [{"c": [[0] * 1_001]}]}}, "A list in `$a` has 1001 entries; at most 1000"),
        (
            {"a": [[], {"b": {f"{key}": [] for key in range(500)}}]},
            "An object in `$a` has 500 entries; at most",
        ),
        ({"filter": {}, "x": [[[[[]] * 1_001]]]}, "A list in `$x` has 1001 entries; at most 1000"),
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "text/event-stream", None])
async def test_what_stands_in_variables_is_bounded_however_deep_and_used_or_not(
    server: Served, emulator: Emulator, variables: dict[str, Any], says: str, accept: str | None
) -> None:
    if accept is None:
        async with Socket(server.url) as ws:
            await ws.subscribe("1", FILTERED, **variables)
            [error] = (await ws.receive())["payload"]["errors"]
    else:
        answer = await server.post({"query": FILTERED, "variables": variables}, {"accept": accept})
        [error] = orjson.loads(answer.text[answer.text.index("{") : answer.text.rindex("}") + 1])["errors"]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert error["message"].startswith(says)
    assert calls(emulator) == {}
