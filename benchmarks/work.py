"""What is asked: documents, variables, and the same question in the words of each side."""

from collections.abc import Callable
from typing import NamedTuple

import orjson

from benchmarks.emulated import ROOT
from benchmarks.peers import HIVE
from benchmarks.population import BATCH, PRECHECKS, SINGLE, references
from benchmarks.sides import BARE, HANDWRITTEN, OURS, STOCK, TEXTBOOK, encoded
from resolvers.reference import Reference

KEPT_SECONDS = 86_400
ITEM_FIELDS = "code title side category state blocking vendorState reason"
FIELDS = f"externalId status items {{ {ITEM_FIELDS} }}"
LOOKUP = f"""query Lookup($refs: [PrecheckRefInput!]!, $age: Int!) {{
  lookupPrechecks(refs: $refs, maxAgeSeconds: $age) {{ precheck {{ {FIELDS} }} problem {{ code }} }}
}}"""
MIXED = f"""query Mixed($refs: [PrecheckRefInput!]!, $age: Int!) {{
  lookupPrechecks(refs: $refs, maxAgeSeconds: $age) {{
    precheck {{ externalId provider {{ name }} items(filter: {{blocking: false}}) {{ {ITEM_FIELDS} }} }}
  }}
}}"""
ENTITIES = f"""query Entities($representations: [_Any!]!) {{
  _entities(representations: $representations) {{ ... on Precheck {{ {FIELDS} }} }}
}}"""
DASHBOARD = ROOT / "graph" / "http" / "explorer_static" / "operations" / "01-dashboard.graphql"
HIVE_FIELDS = """count results { precheck_id result process job_direction
  precheck_result { item result group failed_reason data raw_error_msg is_support_skip is_skipped } }"""
_BATCH_SIZE = 10
_GRAPHQL = (OURS, STOCK, TEXTBOOK)
_HEAVY = (OURS, TEXTBOOK, HANDWRITTEN)

Question = Callable[[str, int], bytes]


class Work(NamedTuple):
    """One row of the table for each side: `question` is what a side is asked the nth time.

    Each round has a turn of so many seconds, or of one request if that takes longer. Sides named in `once` are so
    slow that the request by which answers are compared is all that is measured of them.
    """

    name: str
    sides: tuple[str, ...]
    question: Question
    clients: int = 1
    rounds: int = 3
    seconds: float = 0.2
    once: tuple[str, ...] = ()


def works(project_id: str) -> list[list[Work]]:
    """Everything that is measured over HTTP, in its order: what leaves much behind in a process comes last.

    What stands in one list is measured in the same rounds. Those by which goals are judged have more of them.
    """
    five = _same(encoded(tiny(), {}))
    cold = (*_GRAPHQL, HANDWRITTEN)
    beside_hive = (*cold, HIVE)
    light = [
        Work("dashboard, 100 tracked", _GRAPHQL, _same(encoded(DASHBOARD.read_text(encoding="utf-8"), {}))),
        Work("tiny", (*_GRAPHQL, BARE), five),
        Work("tiny", (*_GRAPHQL, BARE), five, clients=16, rounds=21, seconds=0.15),
        *(
            Work(f"{number} of DRS, cold", beside_hive, _cold(BATCH, number, project_id), rounds=rounds, once=once)
            for number, rounds, once in ((1, 3, ()), (20, 3, ()), (100, 9, (STOCK, TEXTBOOK)))
        ),
        Work("20 of DRS, cold", (OURS, TEXTBOOK, HIVE), _cold(BATCH, 20, project_id), clients=16),
        *(Work(f"{number} of OMS, cold", cold, _cold(SINGLE, number, project_id)) for number in (1, 20, 100)),
        Work("20 aliases on DRS, cold", _GRAPHQL, _same(encoded(aliases(20, 0), {}))),
        Work("100 aliases on DRS, cold", _GRAPHQL, _same(encoded(aliases(100, 0), {}))),
        Work("_entities of 100, at most 2 s old", _GRAPHQL, _same(_entities(100))),
        *(Work(f"{number} from snapshots", _GRAPHQL, _same(kept(LOOKUP, number))) for number in (1, 20, 100)),
        Work("20 from snapshots", _GRAPHQL, _same(kept(LOOKUP, 20)), clients=16),
        Work("100 aliases from snapshots", _GRAPHQL, _same(encoded(aliases(100, KEPT_SECONDS), {}))),
    ]

    def drs(number: int) -> Question:
        return _cold(BATCH, number, project_id)

    heavy = [
        [Work("100 of DRS, cold", (OURS, HIVE), drs(100), clients=16, rounds=5)],
        _growing("of DRS, cold", drs, _HEAVY, rounds=6, once=(TEXTBOOK, HANDWRITTEN)),
        _growing(
            "of OMS, cold",
            lambda number: _cold(SINGLE, number, project_id),
            _HEAVY,
            rounds=4,
            once=(TEXTBOOK, HANDWRITTEN),
        ),
        _growing(
            "from snapshots",
            lambda number: _same(kept(LOOKUP, number)),
            (OURS, TEXTBOOK),
            rounds=5,
            seconds=0.5,
        ),
    ]
    return [*([work] for work in light), *heavy]


