"""Dialogues that keep to no protocol: tables kept by hand, and ones made by chance from a seed."""

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from tests.attack.dialogue import INIT, TYPENAME, Sent, masked, subscribe

LONG = "x" * 5_000
STREAM = 'subscription { precheckUpdates(refs: [{providerId: "nowhere", externalId: "1"}]) { kind } }'
SIBLING = (
    'subscription { precheckUpdates(refs: [{providerId: "oms-ce", externalId: "t_7di1uvmxd340"}], until: NEVER)'
    " { kind } }"
)
COMPLETE = {"type": "complete", "id": "1"}

# Closed with this code: nothing that follows can be trusted to be what its client means.
CLOSED: dict[str, tuple[int, list[Sent]]] = {
    "not JSON": (4400, [INIT, "hello"]),
    "empty text": (4400, [INIT, ""]),
    "half of JSON": (4400, [INIT, '{"type": "pi']),
    "NaN": (4400, [INIT, '{"type": "ping", "payload": NaN}']),
    "two messages in one": (4400, [INIT, '{"type":"ping"}{"type":"ping"}']),
    "deep": (4400, [INIT, "[" * 20_000]),
    "deep and closed": (4400, [INIT, "[" * 20_000 + "]" * 20_000]),
    "binary": (4400, [INIT, b"\x00\x01"]),
    "binary JSON": (4400, [INIT, b'{"type":"ping"}']),
    "null": (4400, [INIT, "null"]),
    "a number": (4400, [INIT, 5]),
    "a huge number": (4400, [INIT, "9" * 5_000]),
    "a text": (4400, [INIT, '"ping"']),
    "a list": (4400, [INIT, [INIT]]),
    "an empty object": (4400, [INIT, {}]),
    "type null": (4400, [INIT, {"type": None}]),
    "type 1": (4400, [INIT, {"type": 1}]),
    "type list": (4400, [INIT, {"type": ["ping"]}]),
    "type object": (4400, [INIT, {"type": {"a": 1}}]),
    "no such type": (4400, [INIT, {"type": "hello"}]),
    "a long type": (4400, [INIT, {"type": LONG}]),
    "a type of other letters": (4400, [INIT, {"type": "サブスクライブ" * 30}]),
    "type in capitals": (4400, [INIT, {"type": "PING"}]),
    "what only servers say: ack": (4400, [INIT, {"type": "connection_ack"}]),
    "what only servers say: next": (4400, [INIT, {"type": "next", "id": "1", "payload": {}}]),
    "what only servers say: error": (4400, [INIT, {"type": "error", "id": "1", "payload": []}]),
    "the older protocol: start": (4400, [INIT, {"type": "start", "id": "1", "payload": {"query": TYPENAME}}]),
    "the older protocol: stop": (4400, [INIT, {"type": "stop", "id": "1"}]),
    "the older protocol: terminate": (4400, [INIT, {"type": "connection_terminate"}]),
    "subscribe first": (4401, [subscribe()]),
    "subscribe before the acknowledgement and once more": (4401, [subscribe(), INIT]),
    "twice connection_init": (4429, [INIT, INIT]),
    "three times connection_init": (4429, [INIT, INIT, INIT]),
    "init with null": (4400, [{"type": "connection_init", "payload": None}]),
    "init with a list": (4400, [{"type": "connection_init", "payload": []}]),
    "init with a text": (4400, [{"type": "connection_init", "payload": "token"}]),
    "init with a number": (4400, [{"type": "connection_init", "payload": 1}]),
    "subscribe without id": (4400, [INIT, {"type": "subscribe", "payload": {"query": TYPENAME}}]),
    "subscribe with id null": (4400, [INIT, subscribe(None)]),
    "subscribe with id 1": (4400, [INIT, subscribe(1)]),
    "subscribe with an empty id": (4400, [INIT, subscribe("")]),
    "subscribe with a list as id": (4400, [INIT, subscribe(["1"])]),
    "subscribe without payload": (4400, [INIT, {"type": "subscribe", "id": "1"}]),
    "subscribe with payload null": (4400, [INIT, {"type": "subscribe", "id": "1", "payload": None}]),
    "subscribe with a text as payload": (4400, [INIT, {"type": "subscribe", "id": "1", "payload": TYPENAME}]),
    "subscribe with a list as payload": (4400, [INIT, {"type": "subscribe", "id": "1", "payload": []}]),
    "query null": (4400, [INIT, subscribe(query=None)]),
    "query 1": (4400, [INIT, subscribe(query=1)]),
    "query a list": (4400, [INIT, subscribe(query=[TYPENAME])]),
    "query an object": (4400, [INIT, subscribe(query={})]),
    "variables a list": (4400, [INIT, subscribe(variables=[])]),
    "variables a text": (4400, [INIT, subscribe(variables="{}")]),
    "variables a number": (4400, [INIT, subscribe(variables=1)]),
    "operationName 1": (4400, [INIT, subscribe(operationName=1)]),
    "operationName a list": (4400, [INIT, subscribe(operationName=[])]),
    "extensions a list": (4400, [INIT, subscribe(extensions=[])]),
    "extensions a text": (4400, [INIT, subscribe(extensions="x")]),
    "complete without id": (4400, [INIT, {"type": "complete"}]),
    "complete with id null": (4400, [INIT, {"type": "complete", "id": None}]),
    "complete with id 1": (4400, [INIT, {"type": "complete", "id": 1}]),
    "too large": (1009, [INIT, '"' + "x" * 70_000 + '"']),
    "the same id twice": (4409, [INIT, subscribe("1", SIBLING), subscribe("1", SIBLING)]),
    "the same long id twice": (4409, [INIT, subscribe(LONG, SIBLING), subscribe(LONG, SIBLING)]),
}

