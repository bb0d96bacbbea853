"""Good requests that chance has changed: by the byte, and by the value."""

import random

import orjson

from tests.attack.malformed import LOOKUP, NAMES, QUERY, WRONG, get, posted

GENERATED = 1200


def generated() -> list[bytes]:
    """The same in every run."""
    chance = random.Random(20261121)
    good = [
        posted(QUERY),
        posted(_large()),
        get("/graphql?query=%7B__typename%7D&variables=%7B%7D"),
        posted(_large(), "accept: text/event-stream"),
    ]
    by_bytes = [_with_bytes(chance, chance.choice(good)) for _ in range(GENERATED // 2)]
    return by_bytes + [posted(_with_values(chance)) for _ in range(GENERATED // 2)]


def _large() -> bytes:
    refs = [{"providerId": "nobody", "externalId": "x"}]
    return orjson.dumps(
        {"query": LOOKUP, "variables": {"refs": refs}, "operationName": "Lookup", "extensions": {}}
    )


def _with_bytes(chance: random.Random, request: bytes) -> bytes:
    changed = bytearray(request)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(changed))
        end = min(len(changed), place + chance.randint(1, 8))
        match chance.randrange(5):
            case 0:
                changed[place] = chance.randrange(256)
            case 1:
                del changed[place:end]
            case 2:
                changed[place:place] = chance.randbytes(chance.randint(1, 8))
            case 3:
                changed[place:place] = changed[place:end] * chance.randint(1, 50)
            case _:
                changed[place] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _with_values(chance: random.Random) -> bytes:
    envelope = orjson.loads(_large())
    for _ in range(chance.randint(1, 3)):
        inside = chance.choice([envelope, envelope.get("variables"), envelope.get("extensions")])
        if isinstance(inside, dict):
            inside[chance.choice([*NAMES, *inside, "persistedQuery"])] = _value(chance, 4)
    return orjson.dumps(envelope)


def _value(chance: random.Random, depth: int) -> object:
    match chance.randrange(6 if depth else 4):
        case 0:
            return chance.choice(WRONG)
        case 1:
            return "".join(
                chr(chance.choice([*range(32, 127), 0, 0x2028, 0x1F600])) for _ in range(chance.randrange(40))
            )
        case 2:
            return chance.randint(-(2**63), 2**63)
        case 3:
            return chance.uniform(-1e308, 1e308)
        case 4:
            return [_value(chance, depth - 1) for _ in range(chance.randrange(5))]
        case _:
            return {f"k{chance.randrange(9)}": _value(chance, depth - 1) for _ in range(chance.randrange(5))}
