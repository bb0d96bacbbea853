"""A server that tenants share, and what must hold of every answer in their histories."""

import asyncio
import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import HealthCheck

from graph.guard.tokens import Listed
from resolvers.caller import Right
from resolvers.reference import Reference
from tests.emulator.process import Emulator
from tests.faults.issuer import HandClock
from tests.graph import tenants
from tests.graph.asking import HISTORIES, RIGHTS, SEEN, Admit, Ask, Asking, Question, Reload, Step
from tests.graph.served import Served, served
from tests.graph.tenants import Place, renamed, shown_to
from tests.graph.tokens import settings_for, table, token_of
from tests.graph.transports import OF_QUERIES, OF_STREAMS, Client, Payloads, codes_of


class World:
    """One server, its tenants, and what is known to be true of it."""

    def __init__(self, server: Served, places: Mapping[str, Place]) -> None:
        self._server = server
        self._places = places
        self._client = Client(server.url)
        self._seen = dict(SEEN)
        self._configured = set(places)
        self._tracked = {each for place in places.values() for each in place.tracked}
        self._perhaps: set[Reference] = set()  # tracked: whoever comes back to a stream may need no reading
        self._asking = Asking(places)
        self.asked = 0

    async def close(self) -> None:
        await self._client.close()

    async def live(self, history: Iterable[Step]) -> None:
        """Everything in its order, from the usual files on; what is asked in one step is asked at once."""
        for step in (Reload(""), Admit(SEEN["bob"]), *history):
            match step:
                case Reload(without):
                    await self._reload(without)
                case Admit(bobs):
                    await self._admit(bobs)
                case _:
                    await self._burst(step)

    async def _reload(self, without: str) -> None:
        configured = {each for each in self._places if each != without}
        product = self._server.product
        fresh = [place.settings for place in self._places.values() if place.id in configured]
        await self._in_the_server(product.reload, fresh)
        gone = self._configured - configured
        self._tracked = {each for each in self._tracked if each.provider_id not in gone}
        self._perhaps = {each for each in self._perhaps if each.provider_id not in gone}
        for place in configured - self._configured:
            self._tracked.update(self._places[place].tracked)
        self._configured = configured

    async def _admit(self, bobs: tuple[str, ...]) -> None:
        self._seen["bob"] = bobs
        listed = [
            Listed(
                hashlib.sha256(token_of(name).encode()).digest(),
                name,
                None if "*" in seen else frozenset(seen),
                frozenset(RIGHTS[name]),
            )
            for name, seen in self._seen.items()
        ]
        await self._in_the_server(self._server.product.admit, listed)

    async def _in_the_server(self, change: Any, value: Any) -> None:
        async def changed() -> None:
            change(value)

        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(changed(), self._server.loop))

    def _visible(self, who: str) -> list[Place]:
        seen = self._seen[who]
        ids = self._configured if "*" in seen else self._configured.intersection(seen)
        return [place for place in self._places.values() if place.id in ids]

    def _hidden(self, who: str) -> list[Place]:
        visible = self._visible(who)
        return [each for each in self._places.values() if each not in visible]

    async def _burst(self, asks: Sequence[Ask]) -> None:
        questions = [self._asking.question(ask) for ask in asks]
        answers = await asyncio.gather(
            *(self._asked(ask, each) for ask, each in zip(asks, questions, strict=True))
        )
        before = set(self._tracked)
        for ask, question in zip(asks, questions, strict=True):
            if ask.kind != "raw" or Right.RAW in RIGHTS[ask.who]:
                ids = {place.id for place in self._visible(ask.who)}
                known = {each for place in self._places.values() for each in place.references}
                read = {each for each in question.names if each in known and each.provider_id in ids}
                self._perhaps |= read
                self._tracked |= set() if question.variables.get("after") else read
        for ask, question, payloads in zip(asks, questions, answers, strict=True):
            self._check(ask, question, payloads, before)
            await self._check_twin(ask, question, payloads)
            self._asking.remember(ask, question, payloads)

    async def _asked(self, ask: Ask, question: Question) -> Payloads:
        self.asked += 1
        transports = list((OF_STREAMS if ask.kind == "updates" else OF_QUERIES).values())
        ask_over = transports[ask.transport % len(transports)]
        return await ask_over(self._client, token_of(ask.who), question.document, question.variables)

    def _check(self, ask: Ask, question: Question, payloads: Payloads, before: set[Reference]) -> None:
        """Nothing of what is hidden is told; all of what is visible is answered."""
        leaked = shown_to(payloads, self._visible(ask.who), self._hidden(ask.who), question.variables)
        assert leaked == set(), (ask, question, payloads)
        if ask.kind not in ("raw", "entities", "prechecks"):
            assert codes_of(payloads) == set(), (ask, question, payloads)
        if ask.kind == "raw":
            assert ("NOT_PERMITTED" in codes_of(payloads)) is (Right.RAW not in RIGHTS[ask.who]), (ask, payloads)
        elif ask.kind == "list":
            self._check_list(ask, question, payloads, before)
        elif ask.kind == "updates" and question.variables["after"] is None:
            self._check_events(ask, question, payloads)
        elif ask.kind == "lookup":
            self._check_lookups(ask, question, payloads)
        elif ask.kind == "providers":
            told = [each["id"] for each in payloads[0]["data"]["precheckProviders"]]
            assert told == [each.id for each in self._visible(ask.who)], ask

    def _check_list(self, ask: Ask, question: Question, payloads: Payloads, before: set[Reference]) -> None:
        [payload] = payloads
        shown = payload["data"]["prechecks"]
        places = {each.id: each.settings.vendor for each in self._visible(ask.who)}
        asked = question.variables["filter"] or {}
        ids = {each for each, vendor in places.items() if each in asked.get("providerIds", [each])}
        ids = {each for each in ids if places[each] in asked.get("vendors", [places[each]])}
        least, most = (
            {each for each in known if each.provider_id in ids}
            for known in (before, self._tracked | self._perhaps)
        )
        nodes = {Reference(each["provider"]["id"], each["externalId"]) for each in shown["nodes"]}
        assert len(least) <= shown["totalCount"] <= len(most), (ask, payload)
        assert nodes <= most, (ask, payload)
        assert least <= nodes or question.variables["after"], (ask, payload)

    def _check_lookups(self, ask: Ask, question: Question, payloads: Payloads) -> None:
        visible = {each for place in self._visible(ask.who) for each in place.references}
        ids = {place.id for place in self._visible(ask.who)}
        for named, lookup in zip(question.names, payloads[0]["data"]["lookupPrechecks"], strict=True):
            if named in visible:
                assert lookup["precheck"]["id"] == named.id, (ask, lookup)
            else:
                code = _code_of_nothing(named, ids)
                assert (lookup["precheck"], lookup["problem"]["code"]) == (None, code), (ask, lookup)

    def _check_events(self, ask: Ask, question: Question, payloads: Payloads) -> None:
        events = [payload["data"]["precheckUpdates"] for payload in payloads]
        ids = {place.id for place in self._visible(ask.who)}
        visible = {each for place in self._visible(ask.who) for each in place.references}
        names = set(question.names)
        ended = [event["precheck"]["id"] for event in events if event["kind"] == "COMPLETED"]
        assert sorted(ended) == sorted(each.id for each in names & visible), (ask, payloads)
        problems = [event["problem"]["code"] for event in events if event["kind"] == "PROBLEM"]
        codes = [
            "INVALID_REFERENCE" if each.provider_id in ids else "UNKNOWN_PROVIDER" for each in names - visible
        ]
        assert sorted(problems) == sorted(codes), (ask, payloads)

    async def _check_twin(self, ask: Ask, question: Question, payloads: Payloads) -> None:
        """A hidden provider is answered for like one that was never configured, to the letter."""
        if ask.kind in ("list", "providers"):
            return
        told = question.variables["id"] if ask.kind == "provider" else question.variables
        hidden = [each.id for each in self._hidden(ask.who) if renamed(told, each.id, "") != told]
        if not hidden:
            return
        variables: Any = question.variables
        for each in hidden:
            variables = renamed(variables, each, each[::-1])
        twin: Any = await self._asked(ask, Question(question.document, variables))
        for each in hidden:
            twin = renamed(twin, each[::-1], each)
        if _comparable(payloads) != _comparable(twin):  # something visible may have changed in between
            payloads = await self._asked(ask, question)
        assert _comparable(payloads) == _comparable(twin), (ask, question)