# Answered by an `error` of its id; the socket and its other operations go on.
REFUSED: dict[str, dict[str, Any]] = {
    "syntax": subscribe(query="{"),
    "more syntax": subscribe(query="subscription {{{"),
    "no document": subscribe(query="# nothing"),
    "an empty query": subscribe(query=""),
    "a blank query": subscribe(query="  \n"),
    "no such field": subscribe(query="{ nothing }"),
    "no such subscription": subscribe(query="subscription { nothing }"),
    "a mutation": subscribe(query="mutation { nothing }"),
    "no such operation": subscribe(query="query A { __typename }", operationName="B"),
    "which operation": subscribe(query="query A { __typename } query B { __typename }"),
    "only a fragment": subscribe(query="fragment F on Query { __typename }"),
    "a type": subscribe(query="type Query { a: Int }"),
    "two subscriptions in one": subscribe(
        query="subscription { a: precheckUpdates { kind } b: precheckUpdates { kind } }"
    ),
    "a variable that is missing": subscribe(query="query ($id: ID!) { precheck(id: $id) { id } }"),
    "a variable of another type": subscribe(
        query="query ($id: ID!) { precheck(id: $id) { id } }", variables={"id": {"a": 1}}
    ),
    "NUL in the document": subscribe(query="{ __typename\u0000 }"),
    "other letters": subscribe(query="{ ünïcödé }"),
    "deep braces": subscribe(query="{a" * 4_000),
    "deep lists": subscribe(query="{ precheck(id: " + "[" * 4_000),
    "an endless comment": subscribe(query="#" + "x" * 60_000),
}

# Odd, and no reason to refuse anything.
HARMLESS: dict[str, list[Sent]] = {
    "ping": [INIT, {"type": "ping"}],
    "ping with a payload": [INIT, {"type": "ping", "payload": {"a": [1]}}],
    "ping with a payload of another kind": [INIT, {"type": "ping", "payload": 5}],
    "pong that nobody asked for": [INIT, {"type": "pong"}],
    "many pings": [INIT, *({"type": "ping"} for _ in range(200))],
    "complete of nothing": [INIT, {"type": "complete", "id": "never"}],
    "complete twice": [
        INIT,
        subscribe("1", SIBLING),
        {"type": "complete", "id": "1"},
        {"type": "complete", "id": "1"},
    ],
    "an id again": [INIT, subscribe("1", SIBLING), COMPLETE, subscribe("1")],
    "more keys": [INIT, {**subscribe(), "more": {"a": 1}}],
    "variables null": [INIT, subscribe(variables=None)],
    "variables that are not asked for": [INIT, subscribe(variables={"a": "b" * 1_000})],
    "extensions": [INIT, subscribe(extensions={"a": {"b": []}})],
    "operationName null": [INIT, subscribe(operationName=None)],
    "an id of other letters": [INIT, subscribe("いち\u0000\ud7ff")],
    "a long id": [INIT, subscribe(LONG)],
    "ping first": [{"type": "ping"}, INIT],
    "init with more": [{"type": "connection_init", "payload": {"authorization": ["x"], "a": {"b": 1}}}],
}

