"""What tenants ask, by chance: which questions, over which transport, with whose ids and cursors."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from hypothesis import strategies as st

from resolvers.caller import Right
from resolvers.reference import ItemIds, Reference
from tests.graph import tenants
from tests.graph.tenants import NONSENSE, Place, document
from tests.graph.transports import Payloads

# Who sees what: one is shared, and two are one vendor's with the same prechecks. Carol sees everything.
SEEN: dict[str, tuple[str, ...]] = {
    "alice": ("amber", "cedar", "delta"),
    "bob": ("birch", "cedar", "elder"),
    "carol": ("*",),
}
RIGHTS = {"alice": {Right.READ, Right.RAW}, "bob": {Right.READ}, "carol": {Right.READ}}
OTHERS_OF_BOB = (("birch", "cedar", "elder"), ("cedar",), ("amber", "elder"), ())
QUERIES = ("lookup", "prechecks", "list", "providers", "provider", "entities", "raw")


class Ask(NamedTuple):
    """A tenant asks something, over some transport; the numbers choose among what there is at the time."""

    who: str
    kind: str
    picks: tuple[int, ...]
    transport: int
    how: int


class Reload(NamedTuple):
    """Another provider file: without this one."""

    without: str


class Admit(NamedTuple):
    """Other tokens: Bob's is for other providers."""

    bobs: tuple[str, ...]


Step: TypeAlias = list[Ask] | Reload | Admit
_NUMBERS = st.integers(0, 11)
ASKS = st.builds(
    Ask,
    st.sampled_from(["alice", "bob", "bob", "carol"]),
    st.sampled_from([*QUERIES, "updates", "updates"]),
    st.tuples(_NUMBERS, _NUMBERS) | st.tuples(_NUMBERS, _NUMBERS, _NUMBERS),
    _NUMBERS,
    _NUMBERS,
)
CHANGES = st.builds(Reload, st.sampled_from(["", "amber", "cedar", "elder"])) | st.builds(
    Admit, st.sampled_from(OTHERS_OF_BOB)
)
HISTORIES = st.lists(st.lists(ASKS, min_size=2, max_size=4) | CHANGES, min_size=2, max_size=6)


class Question(NamedTuple):
    """What is sent, and the prechecks that it names."""

    document: str
    variables: dict[str, Any]
    names: tuple[Reference, ...] = ()


class Asking:
    """Makes questions of numbers, and knows the cursors that anybody was given."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self._places = places
        self._positions: list[tuple[list[Reference], str]] = []
        self._cursors: list[str] = []

    def question(self, ask: Ask) -> Question:
        """What this tenant sends."""
        named = [self._named(pick) for pick in ask.picks]
        refs = [self._ref(each, ask.how + place) for place, each in enumerate(named)]
        match ask.kind:
            case "lookup":
                age = 0 if ask.how % 4 == 0 else None
                return _asks(tenants.LOOKUP, named, refs=refs, age=age)
            case "prechecks":
                return _asks(tenants.PRECHECKS, named[:2], a=named[0].id, b=named[1].id)
            case "list":
                after = (
                    self._cursors[ask.transport % len(self._cursors)] if ask.how > 8 and self._cursors else None
                )
                return _asks(tenants.LIST, (), filter=self._filter(named, ask.how), first=100, after=after)
            case "providers":
                return _asks(tenants.PROVIDERS, ())
            case "provider":
                narrowed = self._filter(named[1:], ask.how)
                return _asks(tenants.PROVIDER, (), id=named[0].provider_id, filter=narrowed)
            case "entities":
                representations = [_representation(each, ask.how + place) for place, each in enumerate(named)]
                read = [
                    each
                    for each, asked in zip(named, representations, strict=True)
                    if len(asked) > 2 or "." in asked["id"]
                ]
                return _asks(tenants.ENTITIES, read, representations=representations)
            case "raw":
                return _asks(tenants.RAW, named, refs=refs)
        if ask.how % 2 and self._positions:
            named, after = self._positions[ask.picks[0] % len(self._positions)]
            refs = [self._ref(each, ask.how) for each in named]
            return _asks(tenants.UPDATES, named, refs=refs, after=after)
        return _asks(tenants.UPDATES, named, ids=[each.id for each in named], refs=refs, after=None)

    def _named(self, pick: int) -> Reference:
        known = [each for place in self._places.values() for each in place.references]
        odd = [Reference(list(self._places)[pick % len(self._places)], NONSENSE), Reference("nobody", "x")]
        return [*known, *odd][pick % (len(known) + len(odd))]

    def _ref(self, reference: Reference, how: int) -> dict[str, str]:
        if how % 3 == 0:
            return {"id": reference.id}
        return {"providerId": reference.provider_id, "externalId": reference.external_id}

    def _filter(self, named: Sequence[Reference], how: int) -> dict[str, Any] | None:
        if how % 3 == 0:
            return None
        if how % 3 == 1:
            return {"providerIds": [each.provider_id for each in named]}
        vendors = [
            self._places[each.provider_id].settings.vendor for each in named if each.provider_id in self._places
        ]
        return {"vendors": vendors}

    def remember(self, ask: Ask, question: Question, payloads: Payloads) -> None:
        """Keep the cursors of an answer, for whoever comes by."""
        for payload in payloads:
            data = payload.get("data") or {}
            if ask.kind == "updates" and data:
                self._positions.append((list(question.names), data["precheckUpdates"]["cursor"]))
            if ask.kind == "list" and data:
                self._cursors.append(data["prechecks"]["pageInfo"]["endCursor"])
        del self._positions[:-20], self._cursors[:-20]


def _asks(text: str, names: Sequence[Reference], **variables: Any) -> Question:
    return Question(document(text), variables, tuple(names))


def _representation(reference: Reference, how: int) -> dict[str, str]:
    if how % 4 == 0:
        return {"__typename": "Precheck", "id": reference.id}
    if how % 4 == 1:
        named = {"providerId": reference.provider_id, "externalId": reference.external_id}
        return {"__typename": "Precheck", **named}
    if how % 4 == 2:
        return {"__typename": "PrecheckItem", "id": ItemIds(reference.id).of("none")}
    return {"__typename": "Provider", "id": reference.provider_id}
