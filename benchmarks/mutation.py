"""Makes broken bodies out of whole ones: bytes, tokens and trees, as a seed has it."""

import json
import random
import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

MOST_BREAKS = 4
LONGEST_BODY = 300_000
LARGEST_TREE = 50_000
MOST_PLACES = 5_000
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null')
_BRACE = re.compile(rb"\{")
_MARK = b"\xef\xbb\xbf"

# What stands where a value should.
_TOKENS = (
    *(b"null", b"true", b"false", b"0", b"-1", b"1e999", b"-1e999", b"1e-999", b"NaN", b"Infinity", b"0.1e"),
    *(b"99999999999999999999", b"9" * 400, b"9" * 5000, b"-0.0", b"100.5", b'"100%"', b'"-3 %"', b'"1e5"'),
    *(b'""', b'" "', b'"\\u0000"', b'"\\ud800"', b'"\\udfff\\ud800"', b'"\\ud83d\\ude00"', b'"\\x"', b'"\xff"'),
    *('"\u202e\u0130\u01c5\ufb03\u1e9e"'.encode(), '"\u0660\u0661\u00b2%"'.encode(), b'"a' + b"\\n" * 50 + b'"'),
    *(
        b"[]",
        b"{}",
        b"[[]]",
        b"[{}]",
        b"[null]",
        b'{"":null}',
        b'"[{}]"',
        b"\"{'a': ['b'\"",
        b'"' + b"x" * 5000 + b'"',
    ),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1e308, 2**63, 2**64, 10**30, 0.1, -0.0, 100, 101, 99.999, "", " ", "\x00", "%"),
    *(
        "100%",
        "-5%",
        "1e9",
        "true",
        "FALSE",
        "null",
        "[]",
        "{}",
        "\u0130",
        "\u202e",
        "\U0001f600",
        "{'a': 1",
        "[('",
    ),
    *([], {}, [[]], [{}], [None], [1], ["x"], {"": None}, {"code": 1}, {"a": {"b": {"c": []}}}, "x" * 3000),
)


class Body(NamedTuple):
    """An answer as a vendor may send it."""

    status: int
    content: bytes


class Corpus(NamedTuple):
    """What to begin with: the vendor's own answers, and what other vendors send."""

    own: Sequence[Body]
    foreign: Sequence[Body]


Break = Callable[[random.Random, bytes, Corpus], bytes]


def broken(chance: random.Random, corpus: Corpus) -> Body:
    """One answer, broken up to four times in a row; one in a hundred is as it was."""
    source = corpus.foreign if corpus.foreign and chance.random() < 0.03 else corpus.own
    body = chance.choice(source)
    content = body.content
    if chance.random() >= 0.01:
        for _ in range(min(chance.randint(1, MOST_BREAKS), chance.randint(1, MOST_BREAKS))):
            content = chance.choices(BREAKS, WEIGHTS)[0](chance, content, corpus)[:LONGEST_BODY]
    status = chance.choice(STATUSES) if chance.random() < 0.05 else body.status
    return Body(status, content)


def flip(chance: random.Random, content: bytes, _: Corpus) -> bytes:
    """Other bytes in place of some."""
    changed = bytearray(content or b"{")
    for _unused in range(chance.randint(1, 4)):
        changed[chance.randrange(len(changed))] = chance.choice(b'"{}[]:,\\0-9eE+.\x00\x7f\x80\xc3\xe9\xff ')
    return bytes(changed)


def cut(chance: random.Random, content: bytes, _: Corpus) -> bytes:
    """An end that is missing, or a piece of the middle."""
    start = chance.randint(0, len(content))
    return content[:start] + (b"" if chance.random() < 0.5 else content[start + chance.randint(1, 40) :])


def splice(chance: random.Random, content: bytes, corpus: Corpus) -> bytes:
    """The beginning of one and the end of another."""
    other = chance.choice(corpus.own).content
    return content[: chance.randint(0, len(content))] + other[chance.randint(0, len(other)) :]


def repeat(chance: random.Random, content: bytes, _: Corpus) -> bytes:
    """A piece several times."""
    start = chance.randint(0, len(content))
    end = min(len(content), start + chance.randint(1, 60))
    return content[:start] + content[start:end] * chance.randint(2, 30) + content[end:]


