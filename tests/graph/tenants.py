"""Tenants of one server: the providers they share or not, what they ask, and what they must never be told."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from graph.provider_file import read_providers
from resolvers.reference import ItemIds, Reference, item_reference_of, reference_of
from resolvers.upstream.contract import LimitSettings, ProviderSettings
from tests.emulator.process import Emulator

# The demo's providers under names that stand in no other text; the twin is of delta's vendor.
NAMES = {"oms-ce": "amber", "oms-ee": "birch", "drs": "cedar", "ninedata": "delta"}
TWIN_OF_DELTA = "elder"
QUICK = LimitSettings(poll_seconds=0.02, timeout_seconds=5.0)
NONSENSE = "no identifier"
RUN_SECONDS = 10.0

NODE = "id externalId verdict status provider { id name vendor region } items { key precheck { id } }"
PROBLEM = "problem { code message retryable providerId }"
LOOKUP = """query ($refs: [PrecheckRefInput!]!, $age: Int) {
  lookupPrechecks(refs: $refs, maxAgeSeconds: $age) {
    ref { id providerId externalId } precheck { NODE } PROBLEM } }"""
PRECHECKS = "query ($a: ID!, $b: ID!) { a: precheck(id: $a) { NODE } b: precheck(id: $b) { NODE } }"
LIST = """query ($filter: PrecheckFilter, $first: Int, $after: String) {
  prechecks(filter: $filter, first: $first, after: $after, orderBy: PROVIDER) {
    totalCount pageInfo { hasNextPage endCursor } nodes { NODE } } }"""
PROVIDERS = (
    "{ precheckProviders { id name region health { state PROBLEM } prechecks { nodes { id externalId } } } }"
)
PROVIDER = """query ($id: ID!, $filter: PrecheckFilter) {
  precheckProvider(id: $id) { id name region health { state } prechecks(filter: $filter) { totalCount } } }"""
ENTITIES = """query ($representations: [_Any!]!) { _entities(representations: $representations) {
    __typename ... on Precheck { NODE } ... on PrecheckItem { key precheck { id } }
    ... on Provider { id name region health { state PROBLEM } } } }"""
RAW = "query ($refs: [PrecheckRefInput!]!) { lookupPrechecks(refs: $refs) { precheck { items { e: rawError } } } }"
UPDATES = """subscription ($ids: [ID!], $refs: [PrecheckRefInput!], $after: String) {
  precheckUpdates(ids: $ids, refs: $refs, after: $after) {
    kind cursor gap remaining precheck { NODE } changes { item { key } } PROBLEM } }"""


def document(text: str) -> str:
    """One of the documents above, written out."""
    return text.replace("NODE", NODE).replace("PROBLEM", PROBLEM)


class Place(NamedTuple):
    """A provider with its prechecks, all of them over, the first one tracked; and the texts that only it has."""

    settings: ProviderSettings
    known: tuple[str, ...]

    @property
    def id(self) -> str:
        return self.settings.id

    @property
    def references(self) -> list[Reference]:
        return [Reference(self.id, each) for each in self.known]

    @property
    def tracked(self) -> list[Reference]:
        return [Reference(self.id, each) for each in self.settings.track]

    @property
    def marks(self) -> frozenset[str]:
        """What tells of it: its ids and names, its prechecks' ids, and where its vendor is."""
        own = {self.id, f"{self.settings.name}", self.settings.base_url.removeprefix("http://")}
        return frozenset(own.union(self.known, (each.id for each in self.references)))


def places(provider_file: Path, emulator: Emulator) -> dict[str, Place]:
    """The providers by id, one run of each begun and over."""
    demo = {each.id: each for each in read_providers(provider_file)}
    listed = [*NAMES.items(), ("ninedata", TWIN_OF_DELTA)]
    runs = {name: emulator.create_run(name, scenario="blocked", seconds=RUN_SECONDS) for name in NAMES}
    emulator.advance(RUN_SECONDS + 1)
    found = {}
    for name, own in listed:
        settings = replace(demo[name], id=own, name=f"Mark of {own}", track=demo[name].track[:1], limits=QUICK)
        found[own] = Place(settings, (*settings.track, runs[name]))
    return found


def shown_to(payload: Any, seen: Collection[Place], hidden: Collection[Place], sent: Any) -> set[str]:
    """The marks of hidden providers in a payload, but for what the client has sent itself or may know."""
    mine = {mark for place in seen for mark in place.marks}
    told = json.dumps(payload)
    said = json.dumps(sent)
    echoed = {own for reference in _references_in(sent) for own in (*reference, reference.id)}
    marks = {mark for place in hidden for mark in place.marks} - mine
    return {mark for mark in marks if mark in told and mark not in said and mark not in echoed}


def renamed(value: Any, old: str, new: str) -> Any:
    """The same with another provider's id in it, be it packed into the id of a precheck."""
    match value:
        case dict():
            return {name: renamed(each, old, new) for name, each in value.items()}
        case list():
            return [renamed(each, old, new) for each in value]
        case str():
            return _renamed_text(value, old, new)
    return value


def _renamed_text(text: str, old: str, new: str) -> str:
    item = item_reference_of(text)
    reference = item[0] if item else reference_of(text)
    if reference is None:
        return text.replace(old, new)
    if reference.provider_id != old:
        return text
    precheck_id = Reference(new, reference.external_id).id
    return ItemIds(precheck_id).of(item[1]) if item else precheck_id


def _references_in(value: Any) -> Iterator[Reference]:
    match value:
        case {"providerId": str(provider_id), "externalId": str(external_id)}:
            yield Reference(provider_id, external_id.strip())
        case Mapping():
            for each in value.values():
                yield from _references_in(each)
        case str():
            item = item_reference_of(value)
            reference = item[0] if item else reference_of(value)
            if reference is not None:
                yield reference
        case Sequence():
            for each in value:
                yield from _references_in(each)
