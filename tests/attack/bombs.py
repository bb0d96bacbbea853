"""Documents that are short and mean a lot, or are large where nobody looks: a family each, of any size."""

from collections.abc import Callable
from typing import TypeAlias

from graph.http.explorer_operations import prepared_operations

Bomb: TypeAlias = Callable[[int], str]  # of about so many tokens

_LONG = 16  # characters for each token that a family of long tokens does without


def _row(part: Callable[[int], str], tokens: int, each: int, first: str = "{", last: str = "}") -> str:
    return f"{first} {' '.join(part(number) for number in range(max(2, tokens // each)))} {last}"


def _fragments(body: Callable[[int, int], str], tokens: int, each: int, on: str = "Provider") -> str:
    """A chain of fragments, the first of them in use; each body knows its number and that of the last."""
    last = max(2, tokens // each)
    chain = " ".join(f"fragment F{at} on {on} {{ {body(at, last)} }}" for at in range(last))
    return f"{{ precheckProviders {{ ...F0 }} }} {chain} fragment F{last} on {on} {{ id }}"


def _all_of_all(tokens: int, first: int) -> str:
    """Fragments that each spread every one, or every later one."""
    count = int((tokens / 3) ** 0.5)
    spreads = [" ".join(f"...F{at}" for at in range(number * first, count)) for number in range(count)]
    parts = [f"fragment F{number} on Provider {{ id {spread} }}" for number, spread in enumerate(spreads)]
    return f"{{ precheckProviders {{ ...F0 }} }} {' '.join(parts)}"


def _operations(tokens: int, operation: str, each: int, fragment: str) -> str:
    """Half of the document are operations, half what all of them spread."""
    many = " ".join(operation.format(number) for number in range(max(2, tokens // 2 // each)))
    return f"{many} fragment F on Query {{ {fragment * (tokens // 16)} }}"


FRAGMENTS: dict[str, Bomb] = {
    "fragments that double": lambda n: _fragments(lambda at, _: f"...F{at + 1} ...F{at + 1}", n, 10),
    "fragments in a row": lambda n: _fragments(lambda at, _: f"...F{at + 1}", n, 8),
    "fragments in a circle": lambda n: _fragments(lambda at, last: f"...F{(at + 1) % last}", n, 8),
    "fragments that all spread all": lambda n: _all_of_all(n, 0),
    "fragments that spread all later ones": lambda n: _all_of_all(n, 1),
    "fragments beside each other": lambda n: (
        f"{{ precheckProviders {_row(lambda at: f'...F{at}', n, 11)} }} "
        + _row(lambda at: f"fragment F{at} on Provider {{ x: id name }}", n, 11, "", "")
    ),
    "fragments that nobody spreads": lambda n: _row(
        lambda at: f"fragment F{at} on Provider {{ id }}", n, 7, "{ __typename }", ""
    ),
    "fragments that are not there": lambda n: _row(lambda at: f"...F{at}", n, 2),
    "fragments named as meta fields": lambda n: _fragments(lambda at, _: f"...F{at + 1}", n, 8).replace(
        "F", "__schema"
    ),
    "inline fragments": lambda n: _row(lambda _: "... { __typename }", n, 4),
    "inline fragments of no such type": lambda n: _row(lambda _: "... on Precheck { id }", n, 6),
    "inline fragments, nested": lambda n: f"{{ {'... { ' * (n // 2)} __typename {'}' * (n // 2)} }}",
}
OVERLAP: dict[str, Bomb] = {
    "one field many times": lambda n: _row(lambda _: "__typename", n, 1),
    "one object many times": lambda n: _row(lambda _: "precheckProviders { id }", n, 4),
    "one name for different fields": lambda n: _row(lambda at: f'a: precheck(id: "{at}") {{ id }}', n, 11),
    "objects in objects, many times": lambda n: _row(
        lambda _: "precheck { id items { id } }", n, 7, '{ precheck(id: "a") { items {', "} } }"
    ),
    "types of a union beside each other": lambda n: _row(
        lambda _: "... on Precheck { a: id } ... on Provider { a: name }",
        n,
        16,
        "query ($r: [_Any!]!) { _entities(representations: $r) {",
        "} }",
    ),
    "conflicts at each level": lambda n: _fragments(lambda at, _: f"a: name ...F{at + 1}", n, 11),
}
DIRECTIVES: dict[str, Bomb] = {
    "directives on one field": lambda n: _row(lambda _: "@skip(if: false)", n, 7, "{ __typename", "}"),
    "directives that nobody knows": lambda n: _row(lambda at: f"@a{at}", n, 2, "{ __typename", "}"),
    "directives everywhere": lambda n: _row(lambda _: "__typename @include(if: true)", n, 8),
    "deferred parts": lambda n: _row(lambda _: "... @defer { __typename }", n, 6),
}
ALIASES: dict[str, Bomb] = {
    "aliases of a leaf": lambda n: _row(lambda at: f"a{at}: __typename", n, 3),
    "aliases of a lookup": lambda n: _row(lambda at: f'a{at}: precheck(id: "a") {{ id }}', n, 11),
    "aliases of the printed schema": lambda n: _row(lambda at: f"a{at}: _service {{ sdl }}", n, 6),
    "aliases of a stream": lambda n: _row(
        lambda at: f'a{at}: precheckUpdates(ids: ["a"]) {{ kind }}', n, 13, "subscription {"
    ),
}
NESTING: dict[str, Bomb] = {
    "fields in fields": lambda n: "{ precheck { items " * (n // 4) + "}" * (n // 2),
    "introspection in introspection": lambda n: (
        f"{{ __schema {{ types {{ {'fields { type { ' * (n // 6)} name {'} } ' * (n // 6)} }} }} }}"
    ),
    "lists in lists": lambda n: f"{{ precheck(id: {'[' * (n // 2)}{']' * (n // 2)}) {{ id }} }}",
    "objects in objects": lambda n: f"{{ precheck(id: {'{a: ' * (n // 4)}1{'}' * (n // 4)}) {{ id }} }}",
    "types in lists of lists": lambda n: f"query ($a: {'[' * (n // 2)}Int{']' * (n // 2)}) {{ __typename }}",
}
VALUES: dict[str, Bomb] = {
    "a list of references": lambda n: (
        "{ lookupPrechecks(refs: [" + '{id: "a"} ' * (n // 5) + "]) { problem { code } } }"
    ),
    "a list of wrong references": lambda n: (
        f"{{ lookupPrechecks(refs: [{'{idd: 1} ' * (n // 5)}]) {{ problem {{ code }} }} }}"
    ),
    "a list of no words": lambda n: _row(
        lambda at: f"E{at}", n, 1, "{ precheckProviders(supporting: [", "]) { id } }"
    ),
    "a list that stands for a variable": lambda n: (
        f"query ($r: [_Any!]! = [{'{a: 1} ' * (n // 5)}]) {{ _entities(representations: $r) {{ __typename }} }}"
    ),
    "an object with unknown keys": lambda n: _row(
        lambda at: f"verdict{at}: 1", n, 3, "{ prechecks(filter: {", "}) { totalCount } }"
    ),
    "an object with one key many times": lambda n: _row(
        lambda _: "verdicts: READY", n, 3, "{ prechecks(filter: {", "}) { totalCount } }"
    ),
    "unknown arguments": lambda n: _row(
        lambda at: f"supportin{at}: 1", n, 3, "{ precheckProviders(", ") { id } }"
    ),
    "one argument many times": lambda n: _row(lambda _: "id: 1", n, 3, "{ precheck(", ") { id } }"),
}
DEFINITIONS: dict[str, Bomb] = {
    "unknown fields": lambda n: _row(lambda at: f"prechek{at}", n, 1),
    "operations": lambda n: _row(lambda at: f"query A{at} {{ __typename }}", n, 5, "", ""),
    "operations without a name": lambda n: _row(lambda _: "{ __typename }", n, 3, "", ""),
    "operations that share a fragment": lambda n: _operations(n, "query A{} {{ ...F }}", 6, "__typename "),
    "operations with variables in what they share": lambda n: _operations(
        n, "query A{}($v: Boolean!) {{ ...F }}", 12, "__typename @skip(if: $v) "
    ),
    "variables that nobody uses": lambda n: _row(lambda at: f"$v{at}: Int", n, 4, "query (", ") { __typename }"),
    "variables of one name": lambda n: _row(lambda _: "$v: Int", n, 4, "query (", ") { __typename }"),
    "variables of unknown types": lambda n: _row(
        lambda at: f"$v{at}: PrecheckRefInpu", n, 4, "query (", ") { __typename }"
    ),
    "definitions of types": lambda n: _row(lambda at: f"type A{at} {{ a: B }}", n, 6, "", ""),
}
TEXTS: dict[str, Bomb] = {
    "comments": lambda n: "#\n" * (n * _LONG // 2) + "{ __typename }",
    "comments of one sign, no line between": lambda n: "#" * (n * _LONG) + "\n{ prechek }",
    "empty lines": lambda n: "\n" * (n * _LONG) + "{ a b c d e f g h i j k }",
    "commas": lambda n: "," * (n * _LONG) + "{ prechek }",
    "a long name": lambda n: f"{{ {'p' * (n * _LONG)} }}",
    "a long type": lambda n: f"query ($v: {'P' * (n * _LONG)}) {{ __typename }}",
    "a long word": lambda n: f"{{ precheckProviders(supporting: [{'E' * (n * _LONG)}]) {{ id }} }}",
    "a long number": lambda n: f"{{ prechecks(first: {'9' * (n * _LONG)}) {{ totalCount }} }}",
    "a long fraction": lambda n: f"{{ prechecks(first: 1.{'9' * (n * _LONG)}) {{ totalCount }} }}",
    "a long text": lambda n: f'{{ precheck(id: "{"x" * (n * _LONG)}") {{ id }} }}',
    "a text of escapes": lambda n: '{ precheck(id: "' + r"\u0041" * (n * _LONG // 6) + '") { id } }',
    "a text of quotes": lambda n: "{ precheck(id: " + '\\"""' * (n * _LONG // 4),
    "a text that does not end": lambda n: '{ precheck(id: """' + 'x"\\' * (n * _LONG // 3),
    "a block of lines": lambda n: f'{{ precheck(id: """{chr(10) * (n * _LONG)}""") {{ id }} }}',
    "quotes": lambda n: '"' * (n * _LONG),
}
FAMILIES: dict[str, Bomb] = {
    **FRAGMENTS,
    **OVERLAP,
    **DIRECTIVES,
    **ALIASES,
    **NESTING,
    **VALUES,
    **DEFINITIONS,
    **TEXTS,
}


def good_document() -> str:
    """The explorer's question about one precheck, as often as the limits allow: twenty times."""
    [operation] = [each for each in prepared_operations() if each.name == "03-one-precheck"]
    head, _, body = operation.document.partition("{")
    row = " ".join(f"a{at}: {body.rpartition('}')[0].strip()}" for at in range(20))
    return f"{head} {{ {row} }}"