FRAMES: dict[str, tuple[set[int], bytes]] = {
    "no mask": ({1002}, b"\x81\x02{}"),
    "a reserved bit": ({1002}, masked(1, b"{}", reserved=4)),
    "another reserved bit": ({1002}, masked(1, b"{}", reserved=2)),
    "a reserved opcode": ({1002}, masked(3, b"{}")),
    "a reserved control opcode": ({1002}, masked(11, b"")),
    "bad UTF-8": ({1007}, masked(1, b'"\xff\xfe"')),
    "half of a sign": ({1007}, masked(1, b'"\xe3\x81')),
    "a surrogate": ({1007}, masked(1, b'"\xed\xa0\x80"')),
    "a long ping": ({1002}, masked(9, b"x" * 126)),
    "a ping in pieces": ({1002}, masked(9, b"x", fin=False)),
    "a continuation of nothing": ({1002}, masked(0, b"x")),
    "text in the middle of text": ({1002}, masked(1, b"{", fin=False) + masked(1, b"}")),
    "a close of one byte": ({1002}, masked(8, b"\x03")),
    "a close with a bad code": ({1002}, masked(8, b"\x00\x01")),
    "a close with bad UTF-8": ({1007}, masked(8, b"\x03\xe8\xff")),
    "a huge length": ({1009}, masked(1, b"", length=1 << 40)),
    "the largest length": ({1002, 1009}, masked(1, b"", length=(1 << 63) + 1)),
    "pieces that grow too large": (
        {1009},
        masked(1, b"x" * 30_000, fin=False) + masked(0, b"x" * 30_000, fin=False) + masked(0, b"x" * 30_000),
    ),
    "many empty pieces": ({1008}, masked(1, b"", fin=False) + masked(0, b"", fin=False) * 5_000 + masked(0, b"")),
    "HTTP": ({1002, 0}, b"GET / HTTP/1.1\r\n\r\n"),
    "noise": ({1002, 1009, 0}, bytes(range(255, 0, -1))),
    "an ordinary close": ({1000}, masked(8, b"\x03\xe8")),
    "a close without a code": ({1000, 1005}, masked(8, b"")),
}

HANDSHAKES: dict[str, tuple[set[int], dict[str, Any]]] = {
    "an old version": ({400, 426}, {"headers": "", "version": 8}),
    "no key": ({400}, {"headers": "", "key": ""}),
    "a bad key": ({400}, {"headers": "", "key": "nonsense"}),
    "a foreign origin": ({403}, {"headers": "Origin: https://evil.example\r\n"}),
    "origin null": ({403}, {"headers": "Origin: null\r\n"}),
    "by POST": ({400, 405, 415}, {"headers": "", "method": "POST"}),
    "a header line without end": ({400, 431}, {"headers": "X: " + "x" * 100_000 + "\r\n"}),
}

VALUES: tuple[Any, ...] = (None, True, 0, -1, 1e308, 2**53, "", "x", LONG, "\u0000", [], [[]], {}, {"a": None})
GOOD: tuple[list[Any], ...] = (
    [INIT, subscribe(variables={"a": 1}, operationName=None, extensions={"b": {}})],
    [INIT, subscribe("s", STREAM), {"type": "complete", "id": "s"}, {"type": "ping", "payload": {}}],
    [
        {"type": "connection_init", "payload": {"authorization": "Bearer x"}},
        subscribe("q", "query Q { __typename }"),
    ],
)


def generated(seed: int) -> list[Sent]:
    """A good dialogue with one to three things wrong with it, always the same for a seed."""
    chance = random.Random(seed)
    dialogue: list[Any] = copy.deepcopy(chance.choice(GOOD))
    for _ in range(chance.randint(1, 3)):
        chance.choice(MUTATIONS)(chance, dialogue)
    return dialogue


def other_value(chance: random.Random, dialogue: list[Any]) -> None:
    places = list(_places(dialogue))
    if places:
        holder, key = chance.choice(places)
        holder[key] = chance.choice(VALUES)


def without(chance: random.Random, dialogue: list[Any]) -> None:
    places = [(holder, key) for holder, key in _places(dialogue) if isinstance(holder, dict)]
    if places:
        holder, key = chance.choice(places)
        holder.pop(key, None)


def other_order(chance: random.Random, dialogue: list[Any]) -> None:
    chance.shuffle(dialogue)


def again(chance: random.Random, dialogue: list[Any]) -> None:
    dialogue.insert(chance.randrange(len(dialogue) + 1), copy.deepcopy(chance.choice(dialogue)))


def other_bytes(chance: random.Random, dialogue: list[Any]) -> None:
    at = chance.randrange(len(dialogue))
    each = dialogue[at]
    text = list(each if isinstance(each, str) else orjson.dumps(each).decode())
    for _ in range(chance.randint(1, 4)):
        if text:
            text[chance.randrange(len(text))] = chance.choice('{}[]",:\\x0\u0000é')
    dialogue[at] = "".join(text)


MUTATIONS: tuple[Callable[[random.Random, list[Any]], None], ...] = (
    other_value,
    without,
    other_order,
    again,
    other_bytes,
)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from _places(value[key])