def wrap(chance: random.Random, content: bytes, _: Corpus) -> bytes:
    """Something before, behind or around the whole."""
    before, behind = chance.choice(((_MARK, b""), (b"", b"{}"), (b"", b" \n"), (b"[", b"]"), (b'{"data":', b"}")))
    return before + content + behind


def retoken(chance: random.Random, content: bytes, corpus: Corpus) -> bytes:
    """One word or number that another takes the place of; keys, too."""
    found = [match.span() for match in _TOKEN.finditer(content)]
    if not found:
        return content
    start, end = chance.choice(found)
    return content[:start] + _token(chance, corpus) + content[end:]


def double(chance: random.Random, content: bytes, corpus: Corpus) -> bytes:
    """A key once more, with another value."""
    keys = [match.group() for match in _TOKEN.finditer(content) if match.group().startswith(b'"')]
    places = [match.end() for match in _BRACE.finditer(content)]
    if not keys or not places:
        return content
    place = chance.choice(places)
    return content[:place] + chance.choice(keys) + b":" + _token(chance, corpus) + b"," + content[place:]


def deepen(chance: random.Random, content: bytes, _: Corpus) -> bytes:
    """Many levels in place of a value, closed again or not."""
    depth = int(10 ** chance.uniform(0.5, 4.5))
    opening, closing = chance.choice(((b"[", b"]"), (b'{"a":', b"}"), (b'{"data":[', b"]}")))
    deep = opening * depth + (b"1" + closing * depth if chance.random() < 0.7 else b"")
    found = [match.span() for match in _TOKEN.finditer(content)] or [(0, len(content))]
    start, end = chance.choice(found)
    return content[:start] + deep + content[end:]


def regrow(chance: random.Random, content: bytes, corpus: Corpus) -> bytes:
    """The JSON tree with values changed, moved, doubled or gone; what is no JSON stays."""
    # A larger one would cost the time of many smaller ones.
    tree = _tree(content) if len(content) <= LARGEST_TREE else None
    try:
        for _ in range(chance.randint(1, 3)):
            if not 0 < len(places := _places(tree)) <= MOST_PLACES:
                break
            _change(chance, *chance.choice(places), places, corpus)
        if tree is None:
            return content
        return json.dumps(tree, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return content


Place = tuple[Any, Any]


def _change(chance: random.Random, parent: Any, key: Any, places: Sequence[Place], corpus: Corpus) -> None:
    match chance.randrange(7):
        case 0:
            parent[key] = deepcopy(chance.choice(_VALUES))
        case 1:
            other, other_key = chance.choice(places)
            parent[key] = deepcopy(other[other_key])
        case 2:
            del parent[key]
        case 3:
            parent[key] = [parent[key]] * chance.choice((0, 1, 2, 20))
        case 4:
            parent[key] = json.dumps(parent[key])
        case 5:
            parent[key] = _recased(chance, parent[key])
        case _:
            donor = list(_places(_tree(chance.choice(corpus.own).content)))
            giver, given = chance.choice(donor or [([None], 0)])
            parent[given if isinstance(parent, dict) and isinstance(given, str) else key] = giver[given]


def _recased(chance: random.Random, value: Any) -> Any:
    if not isinstance(value, str):
        return str(value)
    return chance.choice((value.upper(), value.lower(), f" {value} ", value[::-1], value + "\x00", value * 3))


def _tree(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _places(tree: Any) -> list[Place]:
    """Every value that has a place of its own, with its parent and key; not much deeper than vendors nest."""
    found: list[Place] = []
    level = [tree] if isinstance(tree, dict | list) else []
    for _ in range(12):
        inner: list[Any] = []
        for parent in level:
            entries = parent.items() if isinstance(parent, dict) else enumerate(parent)
            for key, value in entries:
                found.append((parent, key))
                if isinstance(value, dict | list):
                    inner.append(value)
        level = inner
    return found


def _token(chance: random.Random, corpus: Corpus) -> bytes:
    if chance.random() < 0.6:
        return chance.choice(_TOKENS)
    found = _TOKEN.findall(chance.choice(corpus.own).content)
    return bytes(chance.choice(found)) if found else b"null"


STATUSES = (200, 202, 204, 400, 401, 403, 404, 422, 429, 500, 502, 503)
BREAKS: tuple[Break, ...] = (flip, cut, splice, repeat, wrap, retoken, double, deepen, regrow)
WEIGHTS = (6, 3, 4, 3, 1, 25, 8, 1, 49)