@contextmanager
def living(provider_file: Path, emulator: Emulator, folder: Path) -> Iterator[World]:
    """A world, until the block ends; its server's dates stand still."""
    places = tenants.places(provider_file, emulator)
    settings = settings_for(folder, *(table(name, seen) for name, seen in SEEN.items()))
    with served([each.settings for each in places.values()], settings, HandClock()) as server:
        yield World(server, places)


def live_histories(world: World, examples: int) -> None:
    """That many histories in it, one after the other."""
    with asyncio.Runner() as runner:

        @hypothesis.settings(max_examples=examples, suppress_health_check=list(HealthCheck), print_blob=True)
        @hypothesis.given(HISTORIES)
        def lived(history: list[Step]) -> None:
            runner.run(world.live(history))

        try:
            lived()
        finally:
            runner.run(world.close())


def _code_of_nothing(reference: Reference, provider_ids: Collection[str]) -> str:
    """Of a reference to nothing that a tenant may see, with the providers that it sees."""
    return "INVALID_REFERENCE" if reference.provider_id in provider_ids else "UNKNOWN_PROVIDER"


def _comparable(payloads: Payloads) -> list[str]:
    """Without what differs between two equal questions: cursors, and in which order prechecks were read."""
    kept = []
    for payload in payloads:
        event = (payload.get("data") or {}).get("precheckUpdates")
        if event is not None:
            payload = {**payload, "data": {**event, "cursor": "", "remaining": 0}}
        kept.append(json.dumps(payload, sort_keys=True))
    return sorted(kept)