def _growing(
    kind: str,
    question: Callable[[int], Question],
    sides: tuple[str, ...],
    *,
    rounds: int,
    seconds: float = 0.2,
    once: tuple[str, ...] = (),
) -> list[Work]:
    """A thousand prechecks and, in the same rounds, a hundred of ours, for how CPU grows."""
    large = Work(f"1000 {kind}", sides, question(PRECHECKS), rounds=rounds, seconds=seconds, once=once)
    return [large._replace(name=beside(kind), sides=(OURS,), question=question(100)), large]


def beside(kind: str) -> str:
    """The name of the work of a hundred that is measured in the rounds of a thousand."""
    return f"100 {kind}, beside 1000"


def kept(document: str, number: int) -> bytes:
    """Prechecks of the vendor with batches, however old."""
    return encoded(document, {"refs": refs(BATCH, references(BATCH, number)), "age": KEPT_SECONDS})


def refs(provider_id: str, external_ids: list[str]) -> list[dict[str, str]]:
    """As the argument of `lookupPrechecks`."""
    return [{"providerId": provider_id, "externalId": each} for each in external_ids]


def aliases(number: int, max_age_seconds: int) -> str:
    """A document in which each precheck is a field of its own."""
    ids = (Reference(BATCH, each).id for each in references(BATCH, number))
    fields = (
        f'p{place}: precheck(id: "{each}", maxAgeSeconds: {max_age_seconds}) {{ {FIELDS} }}'
        for place, each in enumerate(ids)
    )
    return f"{{ {' '.join(fields)} }}"


def lookup(provider_id: str, number: int, turn: int, max_age_seconds: int = 0) -> bytes:
    """A lookup of the prechecks of this turn; each turn begins where the one before ended."""
    asked = references(provider_id, number, turn * number)
    return encoded(LOOKUP, {"refs": refs(provider_id, asked), "age": max_age_seconds})


def tiny() -> str:
    """Five fields of one precheck."""
    [external_id] = references(BATCH, 1)
    return (
        f'{{ precheck(id: "{Reference(BATCH, external_id).id}", maxAgeSeconds: {KEPT_SECONDS}) '
        "{ externalId status verdict summary run } }"
    )


def _same(question: bytes) -> Question:
    return lambda _side, _turn: question


def _cold(provider_id: str, number: int, project_id: str) -> Question:
    def question(side: str, turn: int) -> bytes:
        asked = references(provider_id, number, turn * number)
        if side == HANDWRITTEN:
            return orjson.dumps({"provider": provider_id, "references": asked})
        if side == HIVE:
            return encoded(_hive(asked), {"project": project_id})
        return lookup(provider_id, number, turn)

    return question


def _hive(jobs: list[str]) -> str:
    """As many aliases as calls: the vendor takes ten ids at once, and a gateway does not divide them."""
    batches = (jobs[start : start + _BATCH_SIZE] for start in range(0, len(jobs), _BATCH_SIZE))
    fields = (
        f"b{place}: prechecks(project_id: $project, input: {{jobs: {_listed(batch)}}}) {{ {HIVE_FIELDS} }}"
        for place, batch in enumerate(batches)
    )
    return f"query Batches($project: String!) {{ {' '.join(fields)} }}"


def _listed(jobs: list[str]) -> str:
    return orjson.dumps(jobs).decode()


def _entities(number: int) -> bytes:
    representations = [
        {"__typename": "Precheck", "providerId": BATCH, "externalId": each} for each in references(BATCH, number)
    ]
    return encoded(ENTITIES, {"representations": representations})
